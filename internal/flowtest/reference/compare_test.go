package reference_test

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/flowtest"
	second "github.com/signalfx/signalflow-client-go/internal/flowtest/reference"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// reference runs a case through the second implementation.
func reference(c *flowtest.Case) ([]second.Row, error) {
	g, err := c.Compile()
	if err != nil {
		return nil, err
	}
	return second.Run(g, dataOf(c.Load), second.Options{
		Start: c.Options.Start, Stop: c.Options.Stop, Resolution: c.Options.Resolution,
		Timezone: c.Options.Timezone, Inactivity: c.Options.Inactivity,
	})
}

// compare runs a pair both ways, a live one also live, counts it, and returns what is different.
func compare(p *pair, n *tally) (diff string) {
	defer func() {
		if fault := recover(); fault != nil {
			diff = fmt.Sprintf("panic: %v\n%s", fault, debug.Stack())
		}
	}()
	want, err := reference(p.Case)
	if err != nil {
		return err.Error()
	}
	modes := []flowtest.Mode{flowtest.History}
	if p.Options.Live {
		modes = append(modes, flowtest.Live, flowtest.Middle)
	}
	for _, mode := range modes {
		got := p.Run(context.Background(), mode)
		if got.Err != nil {
			return fmt.Sprintf("%s: %v", mode, got.Err)
		}
		if diff := difference(got, want, p.Options.Resolution, n); diff != "" {
			return fmt.Sprintf("%s: %s", mode, diff)
		}
		n.runs++
	}
	compared := map[string]bool{}
	for _, r := range want {
		compared[r.Label] = compared[r.Label] || slices.ContainsFunc(r.Values, func(v second.Value) bool { return v.State != second.Unsure })
	}
	g, err := p.Compile()
	if err != nil {
		return err.Error()
	}
	n.count(p, g, compared, modes)
	return ""
}

// rows are the outputs of one name: of the engine each a series, of the reference each one of its
// lives.
type rows struct {
	got  []*flowtest.Row
	want []second.Row
}

// difference compares what has the same name with one another.
func difference(got *flowtest.Result, want []second.Row, step time.Duration, n *tally) string {
	byName := map[string]*rows{}
	open := map[string]bool{} // labels of which nothing is told
	for _, r := range want {
		open[r.Label] = open[r.Label] || r.Open
	}
	of := func(name string) *rows {
		if byName[name] == nil {
			byName[name] = &rows{}
		}
		return byName[name]
	}
	for _, r := range got.Rows {
		if open[r.Label] {
			continue
		}
		of(r.Name()).got = append(of(r.Name()).got, r)
	}
	for _, r := range want {
		if r.Open {
			continue
		}
		name := flowtest.FormatSeries(r.Label, series.NewLabels(r.Key))
		of(name).want = append(of(name).want, r)
		for _, v := range r.Values {
			n.values++
			switch v.State {
			case second.Number:
				n.present++
			case second.Unsure:
				n.open++
			}
		}
	}
	var wrong []string
	for _, name := range sortedNames(byName) {
		r := byName[name]
		if text := r.difference(got, name, step); text != "" {
			wrong = append(wrong, name+": "+text)
			for _, row := range r.got[:min(4, len(r.got))] {
				wrong = append(wrong, "engine    "+engineText(row))
			}
			for _, row := range r.want[:min(4, len(r.want))] {
				wrong = append(wrong, "reference "+referenceText(row))
			}
		}
	}
	return strings.Join(wrong, "\n")
}

