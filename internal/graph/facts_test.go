package graph

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

const day = 24 * time.Hour

func TestLookback(t *testing.T) {
	for _, test := range []struct {
		op   Op
		want string
	}{
		{&Fetch{Extrapolation: ExtrapolateNull, MaxExtrapolations: -1}, "none"},
		{&Fetch{Extrapolation: ExtrapolateLastValue, MaxExtrapolations: 3}, "3 slots"},
		{&Fetch{Extrapolation: ExtrapolateLastValue, MaxExtrapolations: -1}, "what is before"},
		{&Fetch{Extrapolation: ExtrapolateZero, MaxExtrapolations: -1}, "none"},
		{&PathFetch{Fetch: Fetch{Extrapolation: ExtrapolateZero, MaxExtrapolations: 1}}, "1 slot"},
		{&Window{Over: time.Hour}, "1h"},
		{&HistogramReduce{Over: time.Hour}, "1h"},
		{&HistogramReduce{}, "none"},
		{&Calendar{Cycle: Hour}, "1h"},
		{&Calendar{Cycle: Day, Shift: 1}, "2d2h"},
		{&Calendar{Cycle: Week}, "1w1h"},
		{&Calendar{Cycle: Month}, "4w3d1h"},
		{&Calendar{Cycle: Quarter}, "13w1d1h"},
		{&Calendar{Cycle: Quarter, Shift: math.MaxInt64 - 1}, Duration(math.MaxInt64)},
		{&Delta{}, "1 slot"},
		{&EWMA{Alpha: 0.5}, "what is before"},
		{&DoubleEWMA{Over: time.Hour}, "what is before"},
		{&KPSS{Over: time.Hour}, "1h"},
		{&Timeshift{Offset: time.Hour}, "1h"},
		{&Fill{}, "what is before"},
		{&Fill{Value: new(float64)}, "none"},
		{&Fill{Value: new(float64), For: time.Hour, Slots: 5}, "1h and 5 slots"},
		{&When{Lasting: time.Hour}, "1h"},
		{&Aggregate{}, "none"},
	} {
		if got := Lookback(test.op).String(); got != test.want {
			t.Errorf("%s: %s, want %s", test.op, got, test.want)
		}
	}
}

// program is a graph with two sources, a shift, windows, and a step in vain.
func program() *Graph {
	var b Builder
	at := func(column int) Span { return Span{Line: 1, Column: column, EndLine: 1, EndColumn: column + 1} }
	m := b.Add(&Fetch{Metric: "m", Extrapolation: ExtrapolateNull, MaxExtrapolations: -1, Resolution: 10 * time.Second}, at(1))
	h := b.Add(&Fetch{Metric: "h", Rollup: RollupMax, Extrapolation: ExtrapolateLastValue, MaxExtrapolations: -1}, Span{File: "acme.mod", Line: 7, Column: 2, EndLine: 8, EndColumn: 3})
	window := b.Add(&Window{Func: Mean, Over: time.Hour}, at(3), m)
	shifted := b.Add(&Timeshift{Offset: 9 * day}, at(4), window)
	delta := b.Add(&Delta{}, at(5), m)
	both := b.Add(&Binary{Op: Subtract}, at(6), shifted, delta)
	high := b.Add(&Binary{Op: Greater}, at(7), both, b.Add(&Scalar{Value: 90}, at(8)))
	busy := b.Add(&Detect{Off: true}, at(9), high, b.Add(&Unary{Op: Not}, at(10), high))
	b.Add(&Publish{Label: `a "b" \c`, Enabled: true}, at(11), busy)
	b.Add(&Aggregate{Func: Max, By: []string{"host"}}, at(12), h)
	return b.Graph()
}

