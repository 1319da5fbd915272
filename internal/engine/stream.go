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
	live    bitmap
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

// moved reports whether the last Bind changed anything.
func (s *stream) moved() bool { return len(s.left)+len(s.joined)+len(s.changed) > 0 }

// property returns what a series has under a name that a program may group by.
func (m *member) property(name string) (string, bool) {
	if name == "sf_metric" {
		return m.metric, m.metric != ""
	}
	return m.meta.Get(name)
}
