package signalflow

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
	n   int   // how many events the series had at that time
	run int
	// left is how many of them the present run may say again; 0 once it has said more.
	left int
}

// maxAlerts bounds how many series are known. What was forgotten counts as news.
const maxAlerts = 100_000

func (a *alerts) restart() { a.run++ }

// restates notes an event, and reports whether it is no news: it is of a run that was begun
// anew, and what its series had before the loss, or the first that comes after that and with
// the same state.
func (a *alerts) restates(e *Event) bool {
	key := e.Series.identity()
	if key == "" {
		key = e.TSID.String()
	}
	at, is := int64(e.TimestampMillis), e.Is()
	old, known := a.last[key]
	if known && old.run != a.run {
		old.run, old.left = a.run, old.n
	}
	a.any, a.newest = true, max(a.newest, at)
	if old.left > 0 && at <= old.at {
		if at == old.at {
			old.left--
		}
		a.last[key] = old
		return true
	}
	if !known && len(a.last) >= maxAlerts {
		for k := range a.last {
			delete(a.last, k)
			break
		}
	}
	restated := old.left > 0 && old.left == old.n && is != "" && is == old.is
	n := 1
	if known && at == old.at {
		n += old.n
	}
	a.last[key] = alert{is: is, at: at, n: n, run: a.run}
	return restated
}
