package engine

import (
	"slices"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// correlator finds the series of several streams that match by their keys (language.md 2.7): two match
// when the names of the smaller key all stand in the other one, with the same values.
// Series with an equal set of names form a shape; for each two shapes that can match, the
// one with more names is indexed by the names of the other.
//
// It is the one place that knows the rule for keys of which each has a name that the other
// lacks: they do not match (OQ-8).
type correlator struct {
	sides []side
}

func newCorrelator(sides int) correlator { return correlator{make([]side, sides)} }

type side struct {
	shapes  []*shape
	byNames map[string]*shape
	shapeOf []*shape // by column
}

// shape is the series of one side that have the same names in their keys.
type shape struct {
	names   []string // sorted
	keys    map[int32]series.Labels
	indexes map[string]*keyIndex // by the names indexed
}

// keyIndex finds columns by the values of some names of their keys.
type keyIndex struct {
	names   []string
	columns map[string][]int32
}

// fixedNames are part of a key on the wire but never used to match (language.md 2.6).
var fixedNames = []string{"computationId", "jobId", "programId", "sf_metric", "sf_originatingMetric"}

// add makes a series of one side known.
func (c *correlator) add(which int, col int32, key series.Labels) {
	key = matchKey(key)
	s := &c.sides[which]
	names := make([]string, len(key))
	for i, l := range key {
		names[i] = l.Name
	}
	id := joinNames(names)
	sh, ok := s.byNames[id]
	if !ok {
		if s.byNames == nil {
			s.byNames = make(map[string]*shape)
		}
		sh = &shape{names: names, keys: make(map[int32]series.Labels), indexes: make(map[string]*keyIndex)}
		s.byNames[id] = sh
		s.shapes = append(s.shapes, sh)
	}
	s.shapeOf = grow(s.shapeOf, int(col)+1)
	s.shapeOf[col] = sh
	sh.keys[col] = key
	for _, ix := range sh.indexes {
		k := ix.key(key)
		ix.columns[k] = append(ix.columns[k], col)
	}
}

// remove makes the correlator forget a series.
func (c *correlator) remove(which int, col int32) {
	sh := c.sides[which].shapeOf[col]
	key := sh.keys[col]
	delete(sh.keys, col)
	for _, ix := range sh.indexes {
		k := ix.key(key)
		rest := slices.DeleteFunc(ix.columns[k], func(other int32) bool { return other == col })
		if len(rest) == 0 {
			delete(ix.columns, k)
		} else {
			ix.columns[k] = rest
		}
	}
}

// partners adds to dst the series of one side that match a key of the other, in rising order.
func (c *correlator) partners(dst []int32, which int, key series.Labels) []int32 {
	key = matchKey(key)
	start := len(dst)
	for _, sh := range c.sides[which].shapes {
		names := sh.names
		switch {
		case containsNames(key, sh.names):
		case len(key) < len(sh.names) && shapeHolds(sh.names, key):
			names = sh.names[:0:0]
			for _, l := range key {
				names = append(names, l.Name)
			}
		default:
			continue
		}
		ix := sh.index(names)
		dst = append(dst, ix.columns[ix.key(key)]...)
	}
	slices.Sort(dst[start:])
	return dst
}

// index returns the index of a shape by some of its names.
func (sh *shape) index(names []string) *keyIndex {
	id := joinNames(names)
	ix, ok := sh.indexes[id]
	if !ok {
		ix = &keyIndex{names: names, columns: make(map[string][]int32, len(sh.keys))}
		for col, key := range sh.keys {
			k := ix.key(key)
			ix.columns[k] = append(ix.columns[k], col)
		}
		sh.indexes[id] = ix
	}
	return ix
}

// key returns the values that a key has for the names of the index, as one text.
func (ix *keyIndex) key(key series.Labels) string {
	var buf [128]byte
	part := make(series.Labels, 0, 8)
	for _, l := range key {
		if _, ok := slices.BinarySearch(ix.names, l.Name); ok {
			part = append(part, l)
		}
	}
	return string(part.AppendKey(buf[:0]))
}

// matchKey returns a key without the names that play no part in matching.
func matchKey(key series.Labels) series.Labels {
	if !slices.ContainsFunc(key, isFixed) {
		return key
	}
	return slices.DeleteFunc(slices.Clone(key), isFixed)
}

func isFixed(l series.Label) bool { return slices.Contains(fixedNames, l.Name) }

// containsNames reports whether a key has all names.
func containsNames(key series.Labels, names []string) bool {
	if len(names) > len(key) {
		return false
	}
	for _, name := range names {
		if _, ok := key.Get(name); !ok {
			return false
		}
	}
	return true
}

// shapeHolds reports whether all names of a key are among the names.
func shapeHolds(names []string, key series.Labels) bool {
	for _, l := range key {
		if _, ok := slices.BinarySearch(names, l.Name); !ok {
			return false
		}
	}
	return true
}

// matches reports whether two keys match.
func matches(a, b series.Labels) bool {
	a, b = matchKey(a), matchKey(b)
	if len(a) > len(b) {
		a, b = b, a
	}
	for _, l := range a {
		if value, ok := b.Get(l.Name); !ok || value != l.Value {
			return false
		}
	}
	return true
}

func joinNames(names []string) string { return strings.Join(names, "\x00") }
