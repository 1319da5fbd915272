package engine

import (
	"strconv"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// publish hands its input to the Sink. It is the last step of a slot, taken by the job.
type publish struct {
	op     *graph.Publish
	serial int
	jobID  string
	in     *stream
	values *vector

	ids       []uint64 // by column
	announced bitmap
	bases     []uint64 // by column: the identity that the series would have alone
	taken     map[uint64]bool
	twins     map[uint64]*twins
	ended     []uint64 // announced series that have left, not yet said
	batch     Batch
}

// twins counts the series that one identity is not enough for.
type twins struct{ more, next int }

func newPublish(op *graph.Publish, serial int, jobID string) *publish {
	return &publish{op: op, serial: serial, jobID: jobID, taken: make(map[uint64]bool), twins: make(map[uint64]*twins)}
}

func (p *publish) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	p.in = in[0]
	p.ids, p.bases = grow(p.ids, len(out.members)), grow(p.bases, len(out.members))
	p.announced = grow(p.announced, wordsFor(len(out.members)))
	for _, col := range out.left {
		p.part(col)
		if p.announced.has(int(col)) {
			p.announced.clear(int(col))
			p.ended = append(p.ended, p.ids[col])
		} else {
			delete(p.taken, p.ids[col])
		}
	}
	for _, col := range out.joined {
		p.ids[col], p.bases[col] = p.identify(&out.members[col])
	}
}

func (p *publish) Step(_ int64, in []*vector, _ *vector) { p.values = in[0] }

// identify gives a series its identity: a hash of the job, the publish node and the key, so
// that it is stable (language.md 3.3). Series of one key, which a pattern of metrics can
// give, are told apart by their metric, and by number if that is not enough.
func (p *publish) identify(m *member) (id, base uint64) {
	text := p.jobID + "\x00" + strconv.Itoa(p.serial) + "\x00" + m.metric
	base = series.Hash(text, m.key)
	if !p.taken[base] {
		p.taken[base] = true
		return base, base
	}
	t := p.twins[base]
	if t == nil {
		t = &twins{}
		p.twins[base] = t
	}
	t.more++
	for id = base; p.taken[id]; t.next++ {
		id = series.Hash(text+"\x00"+strconv.Itoa(t.next), m.key)
	}
	p.taken[id] = true
	return id, base
}

// part notes that one of several series of one key has left.
func (p *publish) part(col int32) {
	if p.ids[col] == p.bases[col] {
		return
	}
	if t := p.twins[p.bases[col]]; t.more > 1 {
		t.more--
	} else {
		delete(p.twins, p.bases[col])
	}
}

// announce sends the metadata of what the Sink does not know yet, and of what the last Bind
// has changed. It calls pause now and then.
func (p *publish) announce(resolution int64, sink Sink, pause func() error) error {
	in, told := p.in, 0
	p.announced = grow(p.announced, len(in.live)) // a series may be known that joins later, at a Bind
	tell := func(col int) error {
		if told++; told%256 == 0 {
			if err := pause(); err != nil {
				return err
			}
		}
		m := &in.members[col]
		p.announced.set(col)
		return sink.Metadata(&Output{
			ID: p.ids[col], Publish: p.serial, Label: p.op.Label,
			Key: wireKey(m.key), Metadata: wireKey(m.key.Union(m.meta)), Metric: m.metric, Resolution: resolution,
		})
	}
	for _, col := range in.changed {
		if p.announced.has(int(col)) {
			if err := tell(int(col)); err != nil {
				return err
			}
		}
	}
	for w, word := range in.live {
		for unknown := word &^ p.announced[w]; unknown != 0; unknown &= unknown - 1 {
			if err := tell(w<<6 + trailing(unknown)); err != nil {
				return err
			}
		}
	}
	return nil
}

// wireKey leaves out the metric, which has a field of its own.
func wireKey(ls series.Labels) series.Labels {
	if _, ok := ls.Get("sf_metric"); !ok {
		return ls
	}
	var out series.Labels
	for _, l := range ls {
		if l.Name != "sf_metric" {
			out = append(out, l)
		}
	}
	return out
}

// size returns how many series the node has.
func (p *publish) size() int { return p.in.live.count() }

// send sends the values of a slot.
func (p *publish) send(slot, maxDelay int64, sink Sink) error {
	b := &p.batch
	b.Time, b.Publish, b.Label, b.MaxDelay = slot, p.serial, p.op.Label, maxDelay
	b.Points = b.Points[:0]
	for w, word := range p.values.present {
		for ; word != 0; word &= word - 1 {
			col := w<<6 + trailing(word)
			b.Points = append(b.Points, Point{p.ids[col], p.values.values[col]})
		}
	}
	return sink.Batch(b)
}

// expire says which announced series have ended.
func (p *publish) expire(sink Sink) error {
	for _, id := range p.ended {
		delete(p.taken, id)
		if err := sink.Expired(id); err != nil {
			return err
		}
	}
	p.ended = p.ended[:0]
	return nil
}
