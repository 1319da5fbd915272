package series

import "slices"

// NewLabels returns the pairs of a map as Labels. A nil or empty map gives nil.
func NewLabels(pairs map[string]string) Labels {
	if len(pairs) == 0 {
		return nil
	}
	ls := make(Labels, 0, len(pairs))
	for name, value := range pairs {
		ls = append(ls, Label{name, value})
	}
	slices.SortFunc(ls, compareNames)
	return ls
}

// SortLabels brings labels into the order that Labels promises, in place. Of a name that
// stands there twice the later value stays.
func SortLabels(ls []Label) Labels {
	slices.SortStableFunc(ls, compareNames)
	kept := ls[:0]
	for i, l := range ls {
		if i+1 < len(ls) && ls[i+1].Name == l.Name {
			continue
		}
		kept = append(kept, l)
	}
	return kept
}

func compareNames(a, b Label) int {
	switch {
	case a.Name < b.Name:
		return -1
	case a.Name > b.Name:
		return 1
	}
	return 0
}

// Equal reports whether both hold the same pairs.
func (ls Labels) Equal(other Labels) bool { return slices.Equal(ls, other) }

// Union returns the pairs of both. Where a name has two values, that of ls stays.
func (ls Labels) Union(other Labels) Labels {
	if len(other) == 0 {
		return ls
	}
	if len(ls) == 0 {
		return other
	}
	out := make(Labels, 0, len(ls)+len(other))
	i, j := 0, 0
	for i < len(ls) && j < len(other) {
		switch c := compareNames(ls[i], other[j]); {
		case c < 0:
			out = append(out, ls[i])
			i++
		case c > 0:
			out = append(out, other[j])
			j++
		default:
			out = append(out, ls[i])
			i, j = i+1, j+1
		}
	}
	out = append(out, ls[i:]...)
	return append(out, other[j:]...)
}

// Intersect returns the pairs that both hold with the same value. It returns ls itself
// when nothing falls away.
func (ls Labels) Intersect(other Labels) Labels {
	same := 0
	for same < len(ls) && other.has(ls[same]) {
		same++
	}
	if same == len(ls) {
		return ls
	}
	out := append(Labels(nil), ls[:same]...)
	for _, l := range ls[same+1:] {
		if other.has(l) {
			out = append(out, l)
		}
	}
	return out
}

func (ls Labels) has(l Label) bool {
	v, ok := ls.Get(l.Name)
	return ok && v == l.Value
}

// AppendKey appends the labels to dst in a form that differs whenever the labels differ,
// for use as a map key.
func (ls Labels) AppendKey(dst []byte) []byte {
	for _, l := range ls {
		dst = appendText(dst, l.Name)
		dst = appendText(dst, l.Value)
	}
	return dst
}

// appendText writes a length before the text, so that no text can run into the next one.
func appendText(dst []byte, s string) []byte {
	n := len(s)
	for n >= 0x80 {
		dst = append(dst, byte(n)|0x80)
		n >>= 7
	}
	dst = append(dst, byte(n))
	return append(dst, s...)
}
