// Package reference runs a compiled program in the simplest way: a second reading of the
// language, to hold the engine against. Every stream is a table of series and slots, every
// operator a loop over all of it that looks at each slot anew; nothing is kept between slots
// but what the language says is remembered. It is slow, and must stay so simple that it can be
// checked by reading it beside language.md.
//
// It knows history only. A series that leaves its stream and comes back (language.md 4.7) is two
// rows, each with a life of its own.
package reference

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Data are the raw points of each series, in rising order of time.
type Data map[*series.Series][]Point

// Point is a raw point with how long after its time it has arrived.
type Point struct {
	series.Point
	Lag int64 // ms

	Distribution *series.Distribution // of a histogram series, else nil
}

// Options say over what a program runs.
type Options struct {
	Start, Stop time.Time     // multiples of Resolution; Stop exclusive
	Resolution  time.Duration // the slot length of the job
	Timezone    *time.Location
	Inactivity  time.Duration // 0: 24 h
}

// Row is one output series.
type Row struct {
	Label   string
	Publish int // serial number of the publish node
	Key     Labels
	Values  []Value // by slot from Start on
	Ended   int     // the slot in which it is no member any more; -1: it is one to the end
	Vague   bool    // it may be several series, one after the other
	Open    bool    // what the label has at all is not told; it stands for all of its rows
}

// Labels are the pairs of a key or of metadata.
type Labels = map[string]string

// row is one series of a stream, over all slots of the run.
type row struct {
	key    Labels
	metas  []Labels // by slot: every pair known of it, the key included
	metric string
	// by slot, where it may change
	metrics []string
	joins   int // the first slot in which the series is a member
	leaves  int // the first slot after it in which it is none
	values  []Value
	static  bool      // a static value of the program
	vague   bool      // the rules leave open whether its slots are of one series
	points  [][]Point // of a histogram stream, in place of values
}

// metricIn returns the metric of the series in a slot.
func (x *row) metricIn(slot int) string {
	if x.metrics != nil {
		return x.metrics[slot]
	}
	return x.metric
}

// member reports whether the series is a member of its stream in a slot.
func (x *row) member(slot int) bool { return x.joins <= slot && slot < x.leaves }

// table is a stream.
type table struct {
	rows    []row
	literal bool    // a static value of the program, which has every key
	absent  []Value // by slot: what a series has that is not there, for outer joins
	source  string  // the metric asked for
	open    bool    // the rules leave open which series it has
}

// run is one run of a graph. Slot 0 is the first one that is read.
type run struct {
	Options
	data   Data
	order  []*series.Series
	graph  *graph.Graph
	tables map[shifted]*table
	holds  map[shifted]int64 // ms for which what comes after keeps the values of a node
	step   int64             // slot length, ms
	zones  map[string]*time.Location
	origin int64 // start of slot 0, ms since the epoch
	slots  int
	sent   int // the first slot that is sent
}

// shifted is a node as it was some time ago (language.md 4.9): all that stands below a
// timeshift() is computed once more, from older data.
type shifted struct {
	node graph.NodeID
	by   int64 // ms
}

// Run runs a graph. It returns an error if the graph has an operator that it does not know.
func Run(g *graph.Graph, data Data, o Options) ([]Row, error) {
	r := &run{Options: o, data: data, graph: g, tables: map[shifted]*table{}, holds: map[shifted]int64{}, zones: map[string]*time.Location{}, step: o.Resolution.Milliseconds()}
	r.order = slices.SortedFunc(maps.Keys(data), func(a, b *series.Series) int { return cmp.Compare(a.ID, b.ID) })
	r.sent = r.reach()
	r.origin = o.Start.UnixMilli() - int64(r.sent)*r.step
	r.slots = int((o.Stop.UnixMilli() - r.origin) / r.step)
	var out []Row
	published := 0
	for _, n := range g.Nodes {
		p, ok := n.Op.(*graph.Publish)
		if !ok {
			continue
		}
		t, err := r.table(shifted{n.Inputs[0], 0})
		if err != nil {
			return nil, err
		}
		if p.Enabled {
			out = append(out, r.publish(p, published, t)...)
		}
		published++
	}
	return out, nil
}

// table computes a node.
func (r *run) table(at shifted) (*table, error) {
	if t, ok := r.tables[at]; ok {
		return t, nil
	}
	n := &r.graph.Nodes[at.node]
	shift := at.by + r.shift(n.Op)
	in := make([]*table, len(n.Inputs))
	for i, id := range n.Inputs {
		var err error
		if in[i], err = r.table(shifted{id, shift}); err != nil {
			return nil, err
		}
	}
	t, err := r.eval(n.Op, in, at, shift)
	if err != nil {
		return nil, fmt.Errorf("line %s: %w", n.Span, err)
	}
	t.open = t.open || slices.ContainsFunc(in, func(t *table) bool { return t.open }) || vagueBy(n.Op, in)
	r.tables[at] = t
	return t, nil
}

