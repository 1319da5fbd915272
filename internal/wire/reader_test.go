package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// follow reads the messages of one channel or response until its end, and checks what every
// reader may rely on, whenever it came (protocol.md 3.1).
type follow struct {
	perStep  int // data messages of one logical timestamp
	resuming bool

	first, last int64 // logical times
	atLast      int   // data messages of the last one
	known       map[string]bool
	informed    bool
	head        []string // the first two messages
	end         string
	faults      []string
}

func (f *follow) fault(format string, args ...any) {
	f.faults = append(f.faults, fmt.Sprintf(format, args...))
}

func (f *follow) take(m messages.Message) {
	if f.end != "" {
		f.fault("after the end: %s", m.Type())
	}
	switch m := m.(type) {
	case *messages.MetadataMessage:
		if f.known == nil {
			f.known = make(map[string]bool)
		}
		f.known[m.TSID.String()] = true
	case *messages.ExpiredTSIDMessage:
		if !f.known[m.TSID] {
			f.fault("an unknown series ends")
		}
		delete(f.known, m.TSID)
	case *messages.DataMessage:
		f.data(m)
	case *messages.InfoMessage:
		if f.first == 0 || !f.informed && f.last == f.first && f.atLast != f.perStep {
			f.fault("information after %d messages of the first batch", f.atLast)
		}
		f.informed = true
	case *messages.ErrorMessage, *messages.EndOfChannelControlMessage, *messages.ChannelAbortControlMessage:
		f.end = fmt.Sprintf("%T", m)
		if a, ok := m.(*messages.ChannelAbortControlMessage); ok {
			f.end = a.AbortInfo.Reason
		}
	}
	if len(f.head) < 2 {
		f.head = append(f.head, fmt.Sprintf("%T", m))
	}
}

func (f *follow) data(m *messages.DataMessage) {
	ms := int64(m.TimestampMillis)
	switch {
	case f.first == 0:
		f.first, f.last = ms, ms
	case ms == f.last+1:
		if f.atLast != f.perStep {
			f.fault("%d messages at %d", f.atLast, f.last)
		}
		if f.last != f.first && !f.informed {
			f.fault("no information behind the first batch")
		}
		f.last, f.atLast = ms, 0
	case ms != f.last:
		f.fault("from %d to %d", f.last, ms)
		f.last, f.atLast = ms, 0
	}
	f.atLast++
	for _, p := range m.Payloads {
		if !f.known[p.TSID.String()] {
			f.fault("data of a series without metadata at %d", ms)
		}
	}
}

// steps is a run of two publishes with series that come and go. It has one step for each
// receive from tick, without end.
func steps(ctx context.Context, out *Output, tick <-chan struct{}) error {
	send := func(m messages.Message) {
		if err := out.Send(m); err != nil && ctx.Err() == nil {
			panic(err)
		}
	}
	id := idtool.ID(1)
	for ms := int64(1); ctx.Err() == nil; ms++ {
		select {
		case <-tick:
		case <-ctx.Done():
			return nil
		}
		if ms%7 == 1 {
			if ms > 1 {
				send(messages.NewExpired(id))
				id++
			}
			send(messages.NewMetadata(id, &messages.MetadataProperties{Metric: "m"}))
		}
		for range 2 {
			send(messages.NewData(ms, []messages.DataPayload{messages.LongPayload(id, ms)}))
		}
		if ms == 1 || ms%5 == 0 {
			send(messages.NewInfo(messages.JobRunningResolution, "INFO", ms, map[string]any{"resolutionMs": 1}))
		}
	}
	return nil
}

// followWS reads a channel of a WebSocket.
func (f *follow) followWS(ws *websocket.Conn, channel string) {
	var d messages.Decoder
	for f.end == "" {
		kind, frame, err := ws.ReadMessage()
		if err != nil {
			f.end = "lost"
			return
		}
		m, err := d.Decode(frame, kind == websocket.TextMessage)
		if err != nil {
			f.fault("%v", err)
			return
		}
		if !bytes.Contains(frame, []byte(channel)) { // of the connection
			continue
		}
		f.take(m)
	}
}

// followSSE reads a response.
func (f *follow) followSSE(r io.Reader) {
	in := messages.NewSSEReader(r, 0)
	var d messages.Decoder
	for {
		ev, err := in.Next()
		if err != nil {
			if f.end == "" {
				f.end = "lost"
			}
			return
		}
		m, err := d.DecodeSSE(ev)
		if err != nil {
			f.fault("%v", err)
			return
		}
		f.take(m)
	}
}

