package reference_test

import (
	"cmp"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/flowtest"
	second "github.com/signalfx/signalflow-client-go/internal/flowtest/reference"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

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
			step := c.Options.Resolution
			if c.Modes()[0] == flowtest.History && step > 0 && c.Options.Stop.Sub(c.Options.Start)%step == 0 {
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
	if _, err := c.Compile(); err != nil {
		return 0
	}
	rows, err := reference(c)
	if err != nil {
		t.Errorf("%s:%d: %v", s.Name, c.Line, err)
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
	result.Rows = joined(result.Rows, rows)
	for _, f := range c.Verify("reference", result) {
		if f.Check != nil && f.Check.Kind == "want" {
			t.Error(s.String(f))
		}
	}
	return 1
}

// joined puts the lives of a series, which come in order, into one row.
func joined(rows []*flowtest.Row, of []second.Row) (all []*flowtest.Row) {
	ended := map[string]*flowtest.Row{}
	for i, r := range rows {
		before := ended[r.Name()]
		if ended[r.Name()] = nil; of[i].Ended >= 0 {
			ended[r.Name()] = cmp.Or(before, r)
		}
		if before == nil {
			all = append(all, r)
			continue
		}
		for slot, v := range r.Values {
			before.Values[slot] = cmp.Or(before.Values[slot], v)
		}
	}
	return all
}

func rowOf(r second.Row) (row *flowtest.Row, decided bool) {
	row = &flowtest.Row{Label: r.Label, Key: series.NewLabels(r.Key)}
	for _, v := range r.Values {
		switch v.State {
		case second.None:
			row.Values = append(row.Values, nil)
		case second.Number:
			row.Values = append(row.Values, &v.X)
		default:
			return row, false
		}
	}
	return row, true
}

// dataOf returns the points of samples as a store would hold them: in order of time, of
// several of one time the last that arrives, without those that are not finite.
func dataOf(samples []series.Sample) second.Data {
	data := second.Data{}
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
		p := second.Point{Point: s.Point, Lag: max(0, s.Arrival-s.Time), Distribution: s.Distribution}
		at, found := slices.BinarySearchFunc(points, s.Time, func(p second.Point, t int64) int { return cmp.Compare(p.Time, t) })
		if found {
			points[at] = p
		} else {
			points = slices.Insert(points, at, p)
		}
		data[sr] = points
	}
	return data
}
