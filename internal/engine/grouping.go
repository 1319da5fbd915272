package engine

import (
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// grouping divides the series of a stream into groups by the values of some names (language.md
// 5.0). Which group a series belongs to is settled when it joins. Each group is a column of a
// stream of its own.
type grouping struct {
	by        []string // sorted
	allowed   []string // names of by that a series may lack
	except    string   // group by all of the key but this name, which each series must have
	permanent bool     // the one group of an empty by exists even without any series

	groupOf  []int32 // by input column: its group plus 1; 0: it belongs to none
	groups   []group // by output column
	byKey    map[string]int32
	missing  []string // names that series lacked, not yet reported
	reported []string // those that have been

	columns []int32 // input columns, group by group
	starts  []int32 // by group plus 1: where it begins in columns; after all groups the end
}

type group struct {
	id      string
	members int
}

func newGrouping(by, allowed []string) grouping {
	by = slices.Clone(by)
	slices.Sort(by)
	return grouping{by: slices.Compact(by), allowed: allowed, byKey: make(map[string]int32)}
}

// whole reports whether all series are one group.
func (g *grouping) whole() bool { return len(g.by) == 0 && g.except == "" }

// Bind takes over the changes of the input stream; out has the groups.
func (g *grouping) Bind(in []*stream, out *stream) {
	out.begin()
	out.source = in[0].source
	if g.permanent && len(g.groups) == 0 {
		g.create("", member{}, out)
	}
	g.groupOf = grow(g.groupOf, wordsFor(len(in[0].members))*64)
	for _, col := range in[0].left {
		if of := g.groupOf[col]; of > 0 {
			g.groups[of-1].members--
		}
		g.groupOf[col] = 0
	}
	for _, col := range in[0].joined {
		g.groupOf[col] = g.admit(&in[0].members[col], out)
	}
	for _, col := range in[0].changed {
		if of := g.groupOf[col]; of > 0 {
			g.share(of-1, &in[0].members[col], out)
		}
	}
	if len(in[0].left) > 0 {
		g.settle(out)
	}
	out.release()
}

// admit puts a series into its group, a new one if need be, and returns the group plus 1.
func (g *grouping) admit(m *member, out *stream) int32 {
	key, ok := g.key(m)
	if !ok {
		return 0
	}
	id := string(key.AppendKey(nil))
	at, ok := g.byKey[id]
	if !ok {
		at = g.create(id, member{key: key, meta: key.Union(m.meta), metric: m.metric}, out)
	}
	g.groups[at].members++
	g.share(at, m, out)
	return at + 1
}

// key returns the key of a series' group. It is not ok if the series lacks a name.
func (g *grouping) key(m *member) (series.Labels, bool) {
	if g.except != "" {
		rest := slices.DeleteFunc(slices.Clone(m.key), func(l series.Label) bool { return l.Name == g.except })
		return rest, len(rest) < len(m.key)
	}
	key := make(series.Labels, 0, len(g.by))
	complete := true
	for _, name := range g.by {
		value, ok := m.property(name)
		switch {
		case ok:
			key = append(key, series.Label{Name: name, Value: value})
		case !slices.Contains(g.allowed, name):
			complete = false
			if !slices.Contains(g.missing, name) && !slices.Contains(g.reported, name) {
				g.missing = append(g.missing, name)
			}
		}
	}
	return key, complete
}

func (g *grouping) create(id string, m member, out *stream) int32 {
	col := out.join(m)
	g.groups = grow(g.groups, int(col)+1)
	g.groups[col] = group{id: id}
	g.byKey[id] = col
	return col
}

// share takes from the metadata of a group what a member of it does not have as well.
func (g *grouping) share(at int32, m *member, out *stream) {
	of := &out.members[at]
	meta, metric := of.key.Union(of.meta.Intersect(m.meta)), of.metric
	if g.groups[at].members == 1 {
		meta, metric = of.key.Union(m.meta), m.metric
	}
	if metric != m.metric {
		metric = out.source
	}
	if meta.Equal(of.meta) && metric == of.metric {
		return
	}
	of.meta, of.metric = meta, metric
	if !slices.Contains(out.joined, at) && !slices.Contains(out.changed, at) {
		out.changed = append(out.changed, at)
	}
}

// settle ends the groups that have lost their last member.
func (g *grouping) settle(out *stream) {
	out.live.each(func(at int) {
		if g.groups[at].members > 0 || g.permanent {
			return
		}
		delete(g.byKey, g.groups[at].id)
		out.leave(int32(at))
	})
}

// list lays out the columns of each group side by side, for of.
func (g *grouping) list() {
	n := len(g.groups)
	g.starts = grow(g.starts[:0], n+2)
	clear(g.starts)
	for _, of := range g.groupOf {
		g.starts[of]++
	}
	g.starts[0] = 0
	for at := range n {
		g.starts[at+1] += g.starts[at]
	}
	total := g.starts[n]
	g.starts[n+1] = total
	g.columns = grow(g.columns[:0], int(total))
	for col := len(g.groupOf) - 1; col >= 0; col-- {
		if of := g.groupOf[col]; of > 0 {
			g.starts[of]-- // from the end of the group to its start
			g.columns[g.starts[of]] = int32(col)
		}
	}
}

// of returns the columns of a group, in rising order, as list has laid them out.
func (g *grouping) of(at int) []int32 { return g.columns[g.starts[at+1]:g.starts[at+2]] }

// gather appends the values of a group to dst.
func (g *grouping) gather(dst []float64, at int, in *vector) []float64 {
	if g.whole() {
		return in.appendTo(dst)
	}
	for _, col := range g.of(at) {
		if in.present.has(int(col)) {
			dst = append(dst, in.values[col])
		}
	}
	return dst
}