// difference tells what is different in the outputs of one name.
func (r *rows) difference(got *flowtest.Result, name string, step time.Duration) string {
	vague := slices.ContainsFunc(r.want, func(w second.Row) bool { return w.Vague })
	one := !slices.ContainsFunc(r.want, func(w second.Row) bool { return w.Ended >= 0 }) // all live to the end
	switch {
	case len(r.got) == 0 || len(r.want) == 0 || one && !vague && len(r.got) != len(r.want):
		return fmt.Sprintf("%d series, not %d", len(r.got), len(r.want))
	case !vague && !slices.Equal(expiries(got, name), r.expiries(step)):
		return fmt.Sprintf("end in slots %v, not %v", expiries(got, name), r.expiries(step))
	}
	if one && !vague {
		if !pairUp(r.got, r.want) {
			return "values"
		}
		return ""
	}
	// What ends and begins anew is one series of the engine, and may be another one if several have
	// the same name: so the values of each slot are compared.
	for slot := range r.want[0].Values {
		var x []*float64
		var v []second.Value
		for _, row := range r.got {
			if row.Values[slot] != nil {
				x = append(x, row.Values[slot])
			}
		}
		for _, row := range r.want {
			if row.Values[slot].State != second.None {
				v = append(v, row.Values[slot])
			}
		}
		if !assign(x, v) {
			return fmt.Sprintf("values of slot %d", slot)
		}
	}
	return ""
}

// assign reports whether each value of the engine is one of the reference, and the other way round but for those
// that it leaves open.
func assign(x []*float64, v []second.Value) bool {
	numbers := 0
	for _, w := range v {
		if w.State == second.Number {
			numbers++
		}
	}
	if len(x) < numbers || len(x) > len(v) {
		return false
	}
	slices.SortStableFunc(v, func(a, b second.Value) int { return int(a.State) - int(b.State) }) // numbers are taken first
	of := matching(len(x), len(v), func(i, j int) bool { return same(x[i], v[j]) })
	found := 0
	for j, i := range of {
		if i < 0 && v[j].State == second.Number {
			return false
		} else if i >= 0 {
			found++
		}
	}
	return found == len(x)
}

// expiries returns the slots in which series of a name have ended.
func expiries(got *flowtest.Result, name string) (slots []string) {
	for _, line := range got.Expired {
		if at, of, _ := strings.Cut(line, " "); of == name {
			slots = append(slots, at)
		}
	}
	slices.Sort(slots)
	return slots
}

func (r *rows) expiries(step time.Duration) (slots []string) {
	for _, w := range r.want {
		if w.Ended >= 0 {
			slots = append(slots, (time.Duration(w.Ended) * step).String())
		}
	}
	slices.Sort(slots)
	return slots
}

// pairUp reports whether each row has another one that it equals: rows of equal names have no
// order.
func pairUp(got []*flowtest.Row, want []second.Row) bool {
	of := matching(len(got), len(want), func(i, j int) bool { return equal(got[i], want[j]) })
	return len(got) == len(want) && !slices.Contains(of, -1)
}

// matching pairs as many of n things with m others as can be, and returns for each of the others
// the one that it is paired with, or -1.
func matching(n, m int, fits func(i, j int) bool) []int {
	of := slices.Repeat([]int{-1}, m)
	for i := range n {
		tried := make([]bool, m)
		var place func(i int) bool
		place = func(i int) bool {
			for j := range m {
				if !tried[j] && fits(i, j) {
					if tried[j] = true; of[j] < 0 || place(of[j]) {
						of[j] = i
						return true
					}
				}
			}
			return false
		}
		place(i)
	}
	return of
}

func equal(got *flowtest.Row, want second.Row) bool {
	if len(got.Values) != len(want.Values) {
		return false
	}
	for slot, v := range want.Values {
		if !same(got.Values[slot], v) {
			return false
		}
	}
	return true
}

func same(x *float64, v second.Value) bool {
	switch v.State {
	case second.None:
		return x == nil
	case second.Number:
		return x != nil && math.Abs(*x-v.X) <= v.Err+1e-9*math.Abs(v.X)
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

func referenceText(r second.Row) (text string) {
	for _, v := range r.Values {
		switch v.State {
		case second.None:
			text += " _"
		case second.Number:
			text += fmt.Sprintf(" %.10g", v.X)
		default:
			text += " ?"
		}
	}
	if r.Ended >= 0 {
		text += fmt.Sprintf(" ends in slot %d", r.Ended)
	}
	return text
}
