package reference_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/flowtest"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

var (
	pairs = flag.Int("pairs", 800, "how many random programs run over random points")
	first = flag.Uint64("seed", 0, "the seed of the first of them")
)

// tally counts what has been compared.
type tally struct {
	runs                  int
	values, present, open int
	of                    map[string]int // in how many publishes of which something was compared
}

func newTally() *tally { return &tally{of: map[string]int{}} }

func (n *tally) add(m *tally) {
	n.runs += m.runs
	n.values, n.present, n.open = n.values+m.values, n.present+m.present, n.open+m.open
	for name, times := range m.of {
		n.of[name] += times
	}
}

// required are all the things that have to be compared: every form, every argument that is put into
// one, every rollup with every type and every extrapolation, and what can happen to a series.
func required() (names []string) {
	for _, kind := range []byte("SNB") {
		names = append(names, forms[kind]...)
	}
	for name, all := range fillings {
		for _, text := range all {
			if name != "F" {
				names = append(names, name+" "+text)
			}
		}
	}
	for _, r := range append([]string{""}, rollups...) {
		for _, t := range []series.Type{series.Gauge, series.Counter, series.CumulativeCounter} {
			names = append(names, fmt.Sprintf("rollup %s of a %s", r, t))
		}
		for _, e := range extrapolations {
			names = append(names, fmt.Sprintf("rollup %s extrapolation %s", r, e))
		}
	}
	for _, f := range filters {
		names = append(names, "filter "+f)
	}
	for _, s := range spans {
		names = append(names, "over "+s)
	}
	for _, c := range cycles {
		names = append(names, "cycle "+c)
		cycle, start, _ := strings.Cut(c, ",")
		if start != "" {
			continue
		}
		names = append(names, "partial_values "+cycle, "shift_cycles "+cycle)
		for _, z := range zones {
			names = append(names, "zone "+z+" "+cycle)
		}
	}
	names = append(names, happenings...)
	slices.Sort(names)
	return slices.Compact(names)
}

// happenings are what can happen to the series of a program, and the ways in which it can run.
var happenings = []string{
	"appears", "leaves", "returns", "combine: appears", "combine: leaves", "timeshift: leaves", "over: returns",
	"corrected", "out of order", "later than its slot", "of several types", "history", "live", "middle",
}

// TestRandom compares the engine with the reference over random programs and points.
func TestRandom(t *testing.T) {
	all := newTally()
	var failed sync.Map
	var next atomic.Int64
	var lock sync.Mutex
	var workers sync.WaitGroup
	names := firsts()
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			mine := newTally()
			for i := next.Add(1) - 1; i < int64(*pairs); i = next.Add(1) - 1 {
				seed := *first + uint64(i)
				p := written(seed, names)
				if diff := compare(p, mine); diff != "" {
					failed.Store(seed, fmt.Sprintf("seed %d: engine and reference differ\n%s%s", seed, p.lines(diff), diff))
					break
				}
				if (i+1)%10_000 == 0 {
					t.Logf("%d pairs begun", i+1)
				}
			}
			lock.Lock()
			defer lock.Unlock()
			all.add(mine)
		})
	}
	workers.Wait()
	failed.Range(func(_, text any) bool {
		t.Error(text)
		return true
	})
	if !t.Failed() {
		all.report(t)
	}
}

// firsts are all forms. Those that often give nothing, since series do not match or lack a name, are
// there more often, and those of calendars and shifts once for each kind of cycle.
func firsts() (names []string) {
	for _, form := range slices.Concat(forms['S'], forms['N'], forms['B']) {
		names = append(names, form)
		if streams := strings.Count(form, "{N}") + strings.Count(form, "{B}"); streams > 1 || strings.Contains(form, "{BY}") || strings.Contains(form, "env") {
			names = append(names, form, form)
		}
		if strings.Contains(form, "{C}") || strings.Contains(form, "timeshift({T})") {
			names = append(names, form, form, form, form)
		}
	}
	return names
}

// lines returns the publishes of which a difference tells.
func (p *pair) lines(diff string) (lines string) {
	for i, line := range strings.SplitAfter(p.Program, "\n") {
		if label := strconv.Itoa(i); strings.Contains(diff, "\n"+label) || strings.Contains(diff, ": "+label) || strings.Contains(diff, "panic") {
			lines += line
		}
	}
	return lines
}

// written returns the pair of a seed. Its publishes but the last begin with each form in turn.
func written(seed uint64, names []string) *pair {
	n := uint64(len(names))
	a := &author{source: randomly(seed), first: []string{names[seed%n], names[(seed+n/4)%n], names[(seed+n/2)%n], names[(seed+3*n/4)%n]}}
	return a.program((seed+seed/n)%4 == 0)
}

// report tells what has been compared, and fails where that is too little.
func (n *tally) report(t *testing.T) {
	least := 1 // of a small run
	if *pairs >= 10_000 {
		least = *pairs / 100
	}
	names := required()
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(n.of[a], n.of[b]) })
	var lines []string
	for _, name := range names {
		lines = append(lines, fmt.Sprintf("%7d  %s", n.of[name], name))
		if n.of[name] < least {
			t.Errorf("%s was compared %d times, not %d", name, n.of[name], least)
		}
	}
	if testing.Verbose() {
		t.Logf("how often each was compared:\n%s", strings.Join(lines, "\n"))
	}
	t.Logf("%d pairs of seeds %d to %d in %d runs without a difference; %d values, %d%% present, %d%% left open; %d forms and arguments, each compared %d times at least, %q %d times",
		*pairs, *first, *first+uint64(*pairs)-1, n.runs, n.values, 100*n.present/n.values, 100*n.open/n.values, len(names), least, names[0], n.of[names[0]])
	if 2*n.present < n.values {
		t.Error("less than half of the values are present: the points are too thin for the programs")
	}
}

