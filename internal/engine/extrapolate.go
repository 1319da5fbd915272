package engine

import "github.com/signalfx/signalflow-client-go/internal/graph"

// filling gives slots without a value one: a constant, or the last value of the series
// (language.md 4.5, 5.5).
type filling struct {
	constant *float64  // nil: the last value
	limit    int       // most slots filled in a row; negative: no limit
	last     []float64 // by column: the last real value
	seen     bitmap    // columns that have had one
	run      []int32   // by column: slots filled since the last real value
}

var zero float64

// extrapolation is the filling of a data() call; it is nil where nothing is filled.
func extrapolation(op *graph.Fetch) *filling {
	switch {
	case op.MaxExtrapolations == 0:
		return nil
	case op.Extrapolation == graph.ExtrapolateZero:
		return &filling{constant: &zero, limit: op.MaxExtrapolations}
	case op.Extrapolation == graph.ExtrapolateLastValue:
		return &filling{limit: op.MaxExtrapolations}
	}
	return nil
}

// resize makes room for the columns of v.
func (e *filling) resize(v *vector) {
	e.last = grow(e.last, len(v.values))
	e.run = grow(e.run, len(v.values))
	e.seen = grow(e.seen, len(v.present))
}

// reset forgets what a column held, because another series begins there.
func (e *filling) reset(col int) {
	if col >= len(e.run) {
		return
	}
	e.seen.clear(col)
	e.run[col] = 0
}

// fill gives the missing columns of live series their value for this slot.
func (e *filling) fill(v *vector, live bitmap) {
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
		if e.constant == nil {
			missing &= e.seen[w]
		}
		for ; missing != 0; missing &= missing - 1 {
			col := w<<6 + trailing(missing)
			if e.limit >= 0 && int(e.run[col]) >= e.limit {
				continue
			}
			e.run[col]++
			if e.constant != nil {
				v.set(col, *e.constant)
			} else {
				v.set(col, e.last[col])
			}
		}
	}
}
