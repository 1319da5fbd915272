package engine

import "github.com/signalfx/signalflow-client-go/internal/graph"

// extrapolation fills the slots of a fetch that have no point (language.md 4.5).
type extrapolation struct {
	kind  graph.Extrapolation
	limit int       // most slots filled in a row; negative: no limit
	last  []float64 // by column: the last real value
	seen  bitmap    // columns that have had one
	run   []int32   // by column: slots filled since the last real value
}

func (e *extrapolation) active() bool {
	return e.limit != 0 && (e.kind == graph.ExtrapolateZero || e.kind == graph.ExtrapolateLastValue)
}

// resize makes room for the columns of v.
func (e *extrapolation) resize(v *vector) {
	e.last = grow(e.last, len(v.values))
	e.run = grow(e.run, len(v.values))
	e.seen = grow(e.seen, len(v.present))
}

// reset forgets what a column held, because another series begins there.
func (e *extrapolation) reset(col int) {
	if col >= len(e.run) {
		return
	}
	e.seen.clear(col)
	e.run[col] = 0
}

// fill gives the missing columns of live series their value for this slot.
func (e *extrapolation) fill(v *vector, live bitmap) {
	e.resize(v)
	for w, present := range v.present {
		for word := present; word != 0; word &= word - 1 {
			col := w<<6 + trailing(word)
			e.last[col], e.run[col] = v.values[col], 0
		}
		if w >= len(live) {
			continue
		}
		missing := live[w] &^ present
		e.seen[w] |= present
		if e.kind == graph.ExtrapolateLastValue {
			missing &= e.seen[w]
		}
		for ; missing != 0; missing &= missing - 1 {
			col := w<<6 + trailing(missing)
			if e.limit >= 0 && int(e.run[col]) >= e.limit {
				continue
			}
			e.run[col]++
			x := 0.0
			if e.kind == graph.ExtrapolateLastValue {
				x = e.last[col]
			}
			v.set(col, x)
		}
	}
}
