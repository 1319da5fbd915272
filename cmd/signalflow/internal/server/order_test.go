package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// converse sends a request and returns the messages of its channel, until the terminal one and a
// second longer, while feed, if any, appends points.
func converse(t *testing.T, store *memstore.Store, o engine.Options, request string, feed func()) (all []messages.Message) {
	t.Helper()
	streams := wire.NewServer(New(Options{Source: store, Jobs: o}), wire.Options{})
	listener := memnet.Listen("test")
	web := &http.Server{Handler: streams}
	var owned sync.WaitGroup
	owned.Go(func() { web.Serve(listener) })
	conn, err := listener.DialContext(context.Background(), "tcp", "test")
	if err != nil {
		t.Fatal(err)
	}
	ws := newSocket(t, conn)
	ws.send(`{"type":"authenticate","token":"t"}`)
	ws.send(request)
	if feed != nil {
		owned.Go(feed)
	}
	for {
		payload, err := ws.next()
		if err != nil {
			break
		}
		m, err := messages.ParseMessage(payload, payload[0] == '{')
		if err != nil {
			t.Fatalf("%q: %v", payload, err)
		}
		switch m := m.(type) {
		case *messages.AuthenticatedMessage, *messages.KeepAliveControlMessage:
			continue
		case *messages.BaseControlMessage:
			if m.Event == "KEEP_ALIVE" {
				continue
			}
		}
		if all = append(all, m); wire.Terminal(m) {
			conn.SetReadDeadline(time.Now().Add(time.Second)) // nothing may follow
		}
	}
	conn.Close()
	streams.Close()
	web.Close()
	owned.Wait()
	return all
}

// order checks the rules of protocol.md 3.1 and 8.7 for a job with so many publishes, and returns
// what kinds of messages came, repeated ones once.
func order(t *testing.T, all []messages.Message, publishes int) string {
	t.Helper()
	var kinds []string
	var time, batches uint64 // of the present timestamp; data messages of it
	known, progress, informed, over := map[string]bool{}, 0.0, false, false
	see := func(kind string) {
		if n := len(kinds); n == 0 || kinds[n-1] != kind {
			kinds = append(kinds, kind)
		}
		if over {
			t.Errorf("%s after the end", kind)
		}
	}
	whole := func(what string) {
		if batches%uint64(publishes) != 0 {
			t.Errorf("%s after %d of %d data messages of %d", what, batches, publishes, time)
		}
	}
	for _, m := range all {
		switch m := m.(type) {
		case *messages.StreamStartControlMessage:
			see("start")
		case *messages.JobStartControlMessage:
			see("job")
		case *messages.JobProgressControlMessage:
			see("progress")
			if m.Progress < progress || m.Progress > 100 {
				t.Errorf("progress %v after %v", m.Progress, progress)
			}
			progress = m.Progress
		case *messages.MetadataMessage:
			see("metadata")
			known[m.TSID.String()] = true
		case *messages.DataMessage:
			see("data")
			if m.TimestampMillis < time {
				t.Errorf("data of %d after %d", m.TimestampMillis, time)
			} else if m.TimestampMillis > time {
				whole("the next time")
				time, batches = m.TimestampMillis, 0
			}
			batches++
			for _, p := range m.Payloads {
				if !known[p.TSID.String()] {
					t.Errorf("data of %v, which is not known, at %d", p.TSID, time)
				}
			}
		case *messages.InfoMessage:
			see("info")
			whole(m.Code)
			if !informed && m.Code != messages.JobRunningResolution {
				t.Errorf("the first information is %s", m.Code)
			}
			informed = true
		case *messages.ExpiredTSIDMessage:
			see("expired")
			whole("the end of a series")
			id, err := m.ID()
			if err != nil || !known[id.String()] {
				t.Errorf("the end of %v, which is not known, %v", id, err)
			}
			delete(known, id.String())
		default:
			see(fmt.Sprintf("%T", m))
			whole("the end")
			over = wire.Terminal(m)
		}
	}
	if !over {
		t.Errorf("no terminal message")
	}
	return strings.Join(kinds, " ")
}

// codes returns the codes of the information messages.
func codes(all []messages.Message) string {
	var out []string
	for _, m := range all {
		if m, ok := m.(*messages.InfoMessage); ok {
			out = append(out, m.Code)
		}
	}
	return strings.Join(out, " ")
}

