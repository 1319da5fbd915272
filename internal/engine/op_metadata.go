package engine

import (
	"cmp"
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// union has all series of all of its inputs (language.md 5.2).
type union struct {
	columns [][]int32 // by input, by column of it: the output column
	width   int       // output columns
}

func (u *union) Bind(in []*stream, out *stream) {
	out.begin()
	out.source = ""
	for _, s := range in {
		out.source = cmp.Or(out.source, s.source)
	}
	u.columns = grow(u.columns, len(in))
	for i, s := range in {
		u.columns[i] = grow(u.columns[i], len(s.members))
		for _, col := range s.left {
			out.leave(u.columns[i][col])
		}
	}
	for i, s := range in {
		for _, col := range s.joined {
			u.columns[i][col] = out.join(s.members[col])
		}
		for _, col := range s.changed {
			out.members[u.columns[i][col]] = s.members[col]
			out.changed = append(out.changed, u.columns[i][col])
		}
	}
	out.release()
	u.width = len(out.members)
}

func (u *union) Step(_ int64, in []*vector, out *vector) {
	out.resize(u.width)
	clear(out.present)
	for i, v := range in {
		columns := u.columns[i]
		for w, word := range v.present {
			for ; word != 0; word &= word - 1 {
				col := w<<6 + trailing(word)
				out.values[columns[col]] = v.values[col]
				out.present.set(int(columns[col]))
			}
		}
	}
}

// rekey gives each series another key, and leaves those out that lack what it is made of. The
// key is made of what a series has when it joins, as the one of a group is (OQ-39).
type rekey struct {
	// key returns the key of a series, and which pairs known of it are no longer true.
	key func(m *member) (key series.Labels, without []string, ok bool)

	without [][]string // by column
	live    bitmap
	present bitmap
}

func (r *rekey) Bind(in []*stream, out *stream) {
	r.without = grow(r.without, len(in[0].members))
	out.derive(in[0], func(col int32, m *member) bool {
		from := in[0].members[col]
		ok := true
		if !out.live.has(int(col)) {
			m.key, r.without[col], ok = r.key(&from)
		}
		known := slices.DeleteFunc(slices.Clone(from.meta), func(l series.Label) bool { return slices.Contains(r.without[col], l.Name) })
		m.meta, m.metric = m.key.Union(known), from.metric
		return ok
	})
	r.live = out.live
}

func (r *rekey) Step(_ int64, in []*vector, out *vector) {
	r.present = grow(r.present, len(in[0].present))
	for w, word := range in[0].present {
		r.present[w] = word & r.live[w]
	}
	out.values, out.present = in[0].values, r.present
}

// promote adds properties to the key (language.md 5.6).
func promote(op *graph.Promote) *rekey {
	return &rekey{key: func(m *member) (series.Labels, []string, bool) {
		key := m.key
		for _, name := range op.Names {
			value, ok := m.property(name)
			switch {
			case ok:
				key = key.Union(series.Labels{{Name: name, Value: value}})
			case !op.AllowMissing:
				return nil, nil, false
			}
		}
		return key, nil, true
	}}
}

// dimensions adds pairs under other names to the key, and then gives others a new name
// (language.md 5.6).
func dimensions(op *graph.Dimensions) *rekey {
	return &rekey{key: func(m *member) (series.Labels, []string, bool) {
		known := *m
		if ok := copyPairs(&known, m, op.Aliases); !ok && !op.AllowMissing {
			return nil, nil, false
		}
		renamed := known
		if ok := copyPairs(&renamed, &known, op.Renames); !ok && !op.AllowMissing {
			return nil, nil, false
		}
		var without []string
		for _, l := range op.Renames {
			if _, had := known.property(l.Value); had && !taken(op.Renames, l.Value, &known) {
				without = append(without, l.Value)
			}
		}
		key := slices.DeleteFunc(slices.Clone(renamed.key), func(l series.Label) bool { return slices.Contains(without, l.Name) })
		return key, without, true
	}}
}

// copyPairs adds pairs of a series to another one under new names, and reports whether all are
// there.
func copyPairs(to, from *member, names series.Labels) bool {
	all := true
	for _, l := range names {
		value, ok := from.property(l.Value)
		if !ok {
			all = false
			continue
		}
		pair := series.Labels{{Name: l.Name, Value: value}}
		to.key, to.meta = pair.Union(to.key), pair.Union(to.meta)
	}
	return all
}

// taken reports whether one of the new names is a name, for a series that has what it stands for.
func taken(names series.Labels, name string, m *member) bool {
	return slices.ContainsFunc(names, func(l series.Label) bool {
		_, ok := m.property(l.Value)
		return ok && l.Name == name
	})
}
