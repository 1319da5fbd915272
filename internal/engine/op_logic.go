package engine

import "github.com/signalfx/signalflow-client-go/internal/graph"

// The operators of logic follow Kleene's three values, with None for "unknown"
// (language.md 2.7, OQ-9): false and None is false, true or None is true.

func and(in []*vector, out *vector, live bitmap) {
	a, b := in[0], in[1]
	for w := range live {
		at, af := truth(a, w)
		bt, bf := truth(b, w)
		setTruth(out, w, at&bt, (af|bf)&^(at&bt), live[w])
	}
}

func or(in []*vector, out *vector, live bitmap) {
	a, b := in[0], in[1]
	for w := range live {
		at, af := truth(a, w)
		bt, bf := truth(b, w)
		setTruth(out, w, at|bt, af&bf, live[w])
	}
}

func not(in []*vector, out *vector, live bitmap) {
	for w := range live {
		yes, no := truth(in[0], w)
		setTruth(out, w, no, yes, live[w])
	}
}

// choose is a conditional expression: of condition, value and alternative (language.md 2.8).
func choose(in []*vector, out *vector, live bitmap) {
	condition, value, alternative := in[0], in[1], in[2]
	for w := range live {
		yes, no := truth(condition, w)
		yes, no = yes&value.present[w]&live[w], no&alternative.present[w]&live[w]
		out.present[w] = yes | no
		lo := w * 64
		for ; yes != 0; yes &= yes - 1 {
			i := lo + trailing(yes)
			out.values[i] = value.values[i]
		}
		for ; no != 0; no &= no - 1 {
			i := lo + trailing(no)
			out.values[i] = alternative.values[i]
		}
	}
}

// is tests each value of every series, a missing one too (language.md 2.9).
func is(op *graph.Is) kernel {
	return func(in []*vector, out *vector, live bitmap) {
		for w := range live {
			yes := holds(op, in[0], w)
			if op.Not {
				yes = ^yes
			}
			setTruth(out, w, yes, ^yes, live[w])
		}
	}
}

// holds returns the columns of a word for which a test holds.
func holds(op *graph.Is, v *vector, w int) (word uint64) {
	switch op.What {
	case graph.IsNone:
		return ^v.present[w]
	case graph.IsTrue:
		yes, _ := truth(v, w)
		return yes
	case graph.IsFalse:
		_, no := truth(v, w)
		return no
	}
	for p := v.present[w]; p != 0; p &= p - 1 {
		if i := trailing(p); v.values[w*64+i] == op.Number {
			word |= 1 << i
		}
	}
	return word
}

// truth returns which columns of a word are true and which are false.
func truth(v *vector, w int) (yes, no uint64) {
	present := v.present[w]
	for word := present; word != 0; word &= word - 1 {
		if i := trailing(word); v.values[w*64+i] != 0 {
			yes |= 1 << i
		}
	}
	return yes, present &^ yes
}

// setTruth stores a word of booleans.
func setTruth(v *vector, w int, yes, no, live uint64) {
	v.present[w] = (yes | no) & live
	for word := v.present[w]; word != 0; word &= word - 1 {
		i := trailing(word)
		v.values[w*64+i] = float64(yes >> i & 1)
	}
}
