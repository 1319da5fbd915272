package memstore

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// While the filter of a query looks at series, which may be very many, others read and write.
func TestFiltersRunWithoutTheLock(t *testing.T) {
	s, a := New(Options{}), host("a")
	s.Append(at(a, 1, 1))
	looked := 0
	busy := matcher(func(*series.Series) bool { // would wait for ever for the lock of its caller
		looked++
		s.Append(at(a, int64(looked), 1))
		found, err := s.Select(t.Context(), series.Query{Metric: "cpu"})
		return err == nil && len(found.Series) == 1
	})
	q := series.Query{Metric: "c*", Filter: busy}
	if found, err := s.Select(t.Context(), q); err != nil || len(found.Series) != 1 {
		t.Errorf("found %d, %v", len(found.Series), err)
	}
	feed, err := s.Subscribe(q, make(chan struct{}, 1))
	if err != nil {
		t.Fatal(err)
	}
	s.Append(at(a, 10, 1))
	if samples, lost := feed.Take(nil); len(samples) != 1 || lost {
		t.Errorf("%d samples", len(samples))
	}
	feed.Close()
	if looked != 3 {
		t.Errorf("looked %d times, want 3: at a selection, a subscription and its end", looked)
	}
}

// A subscription gets every point from its return on, once, also of series that appear while it
// is made; and those who leave meanwhile are not found.
func TestSubscribeAmongWriters(t *testing.T) {
	s := New(Options{})
	for i := range 3 * part {
		s.Append(at(host(fmt.Sprint(i)), 1, 1))
	}
	late := false
	q := series.Query{Metric: "cpu", Filter: matcher(func(sr *series.Series) bool {
		if !late {
			late = true
			s.Append(at(host("late"), 1, 1)) // the subscription is known already
		}
		return true
	})}
	feed, err := s.Subscribe(q, make(chan struct{}, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	if samples, _ := feed.Take(nil); len(samples) > 1 {
		t.Errorf("%d samples of one", len(samples))
	}
	s.Append(at(host("late"), 2, 1), at(host("0"), 2, 1), at(host("new"), 2, 1))
	if samples, _ := feed.Take(nil); len(samples) != 3 {
		t.Errorf("%d samples, want each once", len(samples))
	}
	s.trimming.Lock()
	s.dropBefore(2)
	s.trimming.Unlock()
	if found, err := s.Select(t.Context(), series.Query{Metric: "*"}); err != nil || found.Matched != 3 || len(s.metrics) != 1 {
		t.Errorf("found %d, %v", found.Matched, err)
	}
}

// Many new series are stored in smaller parts when there are many feeds to ask about each, and
// come to each feed once.
func TestNewSeriesAmongFeeds(t *testing.T) {
	s, asked := New(Options{}), 0
	q := series.Query{Metric: "cpu", Filter: matcher(func(*series.Series) bool { asked++; return true })}
	var feeds []*series.Feed
	for range 200 {
		feed, err := s.Subscribe(q, make(chan struct{}, 1))
		if err != nil {
			t.Fatal(err)
		}
		feeds = append(feeds, feed)
	}
	var samples []series.Sample
	for i := range part {
		samples = append(samples, at(host(fmt.Sprint(i)), 1, 1))
	}
	if done, refused, full := s.appendPart(samples, 1); done < 1 || refused != 0 || full || asked > 2*part*perSample {
		t.Errorf("%d samples in one part, and %d questions", done, asked)
	} else if s.Append(samples[done:]...) != 0 {
		t.Error("some are refused")
	}
	for _, f := range feeds {
		if got, lost := f.Take(nil); len(got) != part || lost {
			t.Errorf("%d samples, want %d", len(got), part)
		}
	}
	if done, _, _ := s.appendPart(samples, 1); done != part {
		t.Errorf("%d samples of known series in one part, want %d", done, part)
	}
}

// Dropping old points never waits for a writer that waits for it, as a second lock for reading
// would behind a lock for writing.
func TestTrimAmongWriters(t *testing.T) {
	s := New(Options{})
	s.Append(at(host("a"), 1, 1))
	done := make(chan struct{})
	go func() {
		defer close(done)
		var writers sync.WaitGroup
		for range 2 {
			writers.Go(func() {
				for i := range int64(20_000) {
					s.Append(at(host("a"), i, 1))
				}
			})
		}
		for range 20_000 {
			s.visitAll(func([]*entry) {})
		}
		writers.Wait()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the store is locked for ever")
	}
}

// BenchmarkBesideSelect measures how long an append of a point has to wait beside queries that
// select among 100,000 series, each as soon as the one before has its answer.
func BenchmarkBesideSelect(b *testing.B) {
	s := New(Options{})
	for i := range 100_000 {
		s.Append(at(host(fmt.Sprint(i)), 1, 1))
	}
	ctx, cancel := context.WithCancel(b.Context())
	done, selections := make(chan struct{}), 0
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			s.Select(ctx, series.Query{Metric: "c*", From: 1, To: 2})
			selections++
		}
	}()
	a := host("0")
	var longest, sum time.Duration
	begin := time.Now()
	for b.Loop() {
		t := time.Now()
		s.Append(at(a, 2, 1))
		longest = max(longest, time.Since(t))
		sum += time.Since(t)
		time.Sleep(100 * time.Microsecond)
	}
	cancel()
	<-done
	b.ReportMetric(float64(longest.Microseconds())/1000, "longest-ms")
	b.ReportMetric(float64(sum.Microseconds())/float64(b.N), "mean-µs")
	b.ReportMetric(float64(time.Since(begin).Milliseconds())/float64(selections), "ms/selection")
}
