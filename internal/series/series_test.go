package series

import (
	"fmt"
	"testing"
)

func TestNewSortsItsLabels(t *testing.T) {
	s := New("m", Counter, Label{"b", "1"}, Label{"a", "2"}, Label{"b", "3"})
	if got := s.Dimensions.String(); got != "{a=2, b=3}" {
		t.Errorf("labels are %s, want the later b and a first", got)
	}
	same := New("m", Gauge, Label{"b", "3"}, Label{"a", "2"})
	if s.ID != same.ID || !s.SameIdentity(same) {
		t.Error("the type is no part of the identity")
	}
	if got := NewLabels(map[string]string{"b": "3", "a": "2"}); !got.Equal(s.Dimensions) {
		t.Errorf("from a map: %v", got)
	}
}

// Identities that differ have different hashes and keys; the hash is fixed for ever.
func TestHash(t *testing.T) {
	if got := New("cpu.utilization", Gauge, Label{"host", "a"}).ID; got != 0xbd92037833f1bf67 {
		t.Errorf("the hash of a known series has changed to %#x", got)
	}
	seen := map[uint64]string{}
	keys := map[string]string{}
	for _, s := range []*Series{
		New("m", Gauge), New("", Gauge, Label{"m", ""}), New("m", Gauge, Label{"a", "bc"}), New("m", Gauge, Label{"ab", "c"}),
		New("m", Gauge, Label{"a", "b"}, Label{"c", ""}), New("ma", Gauge, Label{"b", "c"}), New("m", Gauge, Label{"a", ""}, Label{"b", "c"}),
	} {
		name := s.Metric + s.Dimensions.String()
		if other, ok := seen[s.ID]; ok {
			t.Errorf("%s and %s have one hash", name, other)
		}
		seen[s.ID] = name
		key := s.Metric + "|" + string(s.Dimensions.AppendKey(nil))
		if other, ok := keys[key]; ok {
			t.Errorf("%s and %s have one key", name, other)
		}
		keys[key] = name
	}
	low := map[uint64]bool{}
	for i := range 256 {
		low[New("m", Gauge, Label{"i", fmt.Sprint(i)}).ID>>56] = true
	}
	if len(low) < 100 {
		t.Errorf("256 hashes have only %d different high bytes", len(low))
	}
}

func TestUnionAndIntersect(t *testing.T) {
	l := func(pairs ...string) Labels {
		var ls Labels
		for i := 0; i < len(pairs); i += 2 {
			ls = append(ls, Label{pairs[i], pairs[i+1]})
		}
		return ls
	}
	tests := []struct{ a, b, union, intersect Labels }{
		{nil, nil, nil, nil},
		{l("a", "1"), nil, l("a", "1"), nil},
		{nil, l("a", "1"), l("a", "1"), nil},
		{l("a", "1", "c", "3"), l("b", "2"), l("a", "1", "b", "2", "c", "3"), nil},
		{l("a", "1", "b", "2"), l("a", "1", "b", "9", "c", "3"), l("a", "1", "b", "2", "c", "3"), l("a", "1")},
		{l("a", "1", "b", "2"), l("a", "1", "b", "2"), l("a", "1", "b", "2"), l("a", "1", "b", "2")},
		{l("a", "0", "b", "2"), l("a", "1", "b", "2"), l("a", "0", "b", "2"), l("b", "2")},
	}
	for _, test := range tests {
		if got := test.a.Union(test.b); !got.Equal(test.union) {
			t.Errorf("%v and %v unite to %v", test.a, test.b, got)
		}
		before := test.a.String()
		if got := test.a.Intersect(test.b); !got.Equal(test.intersect) {
			t.Errorf("%v and %v share %v", test.a, test.b, got)
		}
		if test.a.String() != before {
			t.Errorf("%s has become %v", before, test.a)
		}
	}
}

func TestMatchPattern(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"cpu", "cpu", true}, {"cpu", "cpus", false}, {"cpu", "Cpu", false}, {"", "", true}, {"", "a", false},
		{"*", "", true}, {"*", "any.thing", true}, {"cpu.*", "cpu.idle.total", true}, {"cpu.*", "cpu", false},
		{"*.idle", "cpu.idle", true}, {"*.idle", "cpu.idle.x", false}, {"c*i*e", "cpu.idle", true}, {"c*i*e", "cpu.idl", false},
		{"a*a", "a", false}, {"a*a", "aa", true}, {"*ab*ab", "abab", true}, {"*ab*ab", "aab", false}, {"a**b", "ab", true},
		{"^aws.*", "^aws.cpu", true},
	}
	for _, test := range tests {
		if got := MatchPattern(test.pattern, test.text); got != test.want {
			t.Errorf("%q against %q: %v", test.pattern, test.text, got)
		}
	}
}

func TestQueryText(t *testing.T) {
	q := Query{Metric: "it's"}
	if got, want := q.String(), `data('it\'s')`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	q.Filter = NewMatch("k", []string{"v*"}, false)
	if got, want := q.String(), `data('it\'s', filter=filter('k', 'v*'))`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A feed never blocks, is bounded, and tells of what it lost.
func TestFeedOverflow(t *testing.T) {
	wake := make(chan struct{}, 1)
	released := 0
	f := NewFeed(2, wake, func(*Feed) { released++ })
	two := []Sample{{Point: Point{Time: 1}}, {Point: Point{Time: 2}}}
	f.Offer(two)
	f.Offer(two[:1])
	f.Offer(two[:1])
	if len(wake) != 1 {
		t.Errorf("%d signals wait", len(wake))
	}
	if got, lost := f.Take(nil); len(got) != 0 || !lost {
		t.Errorf("took %v, lost %v; want nothing and a loss", got, lost)
	}
	f.Offer(two)
	if got, lost := f.Take(nil); len(got) != 2 || lost {
		t.Errorf("took %v, lost %v after the loss", got, lost)
	}
	f.Close()
	f.Close()
	f.Offer(two)
	if got, _ := f.Take(nil); len(got) != 0 || released != 1 {
		t.Errorf("closed: took %v, released %d times", got, released)
	}
}
