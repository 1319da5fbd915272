package engine_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
)

// example is a program over some series, one slot of 10 s for each value, and what comes out.
type example struct {
	load          []string
	program, want string
}

func (e example) run(t *testing.T) *recorder {
	t.Helper()
	store := memstore.New(memstore.Options{Now: clockAt(0).Now})
	slots := 1
	for _, line := range e.load {
		name, values, _ := strings.Cut(line, " = ")
		load(store, name, values, 10*time.Second)
		slots = max(slots, len(strings.Fields(values)))
		if strings.Trim(values, " -") == "" { // known by a point before the range
			store.Append(sampleAt(named(name), -time.Minute, 1))
		}
	}
	g, err := eval.Compile(e.program, eval.Options{})
	if err != nil {
		t.Fatalf("%s: %v", e.program, err)
	}
	r, o := newRecorder(t), overSlots(store, slots)
	o.Clock = clockAt(24 * time.Hour)
	if err := engine.Run(context.Background(), g, o, r); err != nil {
		t.Fatalf("%s: %v", e.program, err)
	}
	r.endSlot()
	return r
}

func checkExamples(t *testing.T, examples []example) {
	for _, e := range examples {
		if got := e.run(t).rows(); got != e.want {
			t.Errorf("%s\ngot\n%s\nwant\n%s", e.program, got, e.want)
		}
	}
}

// one to ten, a series each.
var dataTen = []string{"n{i:a} = 1", "n{i:b} = 2", "n{i:c} = 3", "n{i:d} = 4", "n{i:e} = 5", "n{i:f} = 6", "n{i:g} = 7", "n{i:h} = 8", "n{i:i} = 9", "n{i:j} = 10"}

// The examples of language.md 5.4 for aggregations.
func TestAggregationExamples(t *testing.T) {
	checkExamples(t, []example{
		{dataG, "data('g').size().publish()", "{} = 4"},
		{dataG, "data('g').size(by='dc').publish()", "{dc:x} = 2\n{dc:y} = 2"},
		{dataG, "data('g').median().publish()", "{} = 6"},
		{dataG, "data('g').median(by='dc').publish()", "{dc:x} = 6\n{dc:y} = 6"},
		{dataG, "data('g').percentile(50).publish()", "{} = 6"},
		{dataG, "data('g').percentile(50, by='dc').publish()", "{dc:x} = 8\n{dc:y} = 6"},
		{dataG, "data('g').variance().publish()", "{} = 2.6667"},
		{dataG, "data('g').stddev().publish()", "{} = 1.633"},
		{dataG, "data('g').variance(by='dc').publish()", "{dc:x} = 4\n{dc:y} = 0"},
		{dataG, "data('g').stddev(by='dc').publish()", "{dc:x} = 2\n{dc:y} = 0"},
		{dataG, "data('g').sample_variance().publish()", "{} = 4"},
		{dataG, "data('g').sample_stddev().publish()", "{} = 2"},
		{dataG, "data('g').sample_variance(by='dc').publish()", "{dc:x} = 8\n{dc:y} = -"},
		{dataG, "data('g').sample_stddev(by='dc').publish()", "{dc:x} = 2.8284\n{dc:y} = -"},
		{dataG, "data('g').mean_plus_stddev(stddevs=1).publish()", "{} = 7.633"},
		{dataG, "data('g').mean_plus_stddev(stddevs=1, by='dc').publish()", "{dc:x} = 8\n{dc:y} = 6"},
		{dataG, "data('g').mean_plus_stddev(stddevs=-0.5).publish()", "{} = 5.1835"},
		{nil, "data('none').size().publish()\ndata('none').size(by='dc').publish()", "{} = 0"},
		{nil, "data('none').median().publish()\ndata('none').variance().publish()", ""},
		{dataTen, `[data('n').percentile(p).publish(str(p)) for p in [0, 1, 10, 25, 50, 75, 90, 95, 100]]`,
			"0{} = 1\n100{} = 10\n10{} = 2\n1{} = 1\n25{} = 3\n50{} = 6\n75{} = 8\n90{} = 10\n95{} = 10"},
		{dataTen, "data('n').median().publish()", "{} = 5.5"},
		{dataM, "data('m').size().publish()", "{} = 3 3 3 3"},
	})
}

// The examples of language.md 5.4 for windows.
func TestWindowExamples(t *testing.T) {
	checkExamples(t, []example{
		{dataX, "data('x').size(over='30s').publish()", "{} = 3 3 3 3 3 3"},
		{dataX, "data('x').median(over='30s').publish()", "{} = 10 11 11 16 19 20"},
		{dataX, "data('x').percentile(95, over='30s').publish()", "{} = 10 12 12 20 20 25"},
		{dataX, "data('x').percentile(50, over='30s').publish()", "{} = 10 12 12 20 20 20"},
		{dataX, "data('x').variance(over='30s').publish()", "{} = 0 1 1 16 1 8.6667"},
		{dataX, "data('x').stddev(over='30s').publish()", "{} = 0 1 1 4 1 2.9439"},
		{dataX, "data('x').sample_variance(over='30s').publish()", "{} = - 2 2 32 2 13"},
		{dataX, "data('x').sample_stddev(over='30s').publish()", "{} = - 1.4142 1.4142 5.6569 1.4142 3.6056"},
		{dataX, "data('x').mean_plus_stddev(stddevs=2, over='30s').publish()", "{} = 10 13 13 24 21 26.8878"},
		{dataX, "(data('x').count(over='30s') / data('x').size(over='30s')).publish()", "{} = 0.3333 0.6667 0.6667 0.6667 0.6667 1"},
		// The dashboard's window, 15 minutes unless the job is told.
		{dataX, "data('x').sum(over=Args.get('ui.dashboard_window', '15m')).publish()", "{} = 10 22 22 42 60 85"},
	})
}

