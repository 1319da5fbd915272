package signalflow

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// tapped is a stream whose messages the test makes: there is no connection behind it.
type tapped struct {
	*Stream
	t   *testing.T
	run *streamRun
}

// tapStream runs a test with such a stream in a bubble.
func tapStream(t *testing.T, o Options, test func(s *tapped)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if _, err := o.prepare("p"); err != nil {
			t.Fatal(err)
		}
		c := &Client{conf: defaultConfig(), reports: newErrorQueue(nil, slog.New(slog.DiscardHandler))}
		s := &Stream{client: c, options: o}
		s.ctx, s.cancel = t.Context(), func() {}
		s.queue = streamQueue{limit: DefaultQueueSize, policy: FailComputation, wake: make(chan struct{}, 1)}
		s.assembler.init(s, o)
		defer s.Close()
		test(&tapped{s, t, s.newRun(nil)})
	})
}

// again loses the connection and begins the program anew.
func (s *tapped) again() { s.run = s.newRun(&Resumed{}) }

func (s *tapped) send(msgs ...messages.Message) {
	s.t.Helper()
	for _, m := range msgs {
		if err := s.run.deliver(m, 100, nil); err != nil {
			s.t.Fatal(err)
		}
	}
}

// end ends the run for a reason, without a further one.
func (s *tapped) end(err error) {
	s.options.Tries = -1
	s.runEnded(s.run, err)
}

// items takes what the stream has for its loop, as text.
func (s *tapped) items() string {
	var out []string
	for {
		s.mu.Lock()
		it, ok := s.queue.pop()
		s.mu.Unlock()
		if !ok {
			return strings.Join(out, "; ")
		}
		out = append(out, itemText(it))
	}
}

// itemText writes an item with its times in milliseconds.
func itemText(it Item) string {
	switch it := it.(type) {
	case *Batch:
		text := fmt.Sprint(it.Time.UnixMilli())
		for s, v := range it.All() {
			text += fmt.Sprintf(" %s=%v", s.Name(), v)
		}
		return text + flag(it.Incomplete, " incomplete") + flag(it.Late, " late")
	case *Event:
		return fmt.Sprintf("event %d %s %s", it.TimestampMillis, it.Series.Name(), it.Is()) + flag(it.Restated, " restated")
	case *Info:
		return it.Code
	case *Expired:
		return "expired " + it.Series.Name()
	case *Resumed:
		return "resumed"
	case *CaughtUp:
		return fmt.Sprint("caught up ", it.Time.UnixMilli())
	}
	return fmt.Sprintf("%T", it)
}

func flag(set bool, text string) string {
	if set {
		return text
	}
	return ""
}

