package signalflow

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Result is what a program put out over a bounded range.
type Result struct {
	// Series are the output series in the order of their names, those of one label together.
	// All of them have points, though not necessarily values.
	Series []*ResultSeries
	Events []*Event
	Info   []*messages.InfoMessage // each information message once

	// Resolution and MaxDelay are what the server chose; 0 when it did not say.
	Resolution, MaxDelay time.Duration
	// InputSeries is how many time series the program has fetched.
	InputSeries int
	// First and Last are the first and the last logical timestamp, in UTC, also if no series
	// had a value there; zero when there was none.
	First, Last time.Time
	// Incomplete is how many timestamps may lack data of some publish, see [Batch].
	Incomplete int

	points    int
	maxPoints int
	byLayout  map[*layout][]*ResultSeries
	present   map[idtool.ID]*ResultSeries // by the ids of the present run
	known     map[namesake]*ResultSeries  // of all runs
	named     map[string]int              // series of the present run, by identity
	unordered bool                        // points came in another order than that of time
	infoSeen  map[string]bool
	fetched   map[string]int // series by block of the program: messages are repeated
}

// ResultSeries is a series and its points, in the order of time.
type ResultSeries struct {
	*Series
	Points []Point
}

// Point is a value at a logical time.
type Point struct {
	Time  time.Time // in UTC
	Value Value
}

var (
	// ErrNoData says that a query has no value. What is returned is a *[NoDataError], which
	// says why.
	ErrNoData = errors.New("no data")

	// ErrManySeries says that one number was asked for and there is more than one series.
	ErrManySeries = errors.New("more than one series")
)

func newResult(maxPoints int) *Result {
	return &Result{
		maxPoints: maxPoints,
		byLayout:  make(map[*layout][]*ResultSeries),
		present:   make(map[idtool.ID]*ResultSeries),
		known:     make(map[namesake]*ResultSeries),
		named:     make(map[string]int),
		infoSeen:  make(map[string]bool),
		fetched:   make(map[string]int),
	}
}

// take adds an item of the stream.
func (r *Result) take(it Item) error {
	switch it := it.(type) {
	case *Batch:
		return r.takeBatch(it)
	case *Event:
		if it.Restated {
			return nil
		}
		if r.points++; r.points > r.maxPoints {
			return fmt.Errorf("%w (%d)", ErrTooManyPoints, r.maxPoints)
		}
		r.Events = append(r.Events, it)
	case *Resumed: // ids have another meaning from here on
		clear(r.byLayout)
		clear(r.present)
		clear(r.named)
	case *Info:
		r.takeInfo(it.InfoMessage)
	}
	return nil
}

func (r *Result) takeBatch(b *Batch) error {
	if r.First.IsZero() || b.Time.Before(r.First) {
		r.First = b.Time
	}
	if b.Time.After(r.Last) {
		r.Last = b.Time
	} else {
		r.unordered = true
	}
	if b.Incomplete {
		r.Incomplete++
	}
	if r.points += b.Len(); r.points > r.maxPoints {
		return fmt.Errorf("%w (%d)", ErrTooManyPoints, r.maxPoints)
	}
	series := r.seriesOf(b.layout)
	i := 0
	for _, v := range b.All() {
		series[i].Points = append(series[i].Points, Point{b.Time, v})
		i++
	}
	return nil
}

// seriesOf returns the series of a layout, which most batches share.
func (r *Result) seriesOf(l *layout) []*ResultSeries {
	if list, ok := r.byLayout[l]; ok {
		return list
	}
	list := make([]*ResultSeries, len(l.series))
	for i, s := range l.series {
		list[i] = r.series(s)
	}
	if len(r.byLayout) >= maxLayouts {
		clear(r.byLayout)
	}
	r.byLayout[l] = list
	return list
}

// series returns the series of the result that a series of the present run belongs to. Its
// metadata may come late, or change; the newest counts.
func (r *Result) series(s *Series) *ResultSeries {
	rs := r.present[s.ID]
	if rs == nil || rs.Metadata == nil {
		rs = r.identify(rs, s)
		r.present[s.ID] = rs
	}
	if s.Metadata != nil {
		rs.Series = s
	}
	return rs
}

// identify returns the series that s goes on with: rs if that is not nil, or that of an
// earlier run, or a new one.
func (r *Result) identify(rs *ResultSeries, s *Series) *ResultSeries {
	identity := s.identity()
	key := namesake{identity, r.named[identity]}
	if identity != "" && rs == nil {
		rs = r.known[key]
	}
	if rs == nil {
		rs = &ResultSeries{Series: s}
		r.Series = append(r.Series, rs)
	}
	if identity != "" {
		r.named[identity]++
		r.known[key] = rs
	}
	return rs
}

// namesake is a series whatever its id: the n-th of a run that has this identity.
type namesake struct {
	identity string
	n        int
}

// maxLayouts bounds how many layouts a result remembers, for programs whose series change
// with every batch.
const maxLayouts = 16

// takeInfo keeps one of those that say the same: servers repeat them, and resumed runs do.
func (r *Result) takeInfo(m *messages.InfoMessage) {
	if m.Code == messages.FetchNumTimeseries {
		r.fetched[fmt.Sprint(m.BlockContexts, m.BlockSerialNumbers)] = m.NumInputTimeseries
	}
	key := fmt.Sprint(m.Code, m.BlockContexts, m.BlockSerialNumbers, m.NumInputTimeseries, m.ContentsRaw)
	if !r.infoSeen[key] {
		r.infoSeen[key] = true
		r.Info = append(r.Info, m)
	}
}

