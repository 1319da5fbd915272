package reference_test

import (
	"cmp"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/flowtest"
	"github.com/signalfx/signalflow-client-go/internal/flowtest/reference"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// without names what has no second implementation: what is drawn by chance, and what reads
// names rather than values.
var without = []string{"random()", "graphite()", "newrelic()"}

// TestScripts runs the scripts of the test language through the reference.
func TestScripts(t *testing.T) {
	ran := 0
	err := filepath.WalkDir(filepath.Join("..", "testdata"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".flowtest" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		s, err := flowtest.Parse(filepath.Base(path), string(text))
		if err != nil {
			return err
		}
		for _, c := range s.Cases {
			expires := slices.ContainsFunc(c.Checks, func(k *flowtest.Check) bool { return k.Kind == "expired" })
			step := c.Options.Resolution
			if c.Modes()[0] == flowtest.History && step > 0 && c.Options.Stop.Sub(c.Options.Start)%step == 0 && !expires {
				ran += runCase(t, s, c)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d programs", ran)
	if ran == 0 {
		t.Error("no program ran")
	}
}

// runCase runs a case and returns 1, or 0 for one that is not for the reference.
func runCase(t *testing.T, s *flowtest.Script, c *flowtest.Case) int {
	g, err := c.Compile()
	if err != nil {
		return 0
	}
	rows, err := reference.Run(g, dataOf(c.Load), reference.Options{
		Start: c.Options.Start, Stop: c.Options.Stop, Resolution: c.Options.Resolution, Timezone: c.Options.Timezone,
	})
	if err != nil {
		if !slices.ContainsFunc(without, func(name string) bool { return strings.Contains(err.Error(), name) }) {
			t.Errorf("%s:%d: %v", s.Name, c.Line, err)
		}
		return 0
	}
	step := c.Options.Resolution
	result := &flowtest.Result{Slots: int(c.Options.Stop.Sub(c.Options.Start) / step)}
	for _, r := range rows {
		row, decided := rowOf(r)
		if !decided {
			t.Logf("%s:%d: a value of %s is left open", s.Name, c.Line, row.Name())
			return 0
		}
		result.Rows = append(result.Rows, row)
	}
	for _, f := range c.Verify("reference", result) {
		if f.Check != nil && f.Check.Kind == "want" {
			t.Error(s.String(f))
		}
	}
	return 1
}

func rowOf(r reference.Row) (row *flowtest.Row, decided bool) {
	row = &flowtest.Row{Label: r.Label, Key: series.NewLabels(r.Key)}
	for _, v := range r.Values {
		switch v.State {
		case reference.None:
			row.Values = append(row.Values, nil)
		case reference.Number:
			row.Values = append(row.Values, &v.X)
		default:
			return row, false
		}
	}
	return row, true
}

// dataOf returns the points of samples as a store would hold them: in order of time, of
// several of one time the last that arrives, without those that are not finite.
func dataOf(samples []series.Sample) reference.Data {
	data := reference.Data{}
	byID := map[uint64]*series.Series{}
	samples = slices.Clone(samples)
	slices.SortStableFunc(samples, func(a, b series.Sample) int { return cmp.Compare(a.Arrival, b.Arrival) })
	for _, s := range samples {
		if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
			continue
		}
		if byID[s.Series.ID] == nil {
			byID[s.Series.ID] = s.Series
		}
		sr := byID[s.Series.ID]
		points := data[sr]
		at, found := slices.BinarySearchFunc(points, s.Time, func(p series.Point, t int64) int { return cmp.Compare(p.Time, t) })
		if found {
			points[at] = s.Point
		} else {
			points = slices.Insert(points, at, s.Point)
		}
		data[sr] = points
	}
	return data
}