// Readers that come and go at random, over both transports, each see a run that is whole from
// where it begins.
func TestReadersComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tick := make(chan struct{})
		_, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error { return steps(ctx, out, tick) }), Options{KeepAlive: time.Hour})
		handle := startInBackground(t, l)
		web := caller(t, l)
		rnd := rand.New(rand.NewPCG(1, 2))
		var readers sync.WaitGroup
		var all []*follow
		var leave []func()
		for range 400 {
			switch rnd.IntN(4) {
			case 0:
				f := &follow{perStep: 2}
				all = append(all, f)
				if rnd.IntN(2) == 0 {
					ws := dial(t, l)
					say(t, ws, fmt.Sprintf(`{"type":"attach","channel":"ch-1","handle":%q,"compress":%v}`, handle, rnd.IntN(2) == 0))
					readers.Go(func() { f.followWS(ws, "ch-1") })
					leave = append(leave, func() { ws.Close() })
				} else {
					ctx, cancel := context.WithCancel(t.Context())
					resp := post(ctx, t, web, "/"+handle+"/attach", "")
					readers.Go(func() { f.followSSE(resp.Body) })
					leave = append(leave, cancel)
				}
			case 1:
				if len(leave) > 3 {
					i := rnd.IntN(len(leave))
					leave[i]()
					leave = append(leave[:i], leave[i+1:]...)
				}
			}
			if rnd.IntN(3) > 0 {
				synctest.Wait()
			}
			tick <- struct{}{}
		}
		synctest.Wait()
		resp := post(t.Context(), t, web, "/"+handle+"/stop?reason=over", "")
		if resp.StatusCode != http.StatusOK {
			t.Errorf("stop: %s", resp.Status)
		}
		readers.Wait()
		over, batches := 0, 0
		for i, f := range all {
			for _, fault := range f.faults {
				t.Errorf("reader %d of %d: %s", i, len(all), fault)
			}
			if len(f.head) == 2 && strings.Join(f.head, " ") != "*messages.StreamStartControlMessage *messages.JobStartControlMessage" {
				t.Errorf("reader %d begins with %v", i, f.head)
			}
			if f.end == "over" {
				over++
			} else if f.end != "lost" {
				t.Errorf("reader %d ends with %q", i, f.end)
			}
			batches += int(f.last - f.first)
		}
		if over != len(leave) || batches < 1000 {
			t.Errorf("%d readers of %d saw the end, and all together %d batches", over, len(leave), batches)
		}
	})
}

// startInBackground runs a program without readers and returns its handle.
func startInBackground(t *testing.T, l *memnet.Listener) string {
	t.Helper()
	resp := post(t.Context(), t, caller(t, l), "/start", "p")
	var body struct{ ID string }
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || body.ID == "" {
		t.Fatalf("start: %s, %v", resp.Status, err)
	}
	return body.ID
}

// Of two readers one stalls: it loses its channel, and the other one misses nothing. Each
// transport can be the one that stalls.
func TestOneOfTwoReadersStalls(t *testing.T) {
	for _, stalls := range []string{"websocket", "sse"} {
		t.Run(stalls, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const total = 150
				release := make(chan struct{})
				var ended error
				server, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
					<-release
					out.Send(messages.NewMetadata(1, &messages.MetadataProperties{}))
					for ms := int64(1); ms <= total; ms++ {
						m := batch(ms)
						for i := range m.Payloads {
							m.Payloads[i] = messages.LongPayload(1, ms)
						}
						if ended = out.Send(m); ended != nil {
							return ended
						}
						if ms == 1 {
							out.Send(messages.NewInfo("X", "INFO", 1, nil))
						}
					}
					return nil
				}), Options{MaxQueueBytes: 1 << 20})
				handle := startInBackground(t, l)
				ws := dial(t, l)
				say(t, ws, fmt.Sprintf(`{"type":"attach","channel":"ch-1","handle":%q}`, handle))
				resp := post(t.Context(), t, caller(t, l), "/"+handle+"/attach", "")
				good, stalled := &follow{perStep: 1}, &follow{perStep: 1}
				read := map[string]func(f *follow){
					"websocket": func(f *follow) { f.followWS(ws, "ch-1") },
					"sse":       func(f *follow) { f.followSSE(resp.Body) },
				}
				other := map[string]string{"websocket": "sse", "sse": "websocket"}[stalls]
				done := make(chan struct{})
				begin := time.Now()
				go func() {
					defer close(done)
					read[other](good)
				}()
				close(release)
				<-done
				if took := time.Since(begin); took > 6*time.Second {
					t.Errorf("the other reader took %v", took)
				}
				if good.end != "*messages.EndOfChannelControlMessage" || good.last != total || len(good.faults) > 0 || ended != nil {
					t.Errorf("the other reader: %s at %d, %v; the run %v", good.end, good.last, good.faults, ended)
				}
				read[stalls](stalled)
				if stalled.end != "slow consumer" || len(stalled.faults) > 0 || stalled.last == total {
					t.Errorf("the stalled reader: %q at %d, %v", stalled.end, stalled.last, stalled.faults)
				}
				synctest.Wait()
				if n := waiting(server); n != 0 {
					t.Errorf("%d bytes are left", n)
				}
			})
		})
	}
}
