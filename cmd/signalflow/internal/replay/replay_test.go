package replay_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/ingest"
	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/replay"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

const points = `{"metric":"m","timestamp":1704067200000,"value":1}
{"metric":"m","timestamp":1704067220000,"value":3}
{"metric":"m","timestamp":1704067210000,"arrival":1704067225000,"value":2}
`

func open(t *testing.T, o replay.Options) (*replay.Recording, error) {
	t.Helper()
	if o.Files == nil {
		o.Files, o.Stdin = []string{"-"}, strings.NewReader(points)
	}
	return replay.Open(t.Context(), o)
}

// values returns what the store holds of m.
func values(t *testing.T, r *replay.Recording) (all []float64) {
	t.Helper()
	found, err := r.Store.Select(t.Context(), series.Query{Metric: "m"})
	if err != nil {
		t.Fatal(err)
	}
	err = r.Store.Read(t.Context(), found.Series, series.Range{To: 1 << 60}, func(_ int, p series.Points) error {
		all = append(all, p.Values...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAtOnce(t *testing.T) {
	r, err := open(t, replay.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.Begin(r.First)
	if got := values(t, r); len(got) != 3 || got[0] != 1 || got[1] != 2 || got[2] != 3 {
		t.Errorf("values %v", got)
	}
	if r.Points != 3 || r.First.Unix() != 1704067200 || r.Last.Unix() != 1704067220 {
		t.Errorf("%d points from %v to %v", r.Points, r.First, r.Last)
	}
	c := r.Clock()
	if c.Now().Before(r.Last.Add(366 * 24 * time.Hour)) {
		t.Errorf("the clock stands at %v", c.Now())
	}
	if fired, _ := c.Timer(0); fired != nil {
		t.Error("a timer of a clock that stands still may fire")
	}
}

func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := open(t, replay.Options{Live: true})
		if err != nil {
			t.Fatal(err)
		}
		r.Begin(r.First.Add(5 * time.Second))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.Run(ctx); close(done) }()
		for _, step := range []struct{ after, want int }{{0, 1}, {14, 1}, {2, 2}, {3, 2}, {2, 3}} {
			time.Sleep(time.Duration(step.after) * time.Second)
			synctest.Wait()
			if got := len(values(t, r)); got != step.want {
				t.Errorf("%v: %d points have arrived, want %d", r.Clock().Now().UTC(), got, step.want)
			}
		}
		<-done // all have arrived
		cancel()
		fired, free := r.Clock().Timer(time.Second)
		<-fired
		free()
	})
}

// A replay ends with its context.
func TestLiveEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := open(t, replay.Options{Live: true})
		if err != nil {
			t.Fatal(err)
		}
		r.Begin(r.First)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r.Run(ctx)
		if got := len(values(t, r)); got != 1 {
			t.Errorf("%d points, want the first one only", got)
		}
	})
}

// heavy is one point, of a histogram: it counts for six.
const heavy = `{"metric":"t","timestamp":1704067200000,"histogram":{"bounds":[1],"counts":[1,2]}}`

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	two := []string{write("a.json", points), write("b.json", points)}
	for name, test := range map[string]struct {
		o    replay.Options
		want string
	}{
		"no file":      {replay.Options{Files: []string{filepath.Join(dir, "none")}}, "no such file"},
		"no point":     {replay.Options{Files: []string{write("empty.csv", "time,metric,value\n")}}, "the data hold no point"},
		"too many":     {replay.Options{Files: two, MaxPoints: 5}, "b.json: more than 5 points; give fewer files"},
		"too heavy":    {replay.Options{Files: []string{write("h.json", heavy)}, MaxPoints: 5}, "h.json: more than 5 points; give fewer files"},
		"wrong format": {replay.Options{Files: two[:1], Format: ingest.CSV}, "a.json:1: "},
		"not a finite": {replay.Options{Files: []string{write("nan.prom", "m NaN\n")}}, ""},
	} {
		r, err := replay.Open(t.Context(), test.o)
		if test.want == "" && (err != nil || r.Refused != 1) || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	if r, err := replay.Open(t.Context(), replay.Options{Files: two, MaxPoints: 6}); err != nil || r.Points != 6 {
		t.Errorf("two files: %v", err)
	}
}

func TestResolution(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"time,a\n0,1\n10,1\n20,1\n":                        10 * time.Second,
		"time,a\n20,1\n10,1\n0,1\n30,1\n70,1\n":            10 * time.Second,
		"time,a,b\n0,1,1\n60,1,\n120,1,\n420,,2\n720,,3\n": 5 * time.Minute,
		"time,a\n0,1\n10.4,1\n20.2,1\n":                    10 * time.Second,
		"time,a\n0,1\n7300,1\n14600,1\n":                   2 * time.Hour,
		"time,a\n0,1\n":                                    0,
	} {
		r, err := replay.Open(t.Context(), replay.Options{Files: []string{"-"}, Stdin: strings.NewReader(text), Live: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Resolution(); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// A few points far from all others do not stretch what is run over.
func TestStrays(t *testing.T) {
	for _, test := range []struct {
		name, text string
		strays     int
		from, to   int
	}{
		{"none", "time,m\n1704067200,1\n1704067210,1\n", 0, 2024, 2024},
		{"one without a time", "time,m\n1704067200,1\n1704067210,1\n1704067220,1\n0,1\n", 1, 2024, 2024},
		{"both ways", "time,m\n4102444800,1\n1704067200,1\n1704067210,1\n1704067220,1\n0,1\n", 2, 2024, 2024},
		{"a point a year", "time,m\n2021-01-01,1\n2022-01-01,1\n2023-01-01,1\n2024-01-01,1\n", 0, 2021, 2024},
		{"two summers", "time,m\n2021-07-01,1\n2021-07-02,1\n2021-07-03,1\n2023-07-01,1\n2023-07-02,1\n", 0, 2021, 2023},
	} {
		r, err := replay.Open(t.Context(), replay.Options{Files: []string{"-"}, Stdin: strings.NewReader(test.text)})
		if err != nil {
			t.Fatal(err)
		}
		if r.Strays != test.strays || r.First.Year() != test.from || r.Last.Year() != test.to {
			t.Errorf("%s: %d strays, from %v to %v", test.name, r.Strays, r.First, r.Last)
		}
		if r.Strays > 0 && (r.FirstStray.Year() != 1970 || r.LastStray.Before(r.FirstStray)) {
			t.Errorf("%s: strays from %v to %v", test.name, r.FirstStray, r.LastStray)
		}
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if _, err := replay.Open(ctx, replay.Options{Files: []string{"-"}, Stdin: strings.NewReader(points)}); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}