// shift returns by how much the inputs of an operator are shifted, in whole slots; ms.
func (r *run) shift(op graph.Op) int64 {
	if t, ok := op.(*graph.Timeshift); ok {
		return t.Offset.Milliseconds() / r.step * r.step
	}
	return 0
}

// publish returns what is sent of a stream: every series that is a member in one of the slots.
func (r *run) publish(p *graph.Publish, serial int, t *table) (out []Row) {
	if t.open {
		return []Row{{Label: p.Label, Publish: serial, Open: true}}
	}
	for _, x := range t.rows {
		if x.joins >= r.slots || x.leaves <= r.sent {
			continue
		}
		key := maps.Clone(x.key)
		delete(key, series.MetricKey)
		ended := -1
		if x.leaves < r.slots {
			ended = x.leaves - r.sent
		}
		out = append(out, Row{p.Label, serial, key, x.values[r.sent:], ended, x.vague, false})
	}
	return out
}

// vagueBy reports whether an operator goes by what is known of a series beside its key, where it is
// open what that is.
func vagueBy(op graph.Op, in []*table) bool {
	var names []string
	switch op := op.(type) {
	case *graph.Aggregate:
		names = op.By
	case *graph.Select:
		names = op.By
	case *graph.Promote:
		names = op.Names
	case *graph.Dimensions:
		for _, l := range slices.Concat(op.Aliases, op.Renames) {
			names = append(names, l.Value)
		}
	}
	return slices.ContainsFunc(names, func(name string) bool {
		return slices.ContainsFunc(in[0].rows, func(x row) bool {
			_, ok := x.key[name]
			return x.vague && !ok
		})
	})
}

// reach returns how many slots before the first one sent have to be computed, and notes for how
// long the values of each node are kept.
func (r *run) reach() (most int) {
	before := map[shifted]int{}
	var visit func(at shifted, needed int, hold int64)
	visit = func(at shifted, needed int, hold int64) {
		known, ok := before[at]
		if ok && known >= needed && r.holds[at] >= hold {
			return
		}
		needed, hold = max(needed, known), max(hold, r.holds[at])
		before[at], r.holds[at] = needed, hold
		n := &r.graph.Nodes[at.node]
		most = max(most, needed)
		needed += r.lookback(n.Op, needed, at.by)
		hold += r.hold(n.Op)
		for _, in := range n.Inputs {
			visit(shifted{in, at.by + r.shift(n.Op)}, needed, hold)
		}
	}
	for i, n := range r.graph.Nodes {
		if p, ok := n.Op.(*graph.Publish); ok && p.Enabled {
			visit(shifted{graph.NodeID(i), 0}, 0, 0)
		}
	}
	return most
}

// hold returns for how long an operator keeps values, ms: so long its series stay (language.md 4.7).
func (r *run) hold(op graph.Op) int64 {
	switch op := op.(type) {
	case *graph.Fill:
		return max(op.For.Milliseconds(), int64(op.Slots)*r.step)
	case *graph.Calendar:
		return int64(op.Shift+2) * longestCycle[op.Cycle].Milliseconds()
	}
	return int64(r.lookback(op, 0, 0)) * r.step
}

// lookback returns how many slots before its own an operator looks at, when it is itself
// needed from some slots before the start.
func (r *run) lookback(op graph.Op, needed int, shift int64) int {
	switch op := op.(type) {
	case *graph.Window:
		return r.slotsOf(op.Over) - 1
	case *graph.When:
		return r.slotsOf(op.Lasting) - 1
	case *graph.KPSS:
		return r.slotsOf(op.Over) - 1
	case *graph.HistogramReduce:
		return r.slotsOf(op.Over) - 1
	case *graph.Delta:
		return 1
	case *graph.Calendar:
		return r.calendarLookback(op, needed, shift)
	}
	return 0
}

// slotsOf returns how many slots a duration covers, in part or as a whole.
func (r *run) slotsOf(d time.Duration) int {
	return max(1, int((d.Milliseconds()+r.step-1)/r.step))
}

// seconds is the length of a slot.
func (r *run) seconds() float64 { return float64(r.step) / 1000 }

