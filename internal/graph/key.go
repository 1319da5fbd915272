package graph

import (
	"slices"
	"strings"
)

// Key is what the compiler knows of the dimensions that identify the series of a stream
// (language.md 2.6).
type Key struct {
	Open     bool     // they may have other dimensions too: those of the data, which no program tells
	Names    []string // dimensions that every series has, sorted
	Optional []string // dimensions that some may have, sorted
}

// maxKey is the most names that a Key keeps apart; beyond it the key is open. A series has
// at most 36 dimensions (language.md 6).
const maxKey = 64

// String returns {a, b, c?, *}: the star stands for an open key.
func (k Key) String() string {
	var parts []string
	for _, n := range k.Names {
		parts = append(parts, plain(n))
	}
	for _, n := range k.Optional {
		parts = append(parts, plain(n)+"?")
	}
	if k.Open {
		parts = append(parts, "*")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// Correlates reports whether series with these keys can be paired by an operator: the names
// of the smaller one must all be in the other (language.md 2.7).
func (k Key) Correlates(other Key) bool {
	return k.within(other) || other.within(k)
}

func (k Key) within(other Key) bool {
	return k.Open || other.Open || subset(k.Names, other.Names, other.Optional)
}

// fixedNames are dimensions that are never compared when series are paired (language.md 2.6).
var fixedNames = []string{"computationId", "jobId", "programId", "sf_metric", "sf_originatingMetric"}

// subset reports whether all names that are compared are in one of two sorted lists.
func subset(names, a, b []string) bool {
	for _, n := range names {
		if !contains(a, n) && !contains(b, n) && !contains(fixedNames, n) {
			return false
		}
	}
	return true
}

func contains(sorted []string, name string) bool {
	_, ok := slices.BinarySearch(sorted, name)
	return ok
}

// NeverPairs reports whether a node pairs the series of inputs that have no two that could
// be paired, and the keys of two such inputs, the first perhaps of several together.
func (g *Graph) NeverPairs(id NodeID) (a, b Key, never bool) {
	inputs := g.Nodes[id].Inputs
	switch op := g.Nodes[id].Op.(type) {
	case *Binary:
		never = !op.Outer
	case *Conditional:
		never = !op.Outer
	case *Across:
		never = !op.Outer
	case *Detect:
		never = op.Off
		inputs = inputs[:min(2, len(inputs))] // what is drawn is not paired
	}
	if !never {
		return Key{}, Key{}, false
	}
	a = g.Nodes[inputs[0]].Key
	for _, in := range inputs[1:] {
		b = g.Nodes[in].Key
		if !a.Correlates(b) {
			return a, b, true
		}
		a = joined([]Key{a, b}, false)
	}
	return Key{}, Key{}, false
}

// newKey makes a key of names that all series have, and of names that some have.
func newKey(open bool, all, some []string) Key {
	if len(all)+len(some) > maxKey {
		return Key{Open: true}
	}
	k := Key{Open: open, Names: slices.Compact(slices.Sorted(slices.Values(all)))}
	for _, n := range slices.Compact(slices.Sorted(slices.Values(some))) {
		if !contains(k.Names, n) {
			k.Optional = append(k.Optional, n)
		}
	}
	return k
}

// keyOf returns the key of what an operator makes of inputs with these keys.
func keyOf(op Op, in []Key) Key {
	switch op := op.(type) {
	case *Fetch, *HistogramFetch, *EventFetch, *AlertFetch:
		return Key{Open: true}
	case *PathFetch:
		var bound []string
		for _, p := range op.Positions {
			bound = append(bound, p.Name)
		}
		return newKey(true, bound, nil)
	case *Const:
		return constKey(op)
	case *Aggregate:
		return groupKey(op.By, op.AllowMissing)
	case *HistogramReduce:
		if op.By == nil && op.Over > 0 {
			return in[0]
		}
		return groupKey(op.By, op.AllowMissing)
	case *EventCount:
		return groupKey(op.By, nil)
	case *BucketPercentile:
		return remove(in[0], op.Bucket)
	case *Promote:
		if op.AllowMissing {
			return newKey(in[0].Open, in[0].Names, slices.Concat(in[0].Optional, op.Names))
		}
		return newKey(in[0].Open, slices.Concat(in[0].Names, op.Names), in[0].Optional)
	case *Dimensions:
		return renamed(op, in[0])
	case *Union:
		return common(in)
	case *Binary:
		return joined(in, op.Outer)
	case *Conditional:
		return joined(in, op.Outer)
	case *Across:
		return joined(in, op.Outer)
	case *Detect:
		n := 1 // annotations do not make alerts
		if op.Off {
			n = 2
		}
		return joined(in[:n], op.Off)
	}
	if len(in) > 0 {
		return in[0]
	}
	return Key{}
}

func constKey(c *Const) Key {
	var keys []Key
	for _, s := range c.Series[:min(len(c.Series), maxKey)] {
		var names []string
		for _, l := range s.Key {
			names = append(names, l.Name)
		}
		keys = append(keys, newKey(false, names, nil))
	}
	k := common(keys)
	k.Open = k.Open || len(c.Series) > maxKey
	return k
}

// groupKey is the key of an aggregate: the listed names that a group has.
func groupKey(by, allowMissing []string) Key {
	if len(by) > maxKey {
		return Key{Open: true}
	}
	var all []string
	for _, n := range by {
		if !slices.Contains(allowMissing, n) {
			all = append(all, n)
		}
	}
	return newKey(false, all, allowMissing)
}

// common is the key of streams that are put side by side.
func common(in []Key) Key {
	if len(in) == 0 {
		return Key{}
	}
	all := in[0].Names
	var some []string
	open := false
	for _, k := range in {
		open = open || k.Open
		some = append(some, k.Names...)
		some = append(some, k.Optional...)
		all = slices.DeleteFunc(slices.Clone(all), func(n string) bool { return !contains(k.Names, n) })
		if len(some) > 4*maxKey {
			return Key{Open: true}
		}
	}
	slices.Sort(some)
	return newKey(open, all, slices.Compact(some))
}

// joined is the key of streams whose series are paired: the union of the keys. In an outer
// join a series may stand alone.
func joined(in []Key, outer bool) Key {
	if outer {
		return common(in)
	}
	k := in[0]
	for _, other := range in[1:] {
		if subset(other.Names, k.Names, nil) && subset(other.Optional, k.Names, k.Optional) {
			k.Open = k.Open || other.Open
			continue
		}
		k = newKey(k.Open || other.Open, slices.Concat(k.Names, other.Names), slices.Concat(k.Optional, other.Optional))
	}
	return k
}

// renamed is the key after dimensions().
func renamed(d *Dimensions, k Key) Key {
	var all, some []string
	for _, l := range d.Aliases {
		all = append(all, l.Name)
	}
	for _, l := range d.Renames {
		k = remove(k, l.Value)
		all = append(all, l.Name)
	}
	if d.AllowMissing {
		all, some = nil, all
	}
	return newKey(k.Open, slices.Concat(k.Names, all), slices.Concat(k.Optional, some))
}

func remove(k Key, name string) Key {
	other := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(n string) bool { return n == name })
	}
	return Key{Open: k.Open, Names: other(k.Names), Optional: other(k.Optional)}
}
