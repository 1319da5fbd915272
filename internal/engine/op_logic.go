package engine

// The operators of logic follow Kleene's three values, with None for "unknown"
// (language.md 2.7, OQ-9): false and None is false, true or None is true.

func and(a, b, out *vector, live bitmap) {
	for w := range live {
		at, af := truth(a, w)
		bt, bf := truth(b, w)
		setTruth(out, w, at&bt, (af|bf)&^(at&bt), live[w])
	}
}

func or(a, b, out *vector, live bitmap) {
	for w := range live {
		at, af := truth(a, w)
		bt, bf := truth(b, w)
		setTruth(out, w, at|bt, af&bf, live[w])
	}
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
