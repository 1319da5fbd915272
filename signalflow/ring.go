package signalflow

// ring is a queue of items that grows by doubling and gives its memory back when it has
// been emptied after a burst.
type ring struct {
	buf   []item
	first int
	count int
}

const ringKeeps = 64 // items whose memory an empty ring keeps

func (r *ring) len() int    { return r.count }
func (r *ring) head() *item { return &r.buf[r.first] }

func (r *ring) push(it item) {
	if r.count == len(r.buf) {
		grown := make([]item, max(4, 2*len(r.buf)))
		n := copy(grown, r.buf[r.first:])
		copy(grown[n:], r.buf[:r.first])
		r.buf, r.first = grown, 0
	}
	r.buf[(r.first+r.count)&(len(r.buf)-1)] = it
	r.count++
}

func (r *ring) pop() item {
	it := r.buf[r.first]
	r.buf[r.first] = item{}
	r.first = (r.first + 1) & (len(r.buf) - 1)
	r.count--
	if r.count == 0 && len(r.buf) > ringKeeps {
		*r = ring{}
	}
	return it
}
