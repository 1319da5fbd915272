package engine

import (
	"slices"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// cell is what a series has in one slot of a histogram stream: of each layout of buckets one
// distribution at most. It may be kept no longer than the slot lasts.
type cell []*series.Distribution

// pile is histograms that have been merged: those of equal bounds add up, and layouts that
// differ lie beside each other until something is asked of all (language.md 5.7). So the order
// in which histograms come plays no part, but for the rounding of sums.
//
// A pile keeps its memory for the next slot, and takes none once it has seen what comes.
type pile struct {
	layouts []series.Distribution // by rising bounds; the counts are its own
	budget  *budget               // what the memory counts for; nil: nothing
}

// pilePoints and layoutPoints are what a pile, and each of its layouts beside its counts, take in
// the budget of windows.
const pilePoints, layoutPoints = 4, 9

// reset empties a pile. What has held nothing since the last time is dropped.
func (p *pile) reset() {
	kept := p.layouts[:0]
	for _, l := range p.layouts {
		if isEmpty(&l) {
			p.charge(-layoutPoints - len(l.Counts))
			continue
		}
		clear(l.Counts)
		l.Sum, l.Min, l.Max = 0, inf, -inf
		kept = append(kept, l)
	}
	clear(p.layouts[len(kept):])
	p.layouts = kept
}

// drop empties a pile and frees its memory.
func (p *pile) drop() {
	for i := range p.layouts {
		p.charge(-layoutPoints - len(p.layouts[i].Counts))
	}
	p.layouts = nil
}

func (p *pile) charge(points int) {
	if p.budget != nil {
		p.budget.used += int64(points)
	}
}

// isEmpty reports whether a layout of a pile holds no observation.
func isEmpty(l *series.Distribution) bool { return l.Min == inf }

// add merges a distribution into the pile.
func (p *pile) add(d *series.Distribution) {
	l := p.layout(d.Bounds)
	counts, n := l.Counts[:len(d.Counts)], 0.0
	for i, c := range d.Counts {
		counts[i] += c
		n += c
	}
	if n > 0 {
		observe(l, d)
	}
}

// addAll merges the layouts of another pile into it.
func (p *pile) addAll(other *pile) {
	for i := range other.layouts {
		if l := &other.layouts[i]; !isEmpty(l) {
			p.add(l)
		}
	}
}

// addWhole merges a distribution without its buckets.
func (p *pile) addWhole(d *series.Distribution) {
	if n := d.Count(); n > 0 {
		l := p.layout(nil)
		l.Counts[0] += n
		observe(l, d)
	}
}

// observe takes over what is known of the observations themselves.
func observe(l, d *series.Distribution) {
	l.Sum += d.Sum
	l.Min = min(l.Min, d.Min)
	l.Max = max(l.Max, d.Max)
}

// layout returns what the pile holds of some bounds, where need be a new one.
func (p *pile) layout(bounds []float64) *series.Distribution {
	// Mostly there is one layout, whose bounds all points share.
	if len(p.layouts) == 1 && sameSlice(p.layouts[0].Bounds, bounds) {
		return &p.layouts[0]
	}
	at, found := slices.BinarySearchFunc(p.layouts, bounds, func(l series.Distribution, bounds []float64) int {
		return slices.Compare(l.Bounds, bounds)
	})
	if !found {
		counts := make([]float64, len(bounds)+1)
		p.charge(layoutPoints + len(counts))
		p.layouts = slices.Insert(p.layouts, at, series.Distribution{Bounds: bounds, Counts: counts, Min: inf, Max: -inf})
	}
	return &p.layouts[at]
}

func sameSlice(a, b []float64) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// freeze returns what a pile holds as distributions of their own.
func (p *pile) freeze(dst cell) cell {
	for i := range p.layouts {
		if l := p.layouts[i]; !isEmpty(&l) {
			l.Counts = slices.Clone(l.Counts)
			dst = append(dst, &l)
		}
	}
	return dst
}

// count returns how many observations there are.
func (p *pile) count() (n float64) {
	for i := range p.layouts {
		n += p.layouts[i].Count()
	}
	return n
}

// sum returns the sum of the observations.
func (p *pile) sum() (sum float64) {
	for i := range p.layouts {
		sum += p.layouts[i].Sum
	}
	return sum
}

// span returns the smallest and the largest observation; without any the first is above the
// second.
func (p *pile) span() (least, most float64) {
	least, most = inf, -inf
	for i := range p.layouts {
		least, most = min(least, p.layouts[i].Min), max(most, p.layouts[i].Max)
	}
	return least, most
}
