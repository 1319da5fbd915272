package series

// New returns a series with its identity computed. The labels need not be sorted; New takes
// the slice over.
func New(metric string, t Type, dimensions ...Label) *Series {
	s := &Series{Metric: metric, Type: t, Dimensions: SortLabels(dimensions)}
	if t == Histogram {
		metric += "\xfe" // which no UTF-8 contains
	}
	s.ID = Hash(metric, s.Dimensions)
	return s
}

// SameIdentity reports whether both are the same series: metric, dimensions, and whether it
// is a histogram. Other types are no part of it.
func (s *Series) SameIdentity(other *Series) bool {
	return s == other || s.Metric == other.Metric && s.Dimensions.Equal(other.Dimensions) &&
		(s.Type == Histogram) == (other.Type == Histogram)
}

// Hash returns a 64-bit identity of a text with labels. It is the same in every process
// and version, and never 0.
func Hash(text string, labels Labels) uint64 {
	h := uint64(fnvOffset)
	h = hashText(h, text)
	for _, l := range labels {
		h = hashText(h, l.Name)
		h = hashText(h, l.Value)
	}
	// FNV leaves the high bits weak for short texts; this mix spreads every bit over all.
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	h ^= h >> 33
	if h == 0 {
		return 1
	}
	return h
}

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// hashText closes each text with a byte that UTF-8 never contains.
func hashText(h uint64, s string) uint64 {
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return (h ^ 0xff) * fnvPrime
}