// finish completes the result with what the stream knows.
func (r *Result) finish(s *Stream) {
	stats := s.Stats()
	r.Resolution, r.MaxDelay = stats.Resolution, stats.MaxDelay
	slices.SortStableFunc(r.Series, func(a, b *ResultSeries) int {
		if c := strings.Compare(a.Label, b.Label); c != 0 {
			return c
		}
		return strings.Compare(a.Name(), b.Name())
	})
	if r.unordered {
		for _, s := range r.Series {
			slices.SortStableFunc(s.Points, func(a, b Point) int { return a.Time.Compare(b.Time) })
		}
	}
	for _, n := range r.fetched {
		r.InputSeries += n
	}
	r.byLayout, r.present, r.known, r.named, r.infoSeen, r.fetched = nil, nil, nil, nil, nil, nil
}

// keepLatest keeps the newest value of each series, if it is not older than since.
func (r *Result) keepLatest(since time.Time) {
	r.Series = slices.DeleteFunc(r.Series, func(s *ResultSeries) bool {
		p, ok := s.Latest()
		if ok && !p.Time.Before(since) {
			s.Points = []Point{p}
			return false
		}
		return true
	})
}

// Latest returns the newest point that has a value; ok is false when none has one.
func (s *ResultSeries) Latest() (p Point, ok bool) {
	for _, p := range slices.Backward(s.Points) {
		if !p.Value.IsNull() {
			return p, true
		}
	}
	return Point{}, false
}

// Scalar makes one number of the points of the series; ok is false when none has a value.
func (s *ResultSeries) Scalar(reduce Reduce) (v float64, ok bool) { return reduce.reduce(s.Points) }

// Label returns the result with only the series of one publish.
func (r *Result) Label(label string) *Result {
	only := *r
	only.Series = nil
	for _, s := range r.Series {
		if s.Label == label {
			only.Series = append(only.Series, s)
		}
	}
	return &only
}

// Scalar makes one number of a result that has one series. The error is ErrNoData, as a
// *[NoDataError], or wraps [ErrManySeries]: then have the program aggregate, or choose with
// [Result.Label].
func (r *Result) Scalar(reduce Reduce) (float64, error) {
	if reduce < Latest || reduce > Count {
		return 0, fmt.Errorf("signalflow: %v is no reduction", reduce)
	}
	if len(r.Series) > 1 {
		names := make([]string, 0, 3)
		for _, s := range r.Series[:min(len(r.Series), cap(names))] {
			names = append(names, s.Name())
		}
		return 0, fmt.Errorf("signalflow: %w: %d, such as %s", ErrManySeries, len(r.Series), strings.Join(names, " and "))
	}
	if len(r.Series) == 1 {
		if v, ok := r.Series[0].Scalar(reduce); ok {
			return v, nil
		}
	}
	return 0, r.noData()
}

// NoData returns nil when some series has a value, and else a *[NoDataError].
func (r *Result) NoData() error {
	for _, s := range r.Series {
		if _, ok := s.Latest(); ok {
			return nil
		}
	}
	return r.noData()
}

// matchedNothing reports whether a query of the program matched no series at all.
func (r *Result) matchedNothing() bool {
	return slices.ContainsFunc(r.Info, func(m *messages.InfoMessage) bool { return m.Code == messages.FindMatchedNoTimeseries })
}

func (r *Result) noData() error {
	e := &NoDataError{Batches: !r.First.IsZero()}
	for _, m := range r.Info {
		switch m.Code {
		case messages.FindMatchedNoTimeseries, messages.FindLimitedResultSet, messages.GroupByMissingProperty, messages.FetchInactiveEmitters:
			e.Info = append(e.Info, m)
		}
	}
	return e
}

// NoDataError is an [ErrNoData] with what the server said that may explain it.
type NoDataError struct {
	// Info are the information messages that may explain it: nothing matched a query, its
	// result was limited, a grouping property is missing, or series stopped reporting.
	Info []*messages.InfoMessage
	// Batches says that the program ran over a range; without, it did not come to that.
	Batches bool
}

func (e *NoDataError) Error() string {
	var reasons []string
	for _, m := range e.Info {
		reasons = append(reasons, reason(m))
	}
	switch {
	case len(reasons) > 0:
		return "no data: " + strings.Join(reasons, "; ")
	case e.Batches:
		return "no data: the program ran, and no series has a value in the range"
	}
	return "no data: the program put nothing out; does it publish a stream, and is the range long enough for its resolution?"
}

func (e *NoDataError) Unwrap() error { return ErrNoData }

// reason says in words what a message explains.
func reason(m *messages.InfoMessage) string {
	place := ""
	if len(m.BlockContexts) > 0 {
		place = fmt.Sprintf(" (line %d, column %d)", m.BlockContexts[0].Line, m.BlockContexts[0].Column)
	}
	switch c := m.Contents.(type) {
	case messages.FindMatchedNoTimeseriesContents:
		if q, ok := c.Query(); ok {
			return "no active time series matches " + q + place
		}
	case messages.FindLimitedResultSetContents:
		matched, _ := c.Matched()
		limit, _ := c.Limit()
		return fmt.Sprintf("a query matched %d time series and was limited to %d%s", matched, limit, place)
	case messages.GroupByMissingPropertyContents:
		if names, ok := c.PropertyNames(); ok {
			return "series lack the grouping property " + strings.Join(names, ", ") + place
		}
	case messages.FetchInactiveEmittersContents:
		if n, ok := c.NumInactiveMembers(); ok {
			return fmt.Sprintf("%d time series have stopped reporting%s", n, place)
		}
	}
	return m.Code + place
}
