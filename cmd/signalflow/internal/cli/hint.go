package cli

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// info tells what a person wants to know of the information messages.
func (f *follower) info(m *messages.InfoMessage) {
	switch c := m.Contents.(type) {
	case messages.FindMatchedNoTimeseriesContents:
		query, _ := c.Query()
		f.notes.warn(noMatch(query, f.metrics))
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

// dataCall finds the metric in the text of a data() call.
var dataCall = regexp.MustCompile(`^data\('([^']*)'`)

// noMatch says that nothing matches a query, and what is there instead.
func noMatch(query string, metrics func() []string) string {
	text := "no time series match " + query + "; one that appears later joins"
	call := dataCall.FindStringSubmatch(query)
	if metrics == nil || call == nil {
		return text
	}
	names := metrics()
	for _, n := range names {
		if n == call[1] {
			return text + " (the metric exists, so it is the filter)"
		}
	}
	if meant := spell.Nearest(call[1], names); meant != "" {
		return fmt.Sprintf("%s\ndid you mean '%s'?", text, meant)
	}
	return text + "\nmetrics of this machine: " + strings.Join(names, ", ")
}