func TestHistories(t *testing.T) {
	g := program()
	var got []string
	for i, h := range g.Histories() {
		got = append(got, fmt.Sprintf("%s: %s, published %v", g.Expression(NodeID(i)), h, g.Published()[i]))
	}
	want := []string{
		"data('m', resolution=10s): 1w2d1h and 1 slot, published true",
		"data('h', rollup=max, extrapolation=last_value): none, published false",
		"n0.mean(over=1h): 1w2d, published true",
		"n2.timeshift(1w2d): none, published true",
		"n0.delta(): none, published true",
		"n3 - n4: none, published true",
		"90: none, published true",
		"n5 > 90: none, published true",
		"not n7: none, published true",
		"detect(n7, off=n8): none, published true",
		`n9.publish('a "b" \\c'): none, published true`,
		"n1.max(by=[host]): none, published false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	long := History{math.MaxInt64, math.MaxInt, false}
	if sum := long.then(long); sum != long {
		t.Errorf("%v", sum)
	}
}

func TestFacts(t *testing.T) {
	fetch := func(e Extrapolation, most int) *Fetch { return &Fetch{Extrapolation: e, MaxExtrapolations: most} }
	for _, test := range []struct {
		op                   Op
		rollup, gaps, window string
	}{
		{fetch(ExtrapolateNull, -1), "by metric type, as no rollup= is given: gauge average, counter sum, cumulative counter delta", "stay without a value", ""},
		{fetch(ExtrapolateZero, 0), "by metric type, as no rollup= is given: gauge average, counter sum, cumulative counter delta", "stay without a value", ""},
		{&Fetch{Rollup: RollupRate, Extrapolation: ExtrapolateZero, MaxExtrapolations: -1}, "rate, as rollup= says", "become 0", ""},
		{&PathFetch{Fetch: Fetch{Rollup: RollupMax, Extrapolation: ExtrapolateLastValue, MaxExtrapolations: 5}}, "max, as rollup= says",
			"become the last value, for at most 5 slots in a row", ""},
		{&HistogramFetch{}, "the histograms of a slot are merged", "", ""},
		{&Window{Over: time.Hour}, "", "", "over 1h"},
		{&HistogramReduce{Over: time.Hour}, "", "", "over 1h"},
		{&HistogramReduce{}, "", "", ""},
		{&EWMA{Over: time.Hour}, "", "", "over 1h"},
		{&EWMA{Alpha: 1}, "", "", ""},
		{&DoubleEWMA{Over: time.Hour}, "", "", "over 1h"},
		{&KPSS{Over: time.Hour}, "", "", "over 1h"},
		{&When{Lasting: time.Hour}, "", "", "lasting 1h"},
		{&Timeshift{Offset: time.Hour}, "", "", "offset 1h"},
		{&Calendar{Cycle: Day}, "", "", "cycle day"},
		{&Delta{}, "", "", ""},
	} {
		rollup, window := "", ""
		if r, ok := RollupOf(test.op); ok {
			rollup = r.String()
		}
		if w, ok := WindowOf(test.op); ok {
			window = w.String()
		}
		if rollup != test.rollup || Gaps(test.op) != test.gaps || window != test.window {
			t.Errorf("%s: %q, %q, %q", test.op, rollup, Gaps(test.op), window)
		}
	}
}

func TestResolution(t *testing.T) {
	second := 10 * time.Second
	hinted := func(d time.Duration) *Fetch { return &Fetch{Metric: "m" + Duration(d), Resolution: d} }
	for _, test := range []struct {
		ops  []Op // each over the one before, sources apart
		want []string
	}{
		{[]Op{&Const{}}, []string{"-1 Nothing is read, so a slot is as long as the job is asked for, else 1s."}},
		{[]Op{hinted(0)}, []string{"-1 The data decide how long a slot is: the series that is reported least often. The program says nothing about it."}},
		{[]Op{hinted(second), hinted(2 * second), hinted(time.Second)}, []string{"-1 A slot is 20s long, as n1 says with resolution=, or longer if the job is asked for that."}},
		{[]Op{hinted(0), &HistogramFetch{Resolution: second}, &PathFetch{}}, []string{
			"-1 A slot is at least 10s long, as n1 says with resolution=, and longer if other series that are read are reported less often."}},
		{[]Op{hinted(second), &Window{Over: time.Hour}, &When{Lasting: time.Second}, &Timeshift{Offset: day}, &Timeshift{Offset: time.Second}, &Calendar{Cycle: Hour}}, []string{
			"-1 A slot is 10s long, as n0 says with resolution=, or longer if the job is asked for that.",
			"5 Charts with cycles of the calendar have slots of 1h at least.",
			"2 A window of 1s is shorter than a slot of 10s: it holds one value, and does nothing.",
			"4 A shift by 1s is shorter than a slot of 10s, which the service refuses."}},
		{[]Op{hinted(0), &Window{Over: 9 * day}, &Timeshift{Offset: day}}, []string{
			"-1 The data decide how long a slot is: the series that is reported least often. The program says nothing about it.",
			"1 The shortest window is 1w2d long; with longer slots it would hold one value, and do nothing.",
			"2 The shortest shift is by 1d; with longer slots the service would refuse it.",
			"0 Data up to 1w3d old are read; what is older than 8 days (96 days in some plans) has a resolution of 10s at best."}},
		{[]Op{hinted(0), &Timeshift{Offset: 420 * day}}, []string{
			"-1 The data decide how long a slot is: the series that is reported least often. The program says nothing about it.",
			"1 The shortest shift is by 60w; with longer slots the service would refuse it.",
			"0 Data up to 60w old are read; the service keeps them 416 days."}},
	} {
		var b Builder
		var last, ends []NodeID
		for _, op := range test.ops {
			if _, source := resolutionHint(op); source {
				last = nil
			}
			last = []NodeID{b.Add(op, Span{}, last...)}
			ends = append(ends, last...)
		}
		for _, id := range ends {
			b.Add(&Publish{Enabled: true}, Span{}, id)
		}
		b.Add(&Fetch{Metric: "in vain", Resolution: time.Hour}, Span{})
		var got []string
		for _, r := range b.Graph().Resolution() {
			got = append(got, fmt.Sprintf("%d %s", r.Node, r.Text))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%v: got\n%s\nwant\n%s", test.ops, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

func TestJSON(t *testing.T) {
	g := program()
	text, err := g.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Nodes      []json.RawMessage
		Resolution []json.RawMessage
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int]string{
		0: `{"id":"n0","operator":"data('m', resolution=10s)","expression":"data('m', resolution=10s)","does":"The series of the metric 'm'.","inputs":[],` +
			`"span":{"line":1,"column":1,"endLine":1,"endColumn":2},"kind":"stream","key":{"names":[],"optional":[],"open":true},` +
			`"rollup":{"byType":{"counter":"sum","cumulative_counter":"delta","gauge":"average"},"why":"metric type"},` +
			`"history":{"ms":781200000,"slots":1,"endless":false},"published":true}`,
		1: `{"id":"n1","operator":"data('h', rollup=max, extrapolation=last_value)","expression":"data('h', rollup=max, extrapolation=last_value)",` +
			`"does":"The series of the metric 'h'.","inputs":[],"span":{"module":"acme.mod","line":7,"column":2,"endLine":8,"endColumn":3},"kind":"stream",` +
			`"key":{"names":[],"optional":[],"open":true},"rollup":{"name":"max","why":"explicit"},"published":false}`,
		2: `{"id":"n2","operator":"mean(over=1h)","expression":"n0.mean(over=1h)","does":"The mean of each series of n0 over the last 1h; missing values are left out.",` +
			`"inputs":["n0"],"span":{"line":1,"column":3,"endLine":1,"endColumn":4},"kind":"stream","key":{"names":[],"optional":[],"open":true},` +
			`"window":{"what":"over","text":"1h","ms":3600000},"history":{"ms":777600000,"slots":0,"endless":false},"published":true}`,
		7: `{"id":"n7","operator":">","expression":"n5 > 90","does":"Compares n5 with 90 in each slot; unknown where a value is missing.",` +
			`"inputs":["n5","n6"],"span":{"line":1,"column":7,"endLine":1,"endColumn":8},"kind":"boolean stream","key":{"names":[],"optional":[],"open":true},"published":true}`,
	} {
		if string(got.Nodes[id]) != want {
			t.Errorf("n%d: got\n%s\nwant\n%s", id, got.Nodes[id], want)
		}
	}
	if len(got.Resolution) != 4 || string(got.Resolution[1]) != `{"node":"n2","text":"The shortest window is 1h long; with longer slots it would hold one value, and do nothing."}` {
		t.Errorf("%s", got.Resolution)
	}
	if text, _ := new(Graph).MarshalJSON(); !strings.HasPrefix(string(text), `{"nodes":[],"resolution":[{"text":`) {
		t.Errorf("%s", text)
	}
}

func TestDot(t *testing.T) {
	const want = `digraph "a \"b\" \\c\n" {
  node [shape=box, fontname="monospace"];
  edge [fontname="monospace"];
  n0 [label="n0  data('m', resolution=10s)\nstream {*}\nhistory: 1w2d1h and 1 slot", tooltip="1:1 The series of the metric 'm'.", shape=cylinder];
  n1 [label="n1  data('h', rollup=max, extrapolation=last_value)\nstream {*}", tooltip="acme.mod:7:2 The series of the metric 'h'.", shape=cylinder, style=dashed];
  n2 [label="n2  n0.mean(over=1h)\nstream {*}\nhistory: 1w2d", tooltip="1:3 The mean of each series of n0 over the last 1h; missing values are left out."];
  n0 -> n2;
  n3 [label="n3  n2.timeshift(1w2d)\nstream {*}", tooltip="1:4 n2 as it was 1w2d before; what it reads is asked for once more, at that time."];
  n2 -> n3;
  n4 [label="n4  n0.delta()\nstream {*}", tooltip="1:5 The change of each series of n0 since the slot before; missing if one of them is."];
  n0 -> n4;
  n5 [label="n5  n3 - n4\nstream {*}", tooltip="1:6 n3 - n4 in each slot; missing where a value is. Series are paired where their dimensions agree; one without a partner drops out."];
  n3 -> n5;
  n4 -> n5;
  n7 [label="n7  n5 > 90\nboolean stream {*}", tooltip="1:7 Compares n5 with 90 in each slot; unknown where a value is missing."];
  n5 -> n7;
  n8 [label="n8  not n7\nboolean stream {*}", tooltip="1:10 True where n7 is false, and the reverse; unknown stays unknown."];
  n7 -> n8;
  n9 [label="n9  detect(n7, off=n8)\ndetect block {*}", tooltip="1:9 An alert for each series of n7: raised where it is true and n8 is not, cleared where n8 is true and it is not.", shape=octagon];
  n7 -> n9 [label="on"];
  n8 -> n9 [label="off"];
  n10 [label="n10  n9.publish('a \"b\" \\\\c')\ndetect block {*}", tooltip="1:11 Sends n9 out of the program as 'a \"b\" \\\\c'.", shape=doubleoctagon];
  n9 -> n10;
  n11 [label="n11  n1.max(by=[host])\nstream {host}", tooltip="1:12 The largest value over the series of n1 with the same host in each slot. Series that lack it are left out.", style=dashed];
  n1 -> n11;
}
`
	if got := program().Dot("a \"b\" \\c\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	long := &Graph{Nodes: []Node{{Op: &Fetch{Metric: strings.Repeat("ü", 100), MaxExtrapolations: -1, Extrapolation: ExtrapolateNull}}}}
	if got := long.Dot(""); !strings.Contains(got, `"n0  data('`+strings.Repeat("ü", 73)+`…\nstream {}"`) {
		t.Errorf("%s", got)
	}
}
