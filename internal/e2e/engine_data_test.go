package e2e

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/signalfx/signalflow-client-go/internal/memstore"
	mts "github.com/signalfx/signalflow-client-go/internal/series"
)

// The data of the engine comparisons: hosts of ten cores each, in twenty services, and of each core
// a few metrics that are scraped every ten seconds. All stores get the same points.
const (
	scrape   = 10 * time.Second
	history  = 1 * time.Hour // before the range, for its windows
	perHour  = int(time.Hour / scrape)
	services = 20
)

// origin is the start of the ranges; it lies on a multiple of everything.
var origin = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// scrapeTime returns the time of a scrape in ms. Number 0 is at origin.
func scrapeTime(number int) int64 { return origin.UnixMilli() + int64(number)*scrape.Milliseconds() }

// signal is a metric of which each core has a series.
type signal struct {
	name  string
	kind  mts.Type
	value func(core, scrape int) float64
}

var (
	// Two gauges around a level of each core, with one decimal as most have.
	cpuSignal  = signal{"cpu", mts.Gauge, func(core, k int) float64 { return level(1, core, k) }}
	loadSignal = signal{"load", mts.Gauge, func(core, k int) float64 { return level(2, core, k) }}

	// A running total without resets. An increment is between 0 and twice the average one.
	requestSignal = signal{"requests", mts.CumulativeCounter, func(core, k int) float64 {
		each := 50 + chance(3, core, 0)*500
		return math.Floor((float64(k+10*perHour) + chance(4, core, k)) * each)
	}}
)

func level(salt uint64, core, k int) float64 {
	return math.Round(10*(20+40*chance(salt, core, math.MaxInt)+25*chance(salt, core, k))) / 10
}

// chance is a number in [0, 1) that looks random and is always the same.
func chance(salt uint64, core, k int) float64 {
	x := salt<<56 ^ uint64(core)<<32 ^ uint64(uint32(k))
	for range 2 { // as in splitmix64
		x += 0x9e3779b97f4a7c15
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		x ^= x >> 31
	}
	return float64(x>>11) / (1 << 53)
}

// dimensions of the series of a core.
func dimensions(core int) map[string]string {
	return map[string]string{
		"host":    fmt.Sprintf("host-%04d", core/10),
		"core":    fmt.Sprint(core % 10),
		"service": fmt.Sprintf("service-%02d", core/10*7%services),
	}
}

// scraper fills a store of ours, scrape by scrape, as data come.
type scraper struct {
	store   *memstore.Store
	signals []signal
	samples []mts.Sample // of one scrape
	now     int64        // time of the latest scrape, ms
}

// newScraper returns a scraper with an empty store without limits of size.
func newScraper(cores int, signals ...signal) *scraper {
	s := &scraper{signals: signals}
	s.store = memstore.New(memstore.Options{
		MaxPoints: math.MaxInt,
		MaxAge:    3 * time.Hour,
		Now:       func() time.Time { return time.UnixMilli(s.now) },
	})
	for _, signal := range signals {
		for core := range cores {
			s.samples = append(s.samples, mts.Sample{Series: mts.New(signal.name, signal.kind, mts.NewLabels(dimensions(core))...)})
		}
	}
	return s
}

// prepare makes the samples of a scrape.
func (s *scraper) prepare(number int) {
	s.now = scrapeTime(number)
	cores := len(s.samples) / len(s.signals)
	for i := range s.samples {
		x := &s.samples[i]
		x.Time, x.Arrival, x.Value = s.now, s.now, s.signals[i/cores].value(i%cores, number)
	}
}

// fill stores the scrapes from one number to another, exclusive.
func (s *scraper) fill(tb testing.TB, from, to int) {
	tb.Helper()
	for number := from; number < to; number++ {
		s.prepare(number)
		if n := s.store.Append(s.samples...); n > 0 {
			tb.Fatalf("the store refused %d samples", n)
		}
	}
}

// fillTSDB returns a database of Prometheus with the same points, all of them in its head, as the
// data of the last hours always are. It keeps no log of writes, which only ingestion would pay for.
func fillTSDB(tb testing.TB, cores, from, to int, signals ...signal) *tsdb.DB {
	tb.Helper()
	o := tsdb.DefaultOptions()
	o.WALSegmentSize = -1
	o.MinBlockDuration = (24 * time.Hour).Milliseconds()
	o.MaxBlockDuration = o.MinBlockDuration
	db, err := tsdb.Open(tb.TempDir(), nil, nil, o, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	db.DisableCompactions()
	var names []labels.Labels
	for _, signal := range signals {
		for core := range cores {
			m := dimensions(core)
			m[labels.MetricName] = signal.name
			names = append(names, labels.FromMap(m))
		}
	}
	refs := make([]storage.SeriesRef, len(names))
	for number := from; number < to; number++ {
		in := db.Appender(tb.Context())
		for i, name := range names {
			refs[i], err = in.Append(refs[i], name, scrapeTime(number), signals[i/cores].value(i%cores, number))
			if err != nil {
				tb.Fatal(err)
			}
		}
		if err := in.Commit(); err != nil {
			tb.Fatal(err)
		}
	}
	return db
}