// want compares what the stream has for its loop.
func (s *tapped) want(want string) {
	s.t.Helper()
	if got := s.items(); got != want {
		s.t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// latest is the snapshot as text, in order.
func (s *tapped) latest() string {
	var out []string
	for id, sample := range s.Latest() {
		if id != sample.Series.ID {
			s.t.Errorf("%v is under %v", sample.Series.ID, id)
		}
		out = append(out, fmt.Sprintf("%s=%v@%d", sample.Series.Name(), sample.Value, sample.Time.UnixMilli()))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (s *tapped) wantLatest(want string) {
	s.t.Helper()
	if got := s.latest(); got != want {
		s.t.Errorf("latest\n got %s\nwant %s", got, want)
	}
}

// meta describes a series by its label.
func meta(id idtool.ID, label string) messages.Message {
	return messages.NewMetadata(id, &messages.MetadataProperties{InternalProperties: map[string]any{"sf_streamLabel": label}})
}

// points is a data message: ids and values in turn, nil for null.
func pointsAt(ms int64, idsAndValues ...any) messages.Message {
	var list []messages.DataPayload
	for i := 0; i < len(idsAndValues); i += 2 {
		id := idtool.ID(idsAndValues[i].(int))
		if v, ok := idsAndValues[i+1].(int); ok {
			list = append(list, messages.LongPayload(id, int64(v)))
		} else {
			list = append(list, messages.DataPayload{TSID: id})
		}
	}
	return messages.NewData(ms, list)
}

func resolutionInfo(ms int64, d time.Duration) messages.Message {
	return messages.NewInfo(messages.JobRunningResolution, "INFO", ms, map[string]any{"resolutionMs": d.Milliseconds()})
}

func eventAt(ms int64, id idtool.ID, is string) messages.Message {
	properties := map[string]any{}
	if is != "" {
		properties["is"] = is
	}
	return messages.NewEvent(id, ms, nil, properties)
}

const info = messages.JobRunningResolution

func TestMetadataIsJoined(t *testing.T) {
	tapStream(t, Options{}, func(s *tapped) {
		s.send(meta(1, "a"), meta(2, "b"), pointsAt(1000, 1, 10), pointsAt(1000, 2, 20), resolutionInfo(1000, time.Hour))
		s.want("1000 a=10 b=20; " + info)
		s.send(pointsAt(2000, 1, 11), pointsAt(2000, 2, nil))
		s.want("2000 a=11 b=null")
	})
}

// Metadata that comes late holds everything up, in order, and no longer than it may.
func TestMetadataThatComesLate(t *testing.T) {
	tapStream(t, Options{MetadataWait: time.Second, BatchWait: time.Hour}, func(s *tapped) {
		s.send(meta(1, "a"), pointsAt(1000, 1, 1), resolutionInfo(1000, time.Hour))
		s.want("1000 a=1; " + info)
		s.send(pointsAt(2000, 1, 2, 2, 2), resolutionInfo(2000, time.Hour), pointsAt(3000, 1, 3))
		s.want("")
		pass(500 * time.Millisecond)
		s.send(meta(2, "b"))
		s.want("2000 a=2 b=2; " + info + "; 3000 a=3")
	})
}

func TestMetadataThatDoesNotCome(t *testing.T) {
	tapStream(t, Options{MetadataWait: time.Second, BatchWait: time.Hour}, func(s *tapped) {
		s.send(pointsAt(1000, 1, 1), resolutionInfo(1000, time.Hour))
		pass(999 * time.Millisecond)
		s.want("")
		s.send(pointsAt(2000, 1, 2)) // shortly before: it must not wait on for something that is given up
		pass(time.Millisecond)
		synctest.Wait()
		id := idtool.ID(1).String()
		s.want(fmt.Sprintf("1000 %s=1; %s; 2000 %s=2", id, info, id))
		s.send(pointsAt(3000, 1, 3))
		s.want(fmt.Sprintf("3000 %s=3", id))
		s.send(meta(1, "a"), pointsAt(4000, 1, 4))
		s.want("4000 a=4")
		s.wantLatest("a=4@4000")
	})
}

// A series whose expiry comes while a batch of before waits keeps its metadata until then,
// and is gone behind it.
func TestExpiryBehindABatchThatWaits(t *testing.T) {
	tapStream(t, Options{MetadataWait: time.Second, BatchWait: time.Hour}, func(s *tapped) {
		s.send(meta(1, "a"), pointsAt(1000, 1, 1), resolutionInfo(1000, time.Hour))
		s.want("1000 a=1; " + info)
		s.send(pointsAt(2000, 1, 2, 2, 2), messages.NewExpired(1), meta(2, "b"))
		s.want("2000 a=2 b=2; expired a")
		s.wantLatest("b=2@2000")
	})
}

func TestMetadataIsReplaced(t *testing.T) {
	tapStream(t, Options{}, func(s *tapped) {
		s.send(meta(1, "a"), pointsAt(1000, 1, 1), resolutionInfo(1000, time.Hour))
		s.send(meta(1, "A"), pointsAt(2000, 1, 2))
		s.want("1000 a=1; " + info + "; 2000 A=2")
		s.wantLatest("A=2@2000")
	})
}

func TestExpiredSeriesReturns(t *testing.T) {
	tapStream(t, Options{}, func(s *tapped) {
		s.send(meta(1, "a"), meta(2, "b"), pointsAt(1000, 1, 1, 2, 1), resolutionInfo(1000, time.Hour))
		s.send(messages.NewExpired(1), pointsAt(2000, 2, 2))
		s.want("1000 a=1 b=1; " + info + "; expired a; 2000 b=2")
		s.wantLatest("b=2@2000")
		s.send(meta(1, "a2"), pointsAt(3000, 1, 3, 2, 3))
		s.want("3000 a2=3 b=3")
		s.wantLatest("a2=3@3000 b=3@3000")
		s.send(messages.NewExpired(9), messages.NewExpired(1), messages.NewExpired(1))
		s.want(fmt.Sprintf("expired %v; expired a2; expired %v", idtool.ID(9), idtool.ID(1)))
		s.wantLatest("b=3@3000")
	})
}

// An expiry in the middle of a step takes effect behind it.
func TestExpiryInTheMiddleOfAStep(t *testing.T) {
	tapStream(t, Options{BatchWait: time.Hour}, func(s *tapped) {
		s.send(meta(1, "a"), meta(2, "b"), pointsAt(1000, 1, 1), pointsAt(1000, 2, 1), resolutionInfo(1000, time.Hour))
		s.items()
		s.send(pointsAt(2000, 1, 2), messages.NewExpired(1), pointsAt(2000, 2, 2))
		s.want("2000 a=2 b=2; expired a")
		s.wantLatest("b=2@2000")
	})
}

func TestLastOfARepeatedSeriesWins(t *testing.T) {
	tapStream(t, Options{BatchWait: time.Hour}, func(s *tapped) {
		s.send(meta(1, "a"), meta(2, "b"), pointsAt(1000, 1, 1, 2, 2, 1, 3), pointsAt(1000, 2, 4), resolutionInfo(1000, time.Hour))
		s.want("1000 a=3 b=4; " + info)
		s.wantLatest("a=3@1000 b=4@1000")
		s.send(pointsAt(2000, 1, 1, 1, 2), pointsAt(2000))
		s.want("2000 a=2")
	})
}

// A batch that cannot be completed comes when its time is over, and so does what is behind.
func TestHoldTimer(t *testing.T) {
	tapStream(t, Options{}, func(s *tapped) {
		s.send(meta(1, "a"), meta(2, "b"), pointsAt(1000, 1, 1))
		pass(time.Hour) // the first one has all the time that it needs
		s.want("")
		s.send(pointsAt(1000, 2, 1), resolutionInfo(1000, 500*time.Millisecond))
		s.want("1000 a=1 b=1; " + info)
		s.send(pointsAt(1500, 1, 2), eventAt(1500, 9, "ok"))
		pass(499 * time.Millisecond)
		s.want("")
		pass(2 * time.Millisecond)
		synctest.Wait()
		s.want(fmt.Sprintf("1500 a=2 incomplete; event 1500 %v ok", idtool.ID(9)))
		s.send(pointsAt(1500, 2, 2))
		s.want("1500 b=2 late")
	})
}

// The last values that there are, whatever came in between.
func TestLatestKeepsValuesOverNulls(t *testing.T) {
	tapStream(t, Options{Expiry: time.Minute}, func(s *tapped) {
		s.send(meta(1, "a"), meta(2, "b"), pointsAt(1000, 1, 1, 2, 1), resolutionInfo(1000, time.Second))
		s.send(pointsAt(2000, 1, 2, 2, 2))
		s.send(pointsAt(3000, 1, 3, 2, nil))
		s.send(pointsAt(4000, 1, nil, 2, nil))
		s.wantLatest("a=3@3000 b=2@2000")
		s.send(pointsAt(5000, 2, 5))
		s.wantLatest("a=3@3000 b=5@5000")
		s.send(pointsAt(2000, 1, 9)) // late
		s.wantLatest("a=3@3000 b=5@5000")
	})
}

func TestLatestExpires(t *testing.T) {
	tapStream(t, Options{}, func(s *tapped) {
		s.send(meta(1, "a"), meta(2, "b"), pointsAt(1000, 1, 1, 2, 1), resolutionInfo(1000, time.Second))
		for ms := int64(2000); ms <= 4000; ms += 1000 {
			s.send(pointsAt(ms, 1, int(ms)))
		}
		s.wantLatest("a=4000@4000 b=1@1000") // as old as it may be
		s.send(pointsAt(5000, 1, 5))
		s.wantLatest("a=5@5000")
		pass(3 * time.Second)
		s.wantLatest("a=5@5000")
		pass(time.Millisecond)
		s.wantLatest("") // the server is silent
		s.send(pointsAt(6000, 1, 6))
		s.wantLatest("a=6@6000")
		s.end(nil)
		pass(time.Hour)
		s.wantLatest("a=6@6000") // the end is no silence
	})
}

// After a further run that calls everything otherwise, the snapshot goes on.
func TestLatestAfterAResume(t *testing.T) {
	tapStream(t, Options{Expiry: 10 * time.Second}, func(s *tapped) {
		s.send(meta(1, "a"), meta(2, "b"), meta(3, "c"), pointsAt(1000, 1, 1, 2, 1, 3, 1), resolutionInfo(1000, time.Second))
		s.again()
		s.wantLatest("a=1@1000 b=1@1000 c=1@1000")
		s.send(meta(2, "a"), meta(4, "b")) // 2 was b
		s.wantLatest("a=1@1000 b=1@1000 c=1@1000")
		s.send(pointsAt(2000, 2, 2, 4, nil))
		s.wantLatest("a=2@2000 b=1@1000 c=1@1000")
		s.send(pointsAt(11000, 2, 3, 4, 3))
		s.wantLatest("a=3@11000 b=3@11000 c=1@1000")
		s.send(pointsAt(12000, 2, 4, 4, 4))
		s.wantLatest("a=4@12000 b=4@12000")
	})
}

// What does not come back is forgotten, whether anybody asks for the snapshot or not.
func TestFormerSeriesAreForgotten(t *testing.T) {
	tapStream(t, Options{}, func(s *tapped) {
		for run := range 100 {
			ms := int64(run+1) * 10_000
			id := run + 1
			s.send(meta(idtool.ID(id), fmt.Sprint("pod", run)), pointsAt(ms, id, 1), resolutionInfo(ms, time.Second))
			s.send(pointsAt(ms+1000, id, 1), pointsAt(ms+2000, id, 1))
			s.items()
			s.again()
		}
		if n := len(s.assembler.catalog.former); n > 3 {
			t.Errorf("%d series of runs that are long over are kept", n)
		}
	})
}

func TestResumedStreamDropsWhatItHas(t *testing.T) {
	tapStream(t, Options{BatchWait: time.Hour}, func(s *tapped) {
		s.send(meta(1, "a"), meta(2, "b"), pointsAt(1000, 1, 1), pointsAt(1000, 2, 1), resolutionInfo(1000, time.Second))
		s.send(pointsAt(2000, 1, 2), resolutionInfo(1000, time.Second))
		s.want("1000 a=1 b=1; " + info)
		s.again()
		s.want("")
		s.send(meta(1, "a"), meta(2, "b"), pointsAt(1000, 1, 1), pointsAt(1000, 2, 1), resolutionInfo(1000, time.Second))
		s.want("resumed; " + info)
		s.send(pointsAt(2000, 1, 2), pointsAt(2000, 2, 2))
		s.want("2000 a=2 b=2")
	})
}

func TestGapMarksTheNextBatch(t *testing.T) {
	tapStream(t, Options{}, func(s *tapped) {
		s.send(meta(1, "a"), pointsAt(1000, 1, 1), resolutionInfo(1000, time.Second))
		s.run.gap()
		s.send(pointsAt(2000, 1, 1), pointsAt(3000, 1, 1))
		s.want("1000 a=1; " + info + "; 2000 a=1 incomplete; 3000 a=1")
		if s.Stats().Gaps != 1 {
			t.Errorf("%+v", s.Stats())
		}
	})
}

// What is open at the end is marked, unless it was all that there is.
func TestEndWithAnOpenBatch(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"normal": {nil, "1000 a=1"},
		"abort":  {&AbortError{}, "1000 a=1 incomplete"},
		"lost":   {&ConnectionLostError{}, "1000 a=1 incomplete"},
	} {
		tapStream(t, Options{}, func(s *tapped) {
			s.send(meta(1, "a"), pointsAt(1000, 1, 1))
			s.end(test.err)
			if got := s.items(); got != test.want || s.Err() != test.err {
				t.Errorf("%s: %s, %v", name, got, s.Err())
			}
		})
	}
}

// The rules of restating: what each run says, and what is marked.
func TestRestatedEvents(t *testing.T) {
	const a, b = 101, 102
	type event struct {
		at  int64
		id  idtool.ID
		is  string
		old bool // marked
	}
	for name, runs := range map[string][][]event{
		"without a resume nothing is": {{{1, a, "anomalous", false}, {1, a, "anomalous", false}, {1, b, "ok", false}, {2, a, "anomalous", false}, {1, a, "ok", false}}},
		"fires again":                 {{{5, a, "anomalous", false}}, {{6, a, "anomalous", true}, {8, a, "ok", false}, {9, a, "anomalous", false}}},
		"the same again":              {{{5, a, "anomalous", false}}, {{5, a, "anomalous", true}, {8, a, "ok", false}}},
		"cleared before the loss":     {{{5, a, "anomalous", false}, {6, a, "ok", false}}, {{8, a, "anomalous", false}}},
		"cleared in the gap":          {{{5, a, "anomalous", false}}, {{7, a, "ok", false}, {8, a, "anomalous", false}}},
		"goes back far":               {{{5, a, "anomalous", false}, {6, a, "ok", false}}, {{5, a, "anomalous", true}, {6, a, "ok", true}, {7, a, "anomalous", false}}},
		"another series":              {{{5, a, "anomalous", false}}, {{5, b, "anomalous", false}, {5, a, "anomalous", true}}},
		"three runs":                  {{{5, a, "anomalous", false}}, {{6, a, "anomalous", true}}, {{8, a, "anomalous", true}, {9, a, "ok", false}}},
		"a run that says nothing":     {{{5, a, "anomalous", false}}, {}, {{8, a, "anomalous", true}, {9, a, "ok", false}}},
		"twice in one run":            {{{5, a, "anomalous", false}}, {{6, a, "anomalous", true}, {7, a, "anomalous", false}}},
		"custom events":               {{{5, a, "", false}, {6, a, "", false}}, {{5, a, "", true}, {6, a, "", true}, {7, a, "", false}, {7, a, "", false}}},
		"custom events of one time":   {{{5, a, "", false}, {5, a, "", false}}, {{5, a, "", true}, {5, a, "", true}, {5, a, "", false}}},
		"and again":                   {{{5, a, "", false}, {5, a, "", false}}, {{5, a, "", true}}, {{5, a, "", true}, {5, a, "", true}, {6, a, "", false}}},
		"more than before":            {{{5, a, "", false}}, {{5, a, "", true}, {5, a, "", false}}, {{5, a, "", true}, {5, a, "", true}, {5, a, "", false}}},
	} {
		tapStream(t, Options{}, func(s *tapped) {
			for i, run := range runs {
				if i > 0 {
					s.again()
				}
				s.send(meta(a, "a"), meta(b, "b"))
				s.items()
				for _, e := range run {
					s.send(eventAt(e.at, e.id, e.is))
					got := s.items()
					if old := strings.HasSuffix(got, "restated"); old != e.old {
						t.Errorf("%s: run %d: %s, want restated: %v", name, i+1, got, e.old)
					}
				}
			}
		})
	}
}

// An event that never reached the loop is news when it comes again.
func TestEventThatWasLostIsNews(t *testing.T) {
	tapStream(t, Options{BatchWait: time.Hour}, func(s *tapped) {
		s.send(meta(1, "a"), meta(9, "e"), pointsAt(1000, 1, 1), pointsAt(1000), resolutionInfo(1000, time.Second))
		s.want("1000 a=1; " + info)
		s.send(pointsAt(2000, 1, 2), eventAt(2000, 9, "anomalous")) // behind a batch that will never be whole
		s.want("")
		s.again()
		s.send(meta(1, "a"), meta(9, "e"), pointsAt(2000, 1, 2), pointsAt(2000), eventAt(2000, 9, "anomalous"))
		s.want("resumed; 2000 a=2; event 2000 e anomalous")
	})
}

// CaughtUp comes once a run, when the batches are as late as live ones, by the server's clock.
func TestCaughtUp(t *testing.T) {
	for name, skew := range map[string]time.Duration{"same clock": 0, "server ahead": time.Hour, "server behind": -time.Hour} {
		tapStream(t, Options{}, func(s *tapped) {
			server := func() int64 { return time.Now().Add(skew).UnixMilli() }
			replay := func() {
				s.send(messages.NewJobStart("h", uint64(server())), meta(1, "a"))
				now := server() / 1000 * 1000
				for ms := now - 20_000; ms <= now; ms += 1000 {
					s.send(pointsAt(ms, 1, 1))
					if ms == now-20_000 {
						s.send(resolutionInfo(ms, time.Second))
					}
				}
				pass(time.Second)
				s.send(pointsAt(now+1000, 1, 1))
				if want := fmt.Sprint("caught up ", now-3000); strings.Count(s.items(), "caught up") != 1 || !s.Stats().CaughtUp {
					t.Errorf("%s: want once %s", name, want)
				}
			}
			replay()
			pass(time.Minute)
			s.again()
			if s.Stats().CaughtUp {
				t.Errorf("%s: still caught up after a loss", name)
			}
			replay()
		})
	}
}

// A server that does not say when it is has our clock.
func TestCaughtUpWithoutAServerClock(t *testing.T) {
	tapStream(t, Options{}, func(s *tapped) {
		s.send(messages.NewJobStart("h", 0), meta(1, "a"))
		now := time.Now().UnixMilli()
		s.send(pointsAt(now-60_000, 1, 1), resolutionInfo(now-60_000, time.Second))
		if got := s.items(); strings.Contains(got, "caught up") {
			t.Errorf("a minute late and %s", got)
		}
		s.send(pointsAt(now, 1, 1))
		if got := s.items(); !strings.Contains(got, "caught up") {
			t.Errorf("got %s", got)
		}
	})
}

func TestStreamStats(t *testing.T) {
	tapStream(t, Options{}, func(s *tapped) {
		s.send(messages.NewJobStart("h", 1), messages.NewJobProgress(40, 1))
		if st := s.Stats(); st.Progress != 40 || st.Resolution != 0 || st.Resumes != 0 {
			t.Errorf("%+v", st)
		}
		delay := messages.NewData(1000, nil)
		delay.HasMaxDelay, delay.MaxDelayMillis = true, 2500
		s.send(messages.NewJobProgress(100, 1), delay, resolutionInfo(1000, 10*time.Second))
		if st := s.Stats(); st.Progress != 100 || st.Resolution != 10*time.Second || st.MaxDelay != 2500*time.Millisecond {
			t.Errorf("%+v", st)
		}
		s.again()
		s.send(messages.NewJobProgress(1, 1))
		if st := s.Stats(); st.Progress != 1 || st.Resumes != 1 || st.Resolution != 10*time.Second {
			t.Errorf("%+v", st)
		}
		s.end(errors.New("over"))
		if st := s.Stats(); st.Running {
			t.Errorf("%+v", st)
		}
	})
}

// A server that goes back in time is reported, once a run; larger steps are no fault.
func TestServerThatGoesBackIsReported(t *testing.T) {
	tapStream(t, Options{}, func(s *tapped) {
		var log errorLog
		s.client.reports.call = log.add
		s.send(meta(1, "a"), pointsAt(1000, 1, 1), resolutionInfo(1000, time.Second))
		s.send(pointsAt(2000, 1, 1), pointsAt(2000), pointsAt(3000, 1, 1), pointsAt(3000))
		synctest.Wait()
		if n := len(log.all()); n != 0 {
			t.Errorf("reported %v", log.all())
		}
		for range 3 {
			s.send(pointsAt(2000, 1, 9))
		}
		synctest.Wait()
		if n := len(log.all()); n != 1 || !log.contains("went back in time") {
			t.Errorf("reported %v", log.all())
		}
	})
}
