package reference_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/flowtest"
	"github.com/signalfx/signalflow-client-go/internal/flowtest/reference"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

var (
	pairs = flag.Int("pairs", 500, "how many random programs run over random points")
	first = flag.Uint64("seed", 0, "the seed of the first of them")
)

// runnable returns the forms that the engine runs, by kind, and those that it refuses.
func runnable(t testing.TB) (forms map[byte][]string, refused []string) {
	forms = map[byte][]string{}
	for kind, all := range map[byte][]string{'S': sources, 'N': numeric, 'B': boolean} {
		for _, form := range all {
			a := &author{source: &choices{}, step: 1e10, used: map[string]int{}, forms: map[byte][]string{
				'S': {"data('a')"}, 'B': {"(data('a') > 1)"}}}
			text := a.complete(form, 1) + ".publish()"
			g, err := eval.Compile(text, eval.Options{})
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if err := engine.Check(g); err == nil {
				forms[kind] = append(forms[kind], form)
			} else if errors.As(err, new(*engine.UnsupportedError)) {
				refused = append(refused, form)
			} else {
				t.Fatalf("%s: %v", text, err)
			}
		}
	}
	return forms, refused
}

// tally counts what has been compared.
type tally struct{ values, present, open int }

// TestRandom compares the engine with the reference over random programs and points.
func TestRandom(t *testing.T) {
	forms, refused := runnable(t)
	used := map[string]int{}
	var n tally
	for seed := *first; seed < *first+uint64(*pairs); seed++ {
		a := &author{source: randomly(seed), forms: forms, used: used}
		c := a.program(seed%4 == 0)
		if diff := compare(c, &n); diff != "" {
			t.Fatalf("seed %d: engine and reference differ\n%s%s", seed, c.Program, diff)
		}
	}
	t.Logf("%d pairs, %d values, %d%% present, %d%% left open", *pairs, n.values, 100*n.present/n.values, 100*n.open/n.values)
	if 2*n.present < n.values {
		t.Error("less than half of the values are present: the points are too thin for the programs")
	}
	least := ""
	for _, all := range forms {
		for _, form := range all {
			if least == "" || used[form] < used[least] {
				least = form
			}
		}
	}
	t.Logf("least used, %d times: %s", used[least], least)
	if used[least] < *pairs/100 {
		t.Errorf("%s was used %d times in %d programs", least, used[least], *pairs)
	}
	if len(refused) > 0 {
		t.Logf("not run by the engine yet:\n\t%s", strings.Join(refused, "\n\t"))
	}
}

// startDependent are the forms whose values hang on when the job began.
var startDependent = []string{"extrapolation", "ewma", "fill", "combine"}

// TestLaterStart: a job that begins later gives what one that runs already gives.
func TestLaterStart(t *testing.T) {
	const late = 5 // slots
	forms, _ := runnable(t)
	for kind, all := range forms {
		forms[kind] = slices.DeleteFunc(all, func(form string) bool {
			return slices.ContainsFunc(startDependent, func(word string) bool { return strings.Contains(form, word) })
		})
	}
	var n tally
	for seed := *first; seed < *first+uint64(*pairs)/2; seed++ {
		a := &author{source: randomly(seed), forms: forms, used: map[string]int{}}
		c := a.program(true)
		g, err := c.Compile()
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		want, err := reference.Run(g, dataOf(c.Load), reference.Options{Start: c.Options.Start, Stop: c.Options.Stop, Resolution: c.Options.Resolution})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for i := range want {
			want[i].Values = want[i].Values[late:]
		}
		c.Options.Start = c.Options.Start.Add(late * c.Options.Resolution)
		for _, mode := range []flowtest.Mode{flowtest.History, flowtest.Live} {
			got := c.Run(context.Background(), mode)
			if got.Err != nil {
				t.Fatalf("seed %d: %s: %v", seed, mode, got.Err)
			}
			if diff := difference(got, want, &n); diff != "" {
				t.Fatalf("seed %d: %s: begun %d slots later, the engine differs\n%s%s", seed, mode, late, c.Program, diff)
			}
		}
	}
	t.Logf("%d values, %d%% present", n.values, 100*n.present/n.values)
}

