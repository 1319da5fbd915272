package engine

import (
	"math"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// when tells whether a condition has held for a share of a time: True when it held in enough
// slots of the window, False when it could not have, whatever the missing ones are, and None
// otherwise (language-detectors.md 2.3).
type when struct {
	known frame // slots in which the condition is true or false
	truth frame // those in which it is true
	need  int32
	yes   bitmap // scratch
}

func newWhen(op *graph.When, g grid, b *budget) *when {
	w := &when{known: sharedFrame(op.Lasting, g, b, 64), truth: sharedFrame(op.Lasting, g, b, 64)}
	// The small subtraction makes good for shares that binary numbers cannot hold.
	w.need = int32(max(1, math.Ceil(op.AtLeast*float64(w.known.over)-1e-9)))
	return w
}

func (w *when) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	w.known.live = out.live
	w.known.widen(len(out.members))
	w.truth.widen(len(out.members))
	w.yes = grow(w.yes, len(out.live))
	if w.known.budget.exceeded() {
		return
	}
	for _, col := range out.left {
		w.known.forget(int(col))
		w.truth.forget(int(col))
	}
}

func (w *when) Step(slot int64, in []*vector, out *vector) {
	at := w.known.place(slot)
	out.resize(w.known.width)
	for i := range w.yes {
		w.yes[i], _ = truth(in[0], i)
	}
	w.known.tally(at, in[0].present)
	w.truth.tally(at, w.yes)
	spare := int32(w.known.over) - w.need
	for i, live := range w.known.live {
		var yes, no uint64
		for ; live != 0; live &= live - 1 {
			bit := trailing(live)
			col := i<<6 + bit
			if held := w.truth.counts[col]; held >= w.need {
				yes |= 1 << bit
			} else if w.known.counts[col]-held > spare {
				no |= 1 << bit
			}
		}
		setTruth(out, i, yes, no, yes|no)
	}
}
