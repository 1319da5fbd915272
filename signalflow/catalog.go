package signalflow

import (
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// catalog knows the series of a stream, with their newest values.
type catalog struct {
	table  map[idtool.ID]*tracked
	former map[string]*tracked // of earlier runs and not seen in this one yet, by identity
	// generation counts changes of what the table says about a known series.
	generation int
	layout     *layout // of the last batch
	newest     *Batch  // its values are in no tracked yet
	round      int     // counts the layouts that were built
}

// tracked is a series and its newest value.
type tracked struct {
	series *Series
	value  Value
	at     int64 // milliseconds; 0 when there is no value
	round  int   // of the last layout that it is in
	gone   bool  // expired
}

// layout is the series of a batch in the order of its points. Batches mostly come in the same
// order as the one before; they share their layout then, so that a point costs one comparison
// in place of a search.
type layout struct {
	generation int
	ids        []idtool.ID
	series     []*Series
	tracked    []*tracked
}

// fits reports whether the points of some messages are in the order of the layout, and
// whether there are nulls among them.
func (l *layout) fits(msgs []*messages.DataMessage) (ok, nulls bool) {
	ids := l.ids
	for _, m := range msgs {
		if len(m.Payloads) > len(ids) {
			return false, false
		}
		same, null := sameOrder(m.Payloads, ids[:len(m.Payloads)])
		if !same {
			return false, false
		}
		nulls = nulls || null
		ids = ids[len(m.Payloads):]
	}
	return len(ids) == 0, nulls
}

// sameOrder compares the series of points with as many ids, and looks for nulls. It has no
// branch inside, since nearly every point of every stream goes through it.
func sameOrder(points []messages.DataPayload, ids []idtool.ID) (same, nulls bool) {
	points = points[:len(ids)]
	differ, least := idtool.ID(0), messages.ValTypeInt
	for i, id := range ids {
		p := &points[i]
		differ |= p.TSID ^ id
		least = min(least, p.Type)
	}
	return differ == 0, least == messages.ValTypeNull
}

// join finds the series of a batch. It returns those that nothing is known about; then the
// batch has no layout yet.
func (c *catalog) join(b *Batch) (missing map[idtool.ID]struct{}) {
	if l := c.layout; l != nil && l.generation == c.generation {
		if ok, nulls := l.fits(b.msgs); ok {
			b.layout, b.nulls = l, nulls
			return nil
		}
	}
	for _, m := range b.msgs {
		for i := range m.Payloads {
			if id := m.Payloads[i].TSID; c.table[id] == nil {
				if missing == nil {
					missing = make(map[idtool.ID]struct{})
				}
				missing[id] = struct{}{}
			}
		}
	}
	if missing == nil {
		c.build(b)
	}
	return missing
}

// joinAnyway gives a batch its layout. Series that nothing is known about are made up; it
// returns their ids.
func (c *catalog) joinAnyway(b *Batch) (made []idtool.ID) {
	for id := range c.join(b) {
		c.table[id] = &tracked{series: &Series{ID: id}}
		made = append(made, id)
	}
	if b.layout == nil {
		c.build(b)
	}
	return made
}

// build makes the layout of a batch all of whose series are in the table.
func (c *catalog) build(b *Batch) {
	c.round++
	n := 0
	for _, m := range b.msgs {
		n += len(m.Payloads)
	}
	l := &layout{
		generation: c.generation,
		ids:        make([]idtool.ID, 0, n),
		series:     make([]*Series, 0, n),
		tracked:    make([]*tracked, 0, n),
	}
	repeated := false
	for _, m := range b.msgs {
		for i := range m.Payloads {
			t := c.table[m.Payloads[i].TSID]
			repeated = repeated || t.round == c.round
			t.round = c.round
			l.ids = append(l.ids, m.Payloads[i].TSID)
			l.series = append(l.series, t.series)
			l.tracked = append(l.tracked, t)
		}
	}
	if repeated {
		b.msgs = lastOfEach(b.msgs)
		c.build(b)
		return
	}
	b.layout, c.layout = l, l
}

// lastOfEach drops all points of a series but the last (protocol.md 3.7).
func lastOfEach(msgs []*messages.DataMessage) []*messages.DataMessage {
	m := *msgs[0]
	m.Payloads = nil
	place := make(map[idtool.ID]int)
	for _, from := range msgs {
		for _, p := range from.Payloads {
			if i, ok := place[p.TSID]; ok {
				m.Payloads[i] = p
				continue
			}
			place[p.TSID] = len(m.Payloads)
			m.Payloads = append(m.Payloads, p)
		}
	}
	return []*messages.DataMessage{&m}
}

// series returns what is known about a series.
func (c *catalog) series(id idtool.ID) *Series {
	if t := c.table[id]; t != nil {
		return t.series
	}
	return &Series{ID: id}
}

// describe notes the metadata of a series.
func (c *catalog) describe(s *Series) {
	if t := c.table[s.ID]; t != nil {
		t.series = s
		c.generation++
		return
	}
	t := &tracked{series: s}
	if len(c.former) > 0 {
		key := s.identity()
		if f := c.former[key]; f != nil {
			t.value, t.at = f.value, f.at
			delete(c.former, key)
		}
	}
	c.table[s.ID] = t
}

// expire forgets a series, unless it has been described anew since.
func (c *catalog) expire(s *Series) {
	if t := c.table[s.ID]; t != nil && t.series == s {
		t.gone = true
		delete(c.table, s.ID)
		c.generation++
	}
}

// restart begins another run: ids mean something only once they are described again. Values
// older than since, in milliseconds, are not kept for that.
func (c *catalog) restart(since int64) {
	c.settle()
	if c.former == nil {
		c.former = make(map[string]*tracked)
	}
	for key, t := range c.former {
		if t.at < since {
			delete(c.former, key)
		}
	}
	for _, t := range c.table {
		if key := t.series.identity(); key != "" && t.at != 0 && t.at >= since {
			c.former[key] = t
		}
	}
	c.table = make(map[idtool.ID]*tracked)
	c.layout = nil
	c.generation++
}

// remember notes the values of a batch that is delivered. They reach the series when a
// snapshot asks for that, or a batch that does not have a newer value for each of them.
func (c *catalog) remember(b *Batch) {
	if c.newest != nil && (c.newest.layout != b.layout || b.nulls || b.Late) {
		c.settle()
	}
	c.newest = b
}

// settle writes the values of the newest batch to their series.
func (c *catalog) settle() {
	if c.newest == nil {
		return
	}
	at := c.newest.Time.UnixMilli()
	i := 0
	for _, v := range c.newest.All() {
		if t := c.newest.layout.tracked[i]; !v.IsNull() && at >= t.at {
			t.value, t.at = v, at
		}
		i++
	}
	c.newest = nil
}

// snapshot returns the newest values that are not older than since, in milliseconds.
func (c *catalog) snapshot(since int64) map[idtool.ID]Sample {
	c.settle()
	samples := make(map[idtool.ID]Sample, len(c.table))
	add := func(t *tracked) {
		if t.at != 0 && t.at >= since && !t.gone {
			samples[t.series.ID] = Sample{Series: t.series, Time: time.UnixMilli(t.at).UTC(), Value: t.value}
		}
	}
	for key, t := range c.former {
		if add(t); t.at < since {
			delete(c.former, key)
		}
	}
	for _, t := range c.table {
		add(t)
	}
	return samples
}
