package signalflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// everything sends one message of each kind and ends.
func everything(c *scriptConn) {
	ch := c.start()
	c.text("%s", metadataText(ch, 1, "a"))
	c.binary(dataFrame(ch, 1000, double(1, 2.5)))
	c.text("%s", infoText(ch, messages.JobRunningResolution, `{"resolutionMs":1000}`))
	c.text("%s", infoText(ch, messages.JobDetectedLag, `{"lagMs":200}`))
	c.text("%s", infoText(ch, messages.JobInitialMaxDelay, `{"maxDelayMs":300}`))
	c.text("%s", infoText(ch, messages.FindLimitedResultSet, `{"matchedSize":40,"limitSize":30}`))
	c.text("%s", infoText(ch, messages.FindMatchedNoTimeseries, `{"query":"sf_metric:x"}`))
	c.text("%s", infoText(ch, messages.GroupByMissingProperty, `{"propertyNames":["az"]}`))
	c.text(`{"type":"event","channel":%q,"tsId":%q,"timestampMs":1000,"metadata":{},"properties":{"is":"anomalous","was":"ok"}}`, ch, idtool.ID(2))
	c.text(`{"type":"expired-tsid","channel":%q,"tsId":%q}`, ch, idtool.ID(1))
	c.end(ch)
	c.drain()
}

func TestGetters(t *testing.T) {
	onScript(t, everything, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		ctx := t.Context()
		check := func(name string, got any, err error, want any) {
			t.Helper()
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %v (%v), want %v", name, got, err, want)
			}
		}
		handle, err := comp.Handle(ctx)
		check("Handle", handle, err, "GzExampleAA")
		resolution, err := comp.Resolution(ctx)
		check("Resolution", resolution, err, time.Second)
		lag, err := comp.Lag(ctx)
		check("Lag", lag, err, 200*time.Millisecond)
		delay, err := comp.MaxDelay(ctx)
		check("MaxDelay", delay, err, 300*time.Millisecond)
		matched, err := comp.MatchedSize(ctx)
		check("MatchedSize", matched, err, 40)
		limit, err := comp.LimitSize(ctx)
		check("LimitSize", limit, err, 30)
		query, err := comp.MatchedNoTimeseriesQuery(ctx)
		check("MatchedNoTimeseriesQuery", query, err, "sf_metric:x")
		missing, err := comp.GroupByMissingProperties(ctx)
		check("GroupByMissingProperties", missing, err, []string{"az"})
		meta, err := comp.TSIDMetadata(ctx, 1)
		if err != nil || meta.Metric != "m" || meta.CustomProperties["host"] != "a" {
			t.Errorf("TSIDMetadata: %v (%v)", meta, err)
		}
	})
}

// A value that has come is returned even when the context has ended, and after the end.
func TestGettersAfterTheEnd(t *testing.T) {
	onScript(t, everything, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		drainData(comp)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if r, err := comp.Resolution(ctx); r != time.Second || err != nil {
			t.Errorf("%v %v", r, err)
		}
		if _, err := comp.TSIDMetadata(context.Background(), 77); !errors.Is(err, ErrNotReported) {
			t.Errorf("series that never was: %v", err)
		}
	})
}

// Whatever subset of the views is read, all of it arrives and nothing leaks.
func TestAnySubsetOfViews(t *testing.T) {
	for subset := range 16 {
		t.Run(fmt.Sprintf("%04b", subset), func(t *testing.T) {
			onScript(t, everything, func(t *testing.T, s *scriptServer) {
				comp := execute(t, s.client())
				var wg sync.WaitGroup
				var counts [4]int
				for i, drain := range []func() int{
					func() int { return drainData(comp) },
					func() int { return count(comp.Events()) },
					func() int { return count(comp.Info()) },
					func() int { return count(comp.Expirations()) },
				} {
					if subset>>i&1 == 1 {
						wg.Go(func() { counts[i] = drain() })
					}
				}
				wg.Wait()
				for i, want := range []int{1, 1, 6, 1} {
					if subset>>i&1 == 1 && counts[i] != want {
						t.Errorf("view %d delivered %d messages, want %d", i, counts[i], want)
					}
				}
				synctest.Wait()
				if subset == 15 && len(feeders()) > 0 {
					t.Errorf("goroutines left: %v", feeders())
				}
				pass(retireAfter + time.Second)
				if left := feeders(); len(left) > 0 {
					t.Errorf("goroutines left: %v", left)
				}
			})
		})
	}
}

func feeders() []string {
	return slices.DeleteFunc(clientGoroutines(), func(g string) bool { return !strings.Contains(g, "signalflow.feed[") })
}

func count[T any](ch <-chan T) (n int) {
	for range ch {
		n++
	}
	return n
}

// Messages for a channel that nobody knows do no harm.
func TestUnknownChannel(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		c.binary(dataFrame("nobody", 1, points(1)...))
		c.text("%s", infoText("nobody", "X", "{}"))
		c.end(ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		drainData(execute(t, s.client()))
	})
}
