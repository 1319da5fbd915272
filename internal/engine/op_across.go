package engine

import "github.com/signalfx/signalflow-client-go/internal/graph"

// across reduces the values that several operands have in one column: max(a, b) and the like.
// Operands without a value are left out (language.md 5.3, OQ-24). It returns nil for a
// reduction that has no such form.
func across(op *graph.Across) kernel {
	switch op.Func {
	case graph.Median, graph.Percentile:
		return rankAcross(rankOf(op.Func, op.Arg))
	case graph.Sum, graph.Mean, graph.Min, graph.Max, graph.Count:
		return totalAcross(op.Func)
	}
	return nil
}

func totalAcross(r graph.Reduce) kernel {
	combine := func(a, b float64) float64 { return a + b }
	switch r {
	case graph.Min:
		combine = func(a, b float64) float64 { return min(a, b) }
	case graph.Max:
		combine = func(a, b float64) float64 { return max(a, b) }
	}
	return func(in []*vector, out *vector, live bitmap) {
		for w := range live {
			var counts [64]float64
			lo, present := w*64, uint64(0)
			values := out.values[lo : lo+64]
			for _, v := range in {
				for word := v.present[w] & live[w]; word != 0; word &= word - 1 {
					i := trailing(word)
					if counts[i] == 0 {
						values[i] = v.values[lo+i]
					} else {
						values[i] = combine(values[i], v.values[lo+i])
					}
					counts[i]++
				}
				present |= v.present[w] & live[w]
			}
			switch r {
			case graph.Count:
				copy(values, counts[:])
				present = live[w]
			case graph.Mean:
				for i, n := range counts {
					values[i] /= n
				}
			}
			out.present[w] = present & finiteBits(values)
		}
	}
}

func rankAcross(r rank) kernel {
	var scratch []float64
	return func(in []*vector, out *vector, live bitmap) {
		clear(out.present)
		live.each(func(col int) {
			scratch = scratch[:0]
			for _, v := range in {
				if x, ok := v.get(col); ok {
					scratch = append(scratch, x)
				}
			}
			if len(scratch) > 0 {
				out.set(col, r.of(scratch))
			}
		})
	}
}
