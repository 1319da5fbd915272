package engine

// operand brings the columns of one input into the order of the tuples.
type operand struct {
	how     alignment
	column  int // of the input, for repeated
	aligned vector
	filled  bool // all of aligned.values hold value
	value   float64
	absent  *float64 // what stands for a series that is not there; nil: None
}

type alignment uint8

const (
	asIs     alignment = iota // every tuple's column is its own number
	scatter                   // each tuple names its column
	repeated                  // all tuples name the same column
)

// plan chooses the cheapest way to align an input of some width.
func (o *operand) plan(columns []int32, live bitmap, width int) {
	same, one, first := len(columns) <= width, true, int32(-2)
	live.each(func(i int) {
		if first == -2 {
			first = columns[i]
		}
		same = same && columns[i] == int32(i)
		one = one && columns[i] == first && first >= 0
	})
	o.filled = false
	switch {
	case first == -2: // no tuples
		o.how = scatter
	case same:
		o.how = asIs
	case one:
		o.how, o.column = repeated, int(first)
	default:
		o.how = scatter
	}
}

// align returns the input with its columns in the order of the tuples.
func (o *operand) align(in *vector, columns []int32, words int) *vector {
	if o.how == asIs {
		return in
	}
	v := &o.aligned
	if len(v.present) < words {
		v.resize(words * 64)
		o.filled = false
	}
	if o.how == repeated {
		o.repeat(in)
		return v
	}
	for w := range words {
		var word uint64
		lo := w * 64
		for i, col := range columns[min(lo, len(columns)):min(lo+64, len(columns))] {
			if col < 0 {
				if o.absent != nil {
					v.values[lo+i] = *o.absent
					word |= 1 << i
				}
				continue
			}
			v.values[lo+i] = in.values[col]
			word |= (in.present[col>>6] >> (col & 63) & 1) << i
		}
		v.present[w] = word
	}
	return v
}

// repeat gives every column the value of one.
func (o *operand) repeat(in *vector) {
	x, ok := in.get(o.column)
	v := &o.aligned
	all := uint64(0)
	if ok {
		all = ^all
	}
	for w := range v.present {
		v.present[w] = all
	}
	if !ok || o.filled && o.value == x {
		return
	}
	for i := range v.values {
		v.values[i] = x
	}
	o.filled, o.value = true, x
}