func FuzzEngine(f *testing.F) {
	forms, _ := runnable(f)
	for seed := range byte(20) {
		text := make([]byte, 300)
		r := randomly(uint64(seed))
		for i := range text {
			text[i] = byte(r.IntN(256))
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		a := &author{source: &choices{text}, forms: forms, used: map[string]int{}}
		c := a.program(a.source.IntN(4) == 0)
		if len(c.Program) > 1000 || strings.Count(c.Program, "'*'") > 2 {
			return // all series with all of them, over and over, only take time
		}
		if diff := compare(c, &tally{}); diff != "" {
			t.Errorf("engine and reference differ\n%s%s", c.Program, diff)
		}
	})
}

// compare runs a case both ways, a live one also live, and returns what is different.
func compare(c *flowtest.Case, n *tally) (diff string) {
	defer func() {
		if fault := recover(); fault != nil {
			diff = fmt.Sprintf("panic: %v\n%s", fault, debug.Stack())
		}
	}()
	g, err := c.Compile()
	if err != nil {
		return err.Error()
	}
	want, err := reference.Run(g, dataOf(c.Load), reference.Options{Start: c.Options.Start, Stop: c.Options.Stop, Resolution: c.Options.Resolution})
	if err != nil {
		return err.Error()
	}
	modes := []flowtest.Mode{flowtest.History}
	if c.Options.Live {
		modes = append(modes, flowtest.Live, flowtest.Middle)
	}
	for _, mode := range modes {
		got := c.Run(context.Background(), mode)
		if got.Err != nil {
			return fmt.Sprintf("%s: %v", mode, got.Err)
		}
		if diff := difference(got, want, n); diff != "" {
			return fmt.Sprintf("%s: %s", mode, diff)
		}
	}
	return ""
}

// difference compares rows that have the same name with one another.
func difference(got *flowtest.Result, want []reference.Row, n *tally) string {
	type named struct {
		got  []*flowtest.Row
		want []reference.Row
	}
	byName := map[string]*named{}
	of := func(name string) *named {
		if byName[name] == nil {
			byName[name] = &named{}
		}
		return byName[name]
	}
	for _, r := range got.Rows {
		of(r.Name()).got = append(of(r.Name()).got, r)
	}
	for _, r := range want {
		name := flowtest.FormatSeries(r.Label, series.NewLabels(r.Key))
		of(name).want = append(of(name).want, r)
		for _, v := range r.Values {
			n.values++
			switch v.State {
			case reference.Number:
				n.present++
			case reference.Unsure:
				n.open++
			}
		}
	}
	var wrong []string
	for name, rows := range byName {
		if len(rows.got) != len(rows.want) || !pairUp(rows.got, rows.want) {
			for _, r := range rows.got {
				wrong = append(wrong, fmt.Sprintf("%s engine    %s", name, engineText(r)))
			}
			for _, r := range rows.want {
				wrong = append(wrong, fmt.Sprintf("%s reference %s", name, referenceText(r)))
			}
		}
	}
	slices.Sort(wrong)
	return strings.Join(wrong, "\n")
}

// pairUp reports whether each row has another one that it equals: rows of equal names have no
// order.
func pairUp(got []*flowtest.Row, want []reference.Row) bool {
	if len(got) == 0 {
		return true
	}
	for i := range want {
		if equal(got[0], want[i]) && pairUp(got[1:], slices.Delete(slices.Clone(want), i, i+1)) {
			return true
		}
	}
	return false
}

func equal(got *flowtest.Row, want reference.Row) bool {
	if len(got.Values) != len(want.Values) {
		return false
	}
	for slot, v := range want.Values {
		x := got.Values[slot]
		switch v.State {
		case reference.None:
			if x != nil {
				return false
			}
		case reference.Number:
			if x == nil || math.Abs(*x-v.X) > v.Err+1e-9*math.Abs(v.X) {
				return false
			}
		}
	}
	return true
}

func engineText(r *flowtest.Row) (text string) {
	for _, v := range r.Values {
		if v == nil {
			text += " _"
		} else {
			text += fmt.Sprintf(" %.10g", *v)
		}
	}
	return text
}

func referenceText(r reference.Row) (text string) {
	for _, v := range r.Values {
		switch v.State {
		case reference.None:
			text += " _"
		case reference.Number:
			text += fmt.Sprintf(" %.10g", v.X)
		default:
			text += " ?"
		}
	}
	return text
}
