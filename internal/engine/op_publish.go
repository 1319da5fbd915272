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
	taken     map[uint64]bool
	ended     []uint64 // announced series that have left, not yet said
	batch     Batch
}

func (p *publish) Bind(in []*stream, out *stream) {
	out.follow(in[0])
	p.in = in[0]
	p.ids = grow(p.ids, len(out.members))
	p.announced = grow(p.announced, wordsFor(len(out.members)))
	for _, col := range out.left {
		if p.announced.has(int(col)) {
			p.announced.clear(int(col))
			p.ended = append(p.ended, p.ids[col])
		} else {
			delete(p.taken, p.ids[col])
		}
	}
	for _, col := range out.joined {
		p.ids[col] = p.identify(&out.members[col])
	}
}

func (p *publish) Step(_ int64, in []*vector, _ *vector) { p.values = in[0] }

// identify gives a series its identity: a hash of the job, the publish node and the key, so
// that it is stable (language.md 3.3). Series of one key, which a pattern of metrics can
// give, are told apart by their metric, and by number if that is not enough.
func (p *publish) identify(m *member) uint64 {
	text := p.jobID + "\x00" + strconv.Itoa(p.serial) + "\x00" + m.metric
	for n := 0; ; n++ {
		id := series.Hash(text, m.key)
		if !p.taken[id] {
			p.taken[id] = true
			return id
		}
		text += "\x00" + strconv.Itoa(n)
	}
}

// announce sends the metadata of what the Sink does not know yet, and of what the last Bind
// has changed.
func (p *publish) announce(resolution int64, sink Sink) error {
	in := p.in
	tell := func(col int) error {
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
