package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// info tells what a person wants to know of the information messages.
func (f *follower) info(m *messages.InfoMessage) {
	switch c := m.Contents.(type) {
	case messages.FindMatchedNoTimeseriesContents:
		query, _ := c.Query()
		f.notes.warn("no time series match " + query + "; one that appears later joins")
		if hint := matchHint(query, f.metrics); hint != "" {
			f.notes.say("hint: " + hint)
		}
	case messages.FindLimitedResultSetContents:
		matched, _ := c.Matched()
		limit, _ := c.Limit()
		f.notes.warn(fmt.Sprintf("%d time series match%s, only %d are used; a narrower filter gives complete results", matched, position(m), limit))
	case messages.GroupByMissingPropertyContents:
		names, _ := c.PropertyNames()
		f.notes.warn(fmt.Sprintf("some time series lack %s%s; they are left out of the groups", quoted(names), position(m)))
	default:
		if m.Level != "INFO" && m.Level != "" {
			f.notes.warn(m.Code + position(m))
		}
	}
}

// position returns where in the program a message belongs, if it says.
func position(m *messages.InfoMessage) string {
	if len(m.BlockContexts) == 0 {
		return ""
	}
	return fmt.Sprintf(" at %d:%d", m.BlockContexts[0].Line, m.BlockContexts[0].Column)
}

func quoted(names []string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = "'" + n + "'"
	}
	return strings.Join(list, ", ")
}

// dataCall finds the metric in the text of a data() or histogram() call.
var dataCall = regexp.MustCompile(`^(?:data|histogram)\('([^']*)'`)

// matchHint says what may be meant by a query that nothing matches, or what there is
// instead; "" when that is not known.
func matchHint(query string, metrics func() []string) string {
	call := dataCall.FindStringSubmatch(query)
	if metrics == nil || call == nil {
		return ""
	}
	names := metrics()
	if slices.Contains(names, call[1]) {
		if strings.Contains(query, "filter=") || strings.Contains(query, "filter(") {
			return "the metric exists, so it is the filter"
		}
		return "the metric exists: it has no data in the time asked for, or has begun only now"
	}
	if meant := spell.Nearest(call[1], names); meant != "" {
		return "did you mean '" + meant + "'?"
	}
	what := "the metrics here are "
	if some := alike(call[1], names); len(some) > 0 {
		what, names = "metrics like it are ", some
	}
	if more := len(names) - maxHinted; more > 0 {
		return what + strings.Join(names[:maxHinted], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return what + strings.Join(names, ", ")
}

// maxHinted is the most metrics that a hint names.
const maxHinted = 60

// alike returns the names that contain a text or, without any, those of its family: with
// the same first part.
func alike(text string, names []string) []string {
	text = strings.ToLower(strings.Trim(text, "*"))
	family, _, _ := strings.Cut(text, ".")
	for _, part := range []string{text, family} {
		some := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.Contains(name, part) })
		if len(some) > 0 && part != "" {
			return some
		}
	}
	return nil
}