// at appends a point of a series of m.
func at(store *memstore.Store, host string, time time.Time) {
	s := series.New("m", series.Gauge, series.Label{Name: "host", Value: host})
	store.Append(series.Sample{Series: s, Point: series.Point{Time: time.UnixMilli(), Value: 1}})
}

const begun = "start job "

// Every kind of job keeps the order over the wire.
func TestOrderOverTheWire(t *testing.T) {
	const end = " *messages.EndOfChannelControlMessage"
	run := func(name string, test func(t *testing.T, store *memstore.Store, now time.Time)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, now := memstore.New(memstore.Options{}), time.Now()
				for i := range 120 {
					at(store, "a", now.Add(time.Duration(i-120)*time.Second))
				}
				test(t, store, now)
			})
		})
	}
	request := func(program string, start, stop time.Time, more string) string {
		return fmt.Sprintf(`{"type":"execute","channel":"ch-1","program":%q,"start":%d,"stop":%d%s}`, program, start.UnixMilli(), stop.UnixMilli(), more)
	}
	run("history", func(t *testing.T, store *memstore.Store, now time.Time) {
		at(store, "b", now.Add(-20*time.Second))
		all := converse(t, store, engine.Options{}, request("A = data('m').mean(over='1m')\nA.publish('A')\nA.sum().publish('B')\ndata('none').publish()",
			now.Add(-40*time.Second), now.Add(-10*time.Second), ""), nil)
		if got := order(t, all, 3); got != begun+"progress metadata data info data"+end {
			t.Errorf("got %s", got)
		}
		if got := codes(all); got != "JOB_RUNNING_RESOLUTION JOB_INITIAL_MAX_DELAY FIND_MATCHED_DIMENSIONS FETCH_NUM_TIMESERIES FIND_MATCHED_NO_TIMESERIES FETCH_NUM_TIMESERIES ID_NUM_TIMESERIES ID_NUM_TIMESERIES ID_NUM_TIMESERIES" {
			t.Errorf("got %s", got)
		}
	})
	run("live, with series that appear, are late, end and come back", func(t *testing.T, store *memstore.Store, now time.Time) {
		feed := func() {
			for i := range 40 {
				at(store, "a", time.Now())
				if i >= 5 && i < 10 || i > 25 {
					at(store, "new", time.Now())
				}
				if i == 14 {
					at(store, "new", now.Add(10*time.Second+500*time.Millisecond)) // its slot was sent at 13 s
				}
				time.Sleep(time.Second)
			}
		}
		all := converse(t, store, engine.Options{Inactivity: 5 * time.Second}, request("A = data('m')\nA.publish('A')\nA.count().publish('B')", now, now.Add(30*time.Second), `,"maxDelay":2000`), feed)
		if got := order(t, all, 2); got != begun+"metadata data info data metadata data info data expired info data metadata data"+end {
			t.Errorf("got %s", got)
		}
		if got := codes(all); !strings.HasSuffix(got, "ID_NUM_TIMESERIES JOB_DETECTED_LAG FETCH_INACTIVE_EMITTERS") {
			t.Errorf("got %s", got)
		}
	})
	run("no slot", func(t *testing.T, store *memstore.Store, now time.Time) {
		all := converse(t, store, engine.Options{}, request("data('m').publish()", now.Add(time.Hour), now.Add(2*time.Hour), `,"immediate":true`), nil)
		if got := order(t, all, 1); got != begun+"info"+end {
			t.Errorf("got %s", got)
		}
	})
	run("no publish", func(t *testing.T, store *memstore.Store, now time.Time) {
		all := converse(t, store, engine.Options{}, request("A = data('m')", now.Add(-time.Minute), now.Add(-30*time.Second), ""), nil)
		if got := order(t, all, 1); got != begun+"info"+end {
			t.Errorf("got %s", got)
		}
	})
	run("a limit", func(t *testing.T, store *memstore.Store, now time.Time) {
		all := converse(t, store, engine.Options{MaxWindowPoints: 1}, request("data('m').mean(over='1m').publish()", now.Add(-time.Minute), now, ""), nil)
		if got := order(t, all, 1); got != begun+"*messages.ErrorMessage" {
			t.Errorf("got %s", got)
		}
	})
}
