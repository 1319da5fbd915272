package engine

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// nativeSteps are the distances between points that a series can have, besides whole
// hours (language.md 4.3); ms.
var nativeSteps = []int64{1_000, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 1_800_000, 3_600_000}

// probeSpans are how far to both sides of the start of a job points are looked at, the next
// one only if the one before shows no distance.
var probeSpans = []time.Duration{10 * time.Minute, 3 * time.Hour, 24 * time.Hour}

// probeSeries is the most series of one fetch that are looked at, evenly spread.
const probeSeries = 1000

// probe is what the points around the start of a job tell about its input.
type probe struct {
	native []int64  // by fetch: coarsest distance between the points of a series, ms; 0: unknown
	found  int64    // the coarsest that was seen, ms, where no call of the program says it
	coarse []uint64 // identities of some series that have it
	lags   []int64  // of each series the largest lag, ms
}

// look reads the points around a time for every fetch of a layout.
func look(ctx context.Context, l layout, o *Options, at, now int64) (*probe, error) {
	p := &probe{}
	for i := range l {
		op, _ := fetchOf(l[i].Op)
		if op == nil {
			continue
		}
		if err := o.Turn.take(ctx); err != nil {
			return nil, err
		}
		native, some, err := p.fetch(ctx, op, kindOf(l[i].Op), o, min(at, now)-l[i].offset, now)
		if err != nil {
			return nil, err
		}
		if op.Resolution > 0 {
			native = op.Resolution.Milliseconds()
		} else if native > p.found {
			p.found, p.coarse = native, some
		}
		p.native = append(p.native, native)
	}
	return p, nil
}

// probeRanges returns the stretches of time to look at points in, one after the other until one
// shows a distance: those around the start, and then all of the job.
func probeRanges(o *Options, at, now int64) (ranges []series.Range) {
	for _, span := range probeSpans {
		ranges = append(ranges, series.Range{From: at - span.Milliseconds(), To: min(at+span.Milliseconds(), now+1)})
	}
	rest := series.Range{From: at, To: now + 1}
	if !o.Stop.IsZero() {
		rest.To = min(rest.To, o.Stop.UnixMilli()-o.Start.UnixMilli()+at)
	}
	if rest.To > ranges[len(ranges)-1].To {
		ranges = append(ranges, rest)
	}
	return ranges
}

// fetch returns the native resolution of what a data() or histogram() call selects, and some
// series that have it.
func (p *probe) fetch(ctx context.Context, op *graph.Fetch, kind series.Kind, o *Options, at, now int64) (native int64, some []uint64, err error) {
	for _, r := range probeRanges(o, at, now) {
		q := series.Query{Kind: kind, Metric: op.Metric, Filter: op.Filter, From: r.From, To: r.To, Limit: o.MaxSeries}
		found, err := o.Source.Select(ctx, q)
		if err != nil {
			return 0, nil, err
		}
		var lags []int64
		list := sample(found.Series)
		err = o.Source.Read(ctx, list, r, func(i int, pts series.Points) error {
			d := distance(pts)
			if d > native {
				native, some = d, some[:0]
			}
			if d > 0 && d == native && len(some) < maxNamed {
				some = append(some, list[i].ID)
			}
			if lag, ok := largestLag(pts.Lags); ok {
				lags = append(lags, lag)
			}
			return nil
		})
		if err != nil {
			return 0, nil, err
		}
		if native > 0 {
			p.lags = append(p.lags, lags...)
			return native, some, nil
		}
	}
	return 0, nil, nil
}

// sample returns at most probeSeries of a list, the same ones for the same list in any order.
func sample(list []*series.Series) []*series.Series {
	slices.SortFunc(list, func(a, b *series.Series) int { return cmp.Compare(a.ID, b.ID) })
	if len(list) <= probeSeries {
		return list
	}
	part := make([]*series.Series, probeSeries)
	for i := range part {
		part[i] = list[i*len(list)/probeSeries]
	}
	return part
}

// distance returns the most frequent distance between consecutive points as one of the native
// steps, the finer of two; 0 with less than three points.
func distance(p series.Points) int64 {
	if p.Len() < 3 {
		return 0
	}
	if p.Every > 0 {
		return nativeStep(p.Every)
	}
	counts := make(map[int64]int)
	for i, t := range p.Times[1:] {
		counts[nativeStep(t-p.Times[i])]++
	}
	var best int64
	for step, n := range counts {
		if n > counts[best] || n == counts[best] && step < best {
			best = step
		}
	}
	return best
}

// nativeStep rounds a distance up to a native step. A tenth more than a step still counts
// as it, since times jitter; of several hours a tenth of one.
func nativeStep(d int64) int64 {
	for _, step := range nativeSteps {
		if d*10 <= step*11 {
			return step
		}
	}
	hour := nativeSteps[len(nativeSteps)-1]
	return ceilDiv(d-hour/10, hour) * hour
}

// largestLag returns the largest lag of live points. A lag beyond the longest max delay is
// that of a point loaded afterwards, and says nothing.
func largestLag(lags []int32) (largest int64, any bool) {
	for _, lag := range lags {
		if l := int64(lag); l <= maxMaxDelay.Milliseconds() {
			largest, any = max(largest, l), true
		}
	}
	return largest, any
}

// resolution returns the slot length of a job: the coarsest native resolution of its inputs,
// and not less than the one asked for, of which then the next multiple. With nothing known
// of the data it is what was asked for, or one second (language.md 4.3).
func (p *probe) resolution(asked time.Duration) int64 {
	var native int64
	for _, n := range p.native {
		native = max(native, n)
	}
	want := asked.Milliseconds()
	switch {
	case native == 0 && want <= 0:
		return 1000
	case native == 0:
		return want
	}
	return max(1, ceilDiv(max(want, 0), native)) * native
}

// minAutoDelay is the least automatic max delay. It costs time only when a series is silent.
const minAutoDelay = 2 * time.Second

// maxDelay returns the automatic max delay: the largest lag seen, without the slowest
// hundredth of the series, in whole seconds (language.md 4.6).
func (p *probe) maxDelay() int64 {
	auto := minAutoDelay.Milliseconds()
	if n := len(p.lags); n > 0 {
		slices.Sort(p.lags)
		auto = max(auto, ceilDiv(p.lags[n-1-n/100], 1000)*1000)
	}
	return min(auto, maxMaxDelay.Milliseconds())
}
