package cli

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/internal/spell"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// info tells what a person wants to know of the information messages.
func (f *follower) info(m *messages.InfoMessage) {
	switch c := m.Contents.(type) {
	case messages.FindMatchedNoTimeseriesContents:
		query, _ := c.Query()
		f.warn("no time series match " + query + "; one that appears later joins")
		if hint := matchHint(query, f.has); hint != "" {
			f.notes.say("hint: " + hint)
		}
	case messages.FindLimitedResultSetContents:
		matched, _ := c.Matched()
		limit, _ := c.Limit()
		f.warn(fmt.Sprintf("%d time series match%s, only %d are used; a narrower filter gives complete results", matched, position(m), limit))
	case messages.GroupByMissingPropertyContents:
		names, _ := c.PropertyNames()
		f.warn(fmt.Sprintf("some time series lack %s%s; they are left out of the groups", quoted(names), position(m)))
		for _, name := range names {
			if f.has == nil {
				break
			}
			if meant := meantName(name, f.has()); meant != "" {
				f.notes.say(fmt.Sprintf("hint: did you mean '%s' by '%s'?", meant, name))
			}
		}
	case messages.FetchInactiveEmittersContents:
		n, _ := c.NumInactiveMembers()
		f.notes.warn(fmt.Sprintf("time series%s have stopped reporting, %d so far; each joins again when it reports", position(m), n))
	default:
		if m.Level != "INFO" && m.Level != "" {
			f.notes.warn(m.Code + position(m))
		}
	}
}

// warn tells of what leaves values out.
func (f *follower) warn(text string) {
	f.warned = true
	f.notes.warn(text)
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

// dataCall finds the function and the metric in the text of a data() or histogram() call.
var dataCall = regexp.MustCompile(`^(data|histogram)\('([^']*)'`)

// matchHint says what may be meant by a query that nothing matches, or what there is
// instead; "" when that is not known.
func matchHint(query string, has func() []*series.Series) string {
	call := dataCall.FindStringSubmatch(query)
	if has == nil || call == nil {
		return ""
	}
	all := has()
	same := slices.DeleteFunc(slices.Clone(all), func(s *series.Series) bool { return s.Metric != call[2] })
	isHistogram := func(s *series.Series) bool { return s.Type == series.Histogram }
	names := metricNames(all)
	switch wrong := len(same) > 0 && !slices.ContainsFunc(same, func(s *series.Series) bool { return isHistogram(s) == (call[1] == "histogram") }); {
	case wrong && call[1] == "data":
		return "the metric consists of histograms, which histogram() reads"
	case wrong:
		return "the metric consists of numbers, which data() reads"
	case len(same) > 0 && (strings.Contains(query, "filter=") || strings.Contains(query, "filter(")):
		return "the metric exists, so it is the filter"
	case len(same) > 0:
		return "the metric exists: it has no data in the time asked for, or has begun only now"
	}
	if meant := spell.Nearest(call[2], names); meant != "" {
		return "did you mean '" + meant + "'?"
	}
	what := "the metrics here are "
	if some := alike(call[2], names); len(some) > 0 {
		what, names = "metrics like it are ", some
	}
	if more := len(names) - maxHinted; more > 0 {
		return what + strings.Join(names[:maxHinted], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return what + strings.Join(names, ", ")
}

// metricNames returns the metrics of series in order.
func metricNames(all []*series.Series) []string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Metric
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// maxHinted is the most metrics that a hint names.
const maxHinted = 60

// explainNothing tells why a program that has ended well may have published no value.
func explainNothing(g *graph.Graph, has func() []*series.Series, notes *notices) {
	if _, values := publishes(g); !values {
		return // only alerts, or nothing, which has been said
	}
	notes.warn("no value was published: the series that match have none in this time, or the program leaves all of them out")
	var all []*series.Series
	if has != nil {
		all = has()
	}
	for _, n := range g.Nodes {
		switch op := n.Op.(type) {
		case *graph.Fetch:
			q := series.Query{Metric: op.Metric, Filter: op.Filter}
			if onlyGrowth(q, all) {
				notes.say("hint: " + q.String() + " reads cumulative counters, whose values are what they grow by: there is none at their first point")
			}
		case *graph.Calendar:
			if !op.Partial {
				notes.say(fmt.Sprintf("hint: with cycle='%s' a value comes at the end of each %[1]s, and none before the first", op.Cycle))
			}
		}
	}
}

// onlyGrowth reports whether all that a query selects are cumulative counters.
func onlyGrowth(q series.Query, all []*series.Series) bool {
	some := false
	for _, s := range all {
		if !q.Matches(s) {
			continue
		}
		if some = true; s.Type != series.CumulativeCounter {
			return false
		}
	}
	return some
}

// meantName returns the dimension or property of some series that a name may be meant for, "" if
// there is none, or one of just that name.
func meantName(name string, all []*series.Series) string {
	names := map[string]bool{}
	for _, s := range all {
		for _, labels := range []series.Labels{s.Dimensions, s.Properties} {
			for _, l := range labels {
				if l.Name == name {
					return ""
				}
				names[l.Name] = true
			}
		}
	}
	return spell.Nearest(name, slices.Sorted(maps.Keys(names)))
}

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
