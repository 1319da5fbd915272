package signalflow

import (
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// alerts knows the last event of each series, to tell what a program that was begun anew
// only says again.
type alerts struct {
	last   map[string]alert
	newest int64 // timestamp of the newest event, in milliseconds
	any    bool
	run    int
}

// alert is the last event of a series.
type alert struct {
	is  string
	at  int64 // milliseconds
	run int
}

// maxAlerts bounds how many series are known. What was forgotten counts as news.
const maxAlerts = 100_000

func (a *alerts) restart() { a.run++ }

// restates notes an event, and reports whether it is no news: it is of a run that was begun
// anew, and at or before the last event of its series, or the first since then and with the
// same state.
func (a *alerts) restates(key string, m *messages.EventMessage) bool {
	now := alert{is: m.Is(), at: int64(m.TimestampMillis), run: a.run}
	old, known := a.last[key]
	restated := known && old.run != a.run && (now.at <= old.at || now.is != "" && now.is == old.is)
	if known && old.run != a.run && now.at < old.at {
		return true // there is more to come of what is known
	}
	if !known && len(a.last) >= maxAlerts {
		for k := range a.last {
			delete(a.last, k)
			break
		}
	}
	a.last[key] = now
	a.any, a.newest = true, max(a.newest, now.at)
	return restated
}

// event makes the item of an event.
func (a *assembler) event(m *messages.EventMessage) *Event {
	e := &Event{EventMessage: m, Series: a.catalog.series(m.TSID)}
	key := e.Series.identity()
	if key == "" {
		key = m.TSID.String()
	}
	e.Restated = a.alerts.restates(key, m)
	return e
}