// eval computes an operator from its inputs, which are shifted by some ms.
func (r *run) eval(op graph.Op, in []*table, at shifted, shift int64) (*table, error) {
	switch op := op.(type) {
	case *graph.Fetch:
		return r.fetch(op, shift, r.holds[at]), nil
	case *graph.PathFetch:
		return r.path(op, shift, r.holds[at])
	case *graph.HistogramFetch:
		return r.histograms(op, shift, r.holds[at]), nil
	case *graph.HistogramReduce:
		return r.mergeHistograms(op, in[0]), nil
	case *graph.Scalar:
		return r.constant(number(op.Value), true, nil), nil
	case *graph.None:
		return r.constant(none, true, nil), nil
	case *graph.Const:
		t := r.stream()
		for _, s := range op.Series {
			t.rows = append(t.rows, r.constant(number(s.Value), false, pairs(s.Key)).rows...)
		}
		return t, nil
	case *graph.Publish, *graph.Threshold, *graph.Timeshift:
		return in[0], nil
	case *graph.Binary:
		return r.join(in, op.Outer, func(v []Value) Value { return binary(op.Op, v[0], v[1]) }), nil
	case *graph.Conditional:
		// As it is written: the value stands before the condition.
		return r.join([]*table{in[1], in[0], in[2]}, op.Outer, func(v []Value) Value {
			return conditional([]Value{v[1], v[0], v[2]})
		}), nil
	case *graph.Across:
		return r.join(in, op.Outer, func(v []Value) Value { return reduce(op.Func, op.Arg, v) }), nil
	case *graph.Aggregate:
		return r.aggregate(op, in[0]), nil
	case *graph.Select:
		return r.selectRows(op, in[0]), nil
	case *graph.BucketPercentile:
		return r.bucketPercentile(op, in[0]), nil
	case *graph.Union:
		return r.union(in), nil
	case *graph.Promote:
		return r.promote(op, in[0]), nil
	case *graph.Dimensions:
		return r.dimensions(op, in[0]), nil
	}
	if f := r.slotwise(op); f != nil {
		return r.each(in[0], f), nil
	}
	if f := r.overTime(op, shift); f != nil {
		return r.eachSeries(in[0], f), nil
	}
	return nil, fmt.Errorf("%s has no second implementation", graph.Name(op))
}

// stream returns a stream without any series.
func (r *run) stream() *table { return &table{absent: make([]Value, r.slots)} }

// empty returns a series without a value, of which only the key is known.
func (r *run) empty(key Labels, metric string, joins int) row {
	return row{key: key, metas: slices.Repeat([]Labels{key}, r.slots), metric: metric, joins: joins, leaves: r.slots, values: make([]Value, r.slots)}
}

func (r *run) constant(v Value, literal bool, key Labels) *table {
	x := r.empty(key, "", 0)
	for slot := range x.values {
		x.values[slot] = v
	}
	x.static = literal
	return &table{rows: []row{x}, literal: literal, absent: x.values}
}

// each computes each value of each series on its own.
func (r *run) each(in *table, f func(Value) Value) *table {
	out := &table{literal: in.literal, source: in.source, absent: make([]Value, r.slots)}
	for slot, v := range in.absent {
		out.absent[slot] = f(v)
	}
	for _, x := range in.rows {
		y := x
		y.values = make([]Value, r.slots)
		for slot := x.joins; slot < x.leaves; slot++ {
			y.values[slot] = f(x.values[slot])
		}
		out.rows = append(out.rows, y)
	}
	return out
}

// eachSeries computes each series from its values since it has joined.
func (r *run) eachSeries(in *table, f func(x row, slot int) Value) *table {
	out := &table{source: in.source, absent: make([]Value, r.slots)}
	for _, x := range in.rows {
		y := x
		y.values = make([]Value, r.slots)
		for slot := x.joins; slot < x.leaves; slot++ {
			if y.values[slot] = f(x, slot); x.vague {
				y.values[slot] = unsure // another series may begin anew
			}
		}
		out.rows = append(out.rows, y)
	}
	return out
}

func pairs(ls series.Labels) Labels {
	m := Labels{}
	for _, l := range ls {
		m[l.Name] = l.Value
	}
	return m
}

// union returns the pairs of both; where a name has two values, that of a.
func union(a, b Labels) Labels {
	all := maps.Clone(b)
	if all == nil {
		all = Labels{}
	}
	maps.Copy(all, a)
	return all
}

// shared returns the pairs that both have.
func shared(a, b Labels) Labels {
	both := Labels{}
	for name, v := range a {
		if w, ok := b[name]; ok && v == w {
			both[name] = v
		}
	}
	return both
}