// Of 360 points the 95th percentile is the 18th largest, of 1,000 series the 50th.
func TestPercentileRank(t *testing.T) {
	r := example{[]string{"x{} = " + numbers(1, 362)}, "data('x').percentile(95, over='1h').publish()", ""}.run(t)
	if row := strings.Fields(r.row("{}")); row[359] != "343" || row[361] != "345" {
		t.Errorf("got %s and %s", row[359], row[361])
	}
	var load []string
	for i := range 1000 {
		load = append(load, fmt.Sprintf("m{i:%d} = %d", i, i+1))
	}
	if got := (example{load, "data('m').percentile(95).publish()", ""}).run(t).rows(); got != "{} = 951" {
		t.Errorf("got %s", got)
	}
}

// numbers writes the integers from a to b.
func numbers(a, b int) string {
	var all []string
	for i := a; i <= b; i++ {
		all = append(all, strconv.Itoa(i))
	}
	return strings.Join(all, " ")
}

// The examples of language.md 5.4 and 10 for selections.
func TestSelectionExamples(t *testing.T) {
	checkExamples(t, []example{
		{dataG, "data('g').top(count=2).publish()", "{dc:x,host:a} = -\n{dc:x,host:b} = 8\n{dc:y,host:c} = -\n{dc:y,host:d} = 6"},
		{dataG, "data('g').bottom(count=1, by='dc').publish()", "{dc:x,host:a} = 4\n{dc:x,host:b} = -\n{dc:y,host:c} = -\n{dc:y,host:d} = 6"},
		{dataM, "data('m').top(count=1).publish('A')", "A{dc:x,host:a} = - - - -\nA{dc:x,host:b} = - - - 8\nA{dc:y,host:c} = 10 10 10 -"},
		{dataTen, "data('n').top().sum().publish()", "{} = 40"},
		{dataTen, "data('n').bottom(percentage=0.21).sum().publish()", "{} = 6"},
		{dataTen, "data('n').top(percentage=30).sum().publish()", "{} = 27"},
		{dataTen, "data('n').top(percentage=0.1).sum().publish()", "{} = 10"},
		{dataTen, "data('n').top(100).sum().publish()", "{} = 55"},
		// A series that lacks the name to group by is left out.
		{[]string{"m{a:1} = 5", "m{b:1} = 7"}, "data('m').top(count=1, by='a').publish()\ndata('m').random(count=1, by='a').size().publish('n')", "n{} = 1\n{a:1} = 5"},
		{dataTen, "data('n').random(count=3).count().publish()", "{} = 3"},
		{dataTen, "data('n').random(percentage=0.25).count().publish()", "{} = 3"},
		{dataM, "data('m').random(count=1, by='dc').max(over='1m').count(by='dc').publish()", "{dc:x} = 1 1 1 1\n{dc:y} = 1 1 1 1"},
	})
}

// Which of equal values pass depends on the series alone, not on the order in which they came.
func TestTies(t *testing.T) {
	var want string
	for _, load := range [][]string{
		{"m{h:a} = 1", "m{h:b} = 1", "m{h:c} = 1", "m{h:d} = 2"},
		{"m{h:d} = 2", "m{h:c} = 1", "m{h:b} = 1", "m{h:a} = 1"},
	} {
		got := example{load, "data('m').top(2).publish()", ""}.run(t).rows()
		if want == "" {
			want = got
		}
		if got != want || strings.Count(got, "-") != 2 || !strings.Contains(got, "{h:d} = 2") {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	// Series with one key, as a pattern may select, have distinct metrics.
	same := example{[]string{"a{} = 1", "b{} = 1", "c{} = 1"}, "data('*').top(2).count().publish()", ""}
	if got := same.run(t).rows(); got != "{} = 2" {
		t.Errorf("equal keys: %s", got)
	}
}

// A selection says what its series lack, as an aggregation does.
func TestSelectionReportsMissingNames(t *testing.T) {
	r := example{[]string{"m{a:1} = 5", "m{b:1} = 7"}, "data('m').top(count=1, by='a').publish()", ""}.run(t)
	if found := r.info("GROUPBY_MISSING_PROPERTY"); len(found) != 1 || found[0].Contents["propertyNames"].([]string)[0] != "a" {
		t.Errorf("got %v", found)
	}
}
