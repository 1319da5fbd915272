package reference_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/flowtest"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// TestArrival: in whatever order the points of a slot come within the max delay, one by one or many at
// once, a live job gives what one over history gives.
func TestArrival(t *testing.T) {
	n := newTally()
	batches := []int64{1, 7, 1000, 10_000, 60_000} // ms between them
	for seed := *first; seed < *first+uint64(*pairs)/4; seed++ {
		a := &author{source: randomly(seed), avoid: []string{"lag"}}
		p := a.program(true)
		want, err := reference(p.Case)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, batch := range []int64{batches[seed%5], batches[(seed/5)%5]} {
			a.shuffle(p.Case, batch)
			for _, mode := range []flowtest.Mode{flowtest.Live, flowtest.Middle} {
				got := p.Run(t.Context(), mode)
				if got.Err != nil {
					t.Fatalf("seed %d: %s: %v", seed, mode, got.Err)
				}
				if diff := difference(got, want, p.Options.Resolution, n); diff != "" {
					t.Fatalf("seed %d: %s: points in batches of %d ms give something else\n%s%s", seed, mode, batch, p.lines(diff), diff)
				}
				n.runs++
			}
		}
	}
	t.Logf("%d runs; %d values, %d%% present", n.runs, n.values, 100*n.present/n.values)
}

// shuffle draws anew when the points arrive, all of them within the max delay after their slots, and
// in batches. Of two for one time the second stays the later one.
func (a *author) shuffle(c *flowtest.Case, batch int64) {
	start, step := c.Options.Start.UnixMilli(), c.Options.Resolution.Milliseconds()
	before := map[*series.Series]series.Sample{}
	for i := range c.Load {
		s := &c.Load[i]
		if s.Time < start || slices.Contains(s.Series.Dimensions, series.Label{Name: "n", Value: "silent"}) {
			continue // known from the start; the silent one keeps the slot open
		}
		last := start + ((s.Time-start)/step+1)*step + c.Options.MaxDelay.Milliseconds() - 2
		at := s.Time + int64(a.source.IntN(int(last-s.Time)))
		if at = (at + batch - 1) / batch * batch; at > last {
			at = last
		}
		if b, ok := before[s.Series]; ok && b.Time == s.Time {
			at = max(at, b.Arrival)
		}
		s.Arrival = at
		before[s.Series] = *s
	}
}

// shuffled is a source that gives series in another order each time.
type shuffled struct {
	engine.Source
	*rand.Rand
}

func (s shuffled) Select(ctx context.Context, q series.Query) (series.Selection, error) {
	found, err := s.Source.Select(ctx, q)
	found.Series = slices.Clone(found.Series)
	s.Shuffle(len(found.Series), func(i, j int) {
		found.Series[i], found.Series[j] = found.Series[j], found.Series[i]
	})
	return found, err
}

func (s shuffled) Read(ctx context.Context, list []*series.Series, r series.Range, visit func(i int, p series.Points) error) error {
	order := s.Perm(len(list))
	mixed := make([]*series.Series, len(list))
	for i, at := range order {
		mixed[i] = list[at]
	}
	return s.Source.Read(ctx, mixed, r, func(i int, p series.Points) error { return visit(order[i], p) })
}

// TestOrder: whatever order the source and Go's maps give series in, a program gives the same, bit for
// bit, with the same messages.
func TestOrder(t *testing.T) {
	values := 0
	for seed := *first; seed < *first+uint64(*pairs)/4; seed++ {
		a := &author{source: randomly(seed)}
		p := a.program(seed%2 == 0)
		modes := []flowtest.Mode{flowtest.History}
		if p.Options.Live {
			modes = []flowtest.Mode{flowtest.Live, flowtest.Middle}
		}
		for _, mode := range modes {
			var texts []string
			for i := range 3 {
				p.Options.Source = func(s engine.Source) engine.Source {
					if i == 0 {
						return s
					}
					return shuffled{s, randomly(seed + uint64(i))}
				}
				got := p.Run(t.Context(), mode)
				if got.Err != nil {
					t.Fatalf("seed %d: %s: %v", seed, mode, got.Err)
				}
				texts = append(texts, exactly(got))
				values += len(got.Rows) * got.Slots
			}
			if texts[0] != texts[1] || texts[0] != texts[2] {
				t.Fatalf("seed %d: %s: the order of series makes a difference\n%s%s\n%s\n%s", seed, mode, p.Program, texts[0], texts[1], texts[2])
			}
		}
	}
	t.Logf("%d values", values)
}

// exactly writes a result so that different ones are written differently.
func exactly(r *flowtest.Result) string {
	var lines []string
	for _, row := range r.Rows {
		line := fmt.Sprintf("%s %s %v", row.Name(), row.Metric, row.Metadata)
		for _, v := range row.Values {
			if v == nil {
				line += " _"
			} else {
				line += fmt.Sprintf(" %x", math.Float64bits(*v))
			}
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	// What is told of the same slot has no order of its own, and neither have the names of one message.
	var messages []string
	for _, m := range r.Messages {
		words := strings.Fields(strings.NewReplacer("[", "[ ", "]", " ]").Replace(m))
		slices.Sort(words[min(2, len(words)):])
		messages = append(messages, strings.Join(words, " "))
	}
	slices.Sort(messages)
	return strings.Join(slices.Concat(lines, messages, slices.Sorted(slices.Values(r.Expired))), "\n")
}