// startDependent are words of what gives values that hang on when the job began.
var startDependent = []string{"extrapolation", "ewma", "fill", "combine", "random"}

// TestLaterStart: a job that begins later gives what one that runs already gives.
func TestLaterStart(t *testing.T) {
	const late = 5 // slots
	n := newTally()
	for seed := *first; seed < *first+uint64(*pairs)/2; seed++ {
		a := &author{source: randomly(seed), avoid: startDependent}
		c := a.program(true)
		c.Options.Inactivity = forever // what has left before the later start is not known to that job
		want, err := reference(c.Case)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for i := range want {
			want[i].Values = want[i].Values[late:]
		}
		c.Options.Start = c.Options.Start.Add(late * c.Options.Resolution)
		for _, mode := range []flowtest.Mode{flowtest.History, flowtest.Live} {
			got := c.Run(t.Context(), mode)
			if got.Err != nil {
				t.Fatalf("seed %d: %s: %v", seed, mode, got.Err)
			}
			if diff := difference(got, want, c.Options.Resolution, n); diff != "" {
				t.Fatalf("seed %d: %s: begun %d slots later, the engine differs\n%s%s", seed, mode, late, c.Program, diff)
			}
		}
	}
	t.Logf("%d values, %d%% present", n.values, 100*n.present/n.values)
}

func FuzzEngine(f *testing.F) {
	for seed := range byte(20) {
		text := make([]byte, 300)
		r := randomly(uint64(seed))
		for i := range text {
			text[i] = byte(r.IntN(256))
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		a := &author{source: &choices{text}}
		p := a.program(a.source.IntN(4) == 0)
		if len(p.Program) > 1000 || strings.Count(p.Program, "'*'") > 2 {
			return // all series with all of them, over and over, only take time
		}
		if diff := compare(p, newTally()); diff != "" {
			t.Errorf("engine and reference differ\n%s%s", p.Program, diff)
		}
	})
}

// count notes what the publishes of a pair are made of, those of which something was compared.
func (n *tally) count(p *pair, g *graph.Graph, compared map[string]bool, modes []flowtest.Mode) {
	at := 0
	for i, node := range g.Nodes {
		publish, ok := node.Op.(*graph.Publish)
		if !ok {
			continue
		}
		made := p.made[at]
		at++
		if !compared[publish.Label] {
			continue
		}
		for _, name := range made {
			n.of[name]++
		}
		for name := range happened(p.Case, g, graph.NodeID(i)) {
			n.of[name]++
		}
		for _, m := range modes {
			n.of[string(m)]++
		}
	}
}

// happened tells what happens to the series that a node depends on.
func happened(c *flowtest.Case, g *graph.Graph, from graph.NodeID) map[string]bool {
	found, words := map[string]bool{}, map[string]bool{}
	var fetches []*graph.Fetch
	seen := map[graph.NodeID]bool{}
	var visit func(id graph.NodeID)
	visit = func(id graph.NodeID) {
		if seen[id] {
			return
		}
		seen[id] = true
		switch op := g.Nodes[id].Op.(type) {
		case *graph.Fetch:
			fetches = append(fetches, op)
		case *graph.Timeshift:
			words["timeshift"] = true
		case *graph.Window:
			words["over"] = true
		case *graph.Binary:
			words["combine"] = words["combine"] || op.Outer
		}
		for _, in := range g.Nodes[id].Inputs {
			visit(in)
		}
	}
	visit(from)
	lives := livesOf(c)
	for _, f := range fetches {
		q := series.Query{Metric: f.Metric, Filter: f.Filter}
		types := map[series.Type]bool{}
		for s, l := range lives {
			if !q.Matches(s) {
				continue
			}
			types[s.Type] = true
			found[fmt.Sprintf("rollup %s of a %s", f.Rollup, s.Type)] = true
			for name := range l {
				found[name] = true
				for word := range words {
					found[word+": "+name] = true
				}
			}
		}
		if len(types) > 1 {
			found["of several types"] = true
		}
	}
	return found
}

// livesOf tells what happens to each series within the range of a case.
func livesOf(c *flowtest.Case) map[*series.Series]map[string]bool {
	lives := map[*series.Series]map[string]bool{}
	start, stop, step := c.Options.Start.UnixMilli(), c.Options.Stop.UnixMilli(), c.Options.Resolution.Milliseconds()
	quiet := max(2*step, c.Options.Inactivity.Milliseconds())
	before := map[*series.Series]series.Sample{}
	for _, s := range c.Load {
		l := lives[s.Series]
		if l == nil {
			l = map[string]bool{}
			lives[s.Series] = l
		}
		last, known := before[s.Series]
		before[s.Series] = s
		if s.Time < start {
			continue
		}
		switch {
		case !known:
			l["appears"] = true
		case s.Time-last.Time > quiet && last.Time > start-quiet:
			l["leaves"], l["returns"] = true, true
		case s.Time == last.Time:
			l["corrected"] = true
		case s.Arrival < last.Arrival:
			l["out of order"] = true
		}
		if s.Arrival >= (s.Time/step+1)*step {
			l["later than its slot"] = true
		}
	}
	for s, last := range before {
		if stop-last.Time > quiet+step && last.Time >= start {
			lives[s]["leaves"] = true
		}
	}
	return lives
}

// sortedNames returns the names of what differs in order.
func sortedNames[T any](byName map[string]T) []string { return slices.Sorted(maps.Keys(byName)) }
