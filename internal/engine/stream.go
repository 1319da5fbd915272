package engine

import "github.com/signalfx/signalflow-client-go/internal/series"

// member is one series of a stream (language.md 2.6).
type member struct {
	key    series.Labels // what identifies it in its stream
	meta   series.Labels // every pair known of it, the key included
	metric string        // the metric its data come from; "" when there is none
}

// stream is the side of a node's output that changes rarely: which series it has, each in
// its column. Columns of series that have left are given to later ones.
type stream struct {
	members []member
	live    bitmap // of as many words as the members need
	free    []int32
	source  string // the metric asked for, for results of several metrics

	// What the last Bind changed. No column stands in two of the lists: one that has become
	// free is not taken again within the same Bind.
	left, joined, changed []int32
}

// begin forgets the changes of the last Bind.
func (s *stream) begin() {
	s.left, s.joined, s.changed = s.left[:0], s.joined[:0], s.changed[:0]
}

// join adds a series and returns its column.
func (s *stream) join(m member) int32 {
	var col int32
	if n := len(s.free); n > 0 {
		col = s.free[n-1]
		s.free = s.free[:n-1]
		s.members[col] = m
	} else {
		col = int32(len(s.members))
		s.members = append(s.members, m)
	}
	s.joinAt(col)
	return col
}

// joinAt marks a column, whose member is set, as taken.
func (s *stream) joinAt(col int32) {
	s.live = grow(s.live, wordsFor(len(s.members)))
	s.live.set(int(col))
	s.joined = append(s.joined, col)
}

// leave ends the series of a column.
func (s *stream) leave(col int32) {
	s.live.clear(int(col))
	s.left = append(s.left, col)
}

// release gives the columns that have left back for use, once all joins of a Bind are done.
func (s *stream) release() { s.free = append(s.free, s.left...) }

// follow makes out the stream in itself, column for column. It is the Bind of every operator
// that has one output series for each input series.
func (s *stream) follow(in *stream) { *s = *in }

// restrict makes out the series of in that are kept, each in the column that it has in in.
// Whether a series is kept is asked when it joins.
func (s *stream) restrict(in *stream, keep func(col int32) bool) {
	s.derive(in, func(col int32, m *member) bool {
		*m = in.members[col]
		return keep(col)
	})
}

// derive makes out one series of each series of in, or none, in the column that it has in
// in. The function tells what becomes of a column that has joined, or changed.
func (s *stream) derive(in *stream, f func(col int32, m *member) bool) {
	s.begin()
	s.source = in.source
	s.members = grow(s.members, len(in.members))
	s.live = grow(s.live, wordsFor(len(in.members)))
	for _, col := range in.left {
		if s.live.has(int(col)) {
			s.leave(col)
		}
	}
	for _, col := range in.joined {
		if f(col, &s.members[col]) {
			s.joinAt(col)
		}
	}
	for _, col := range in.changed {
		if s.live.has(int(col)) && f(col, &s.members[col]) {
			s.changed = append(s.changed, col)
		}
	}
}

// moved reports whether the last Bind changed anything.
func (s *stream) moved() bool { return len(s.left)+len(s.joined)+len(s.changed) > 0 }

// property returns what a series has under a name that a program may group by.
func (m *member) property(name string) (string, bool) {
	if name == "sf_metric" {
		return m.metric, m.metric != ""
	}
	return m.meta.Get(name)
}
