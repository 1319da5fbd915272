package wire

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// Metadata that is kept for further readers has a bound, beyond which they are refused; they
// get all of it at once also if it is more than a queue holds.
func TestAttachToManySeries(t *testing.T) {
	for limit, want := range map[int]int{0: 200, 50_000: 429, -1: 400} {
		synctest.Test(t, func(t *testing.T) {
			_, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
				for id := range idtool.ID(1000) {
					out.Send(messages.NewMetadata(id, &messages.MetadataProperties{Metric: strings.Repeat("m", 100)}))
				}
				return untilEnd(ctx, out)
			}), Options{MaxAttachBytes: limit, MaxQueueBytes: 20_000})
			handle := startInBackground(t, l)
			synctest.Wait()
			ctx, cancel := context.WithCancel(t.Context())
			resp := post(ctx, t, caller(t, l), "/"+handle+"/attach", "")
			if resp.StatusCode != want {
				t.Errorf("limit %d: status %d, want %d", limit, resp.StatusCode, want)
			}
			if want == 200 {
				f := &follow{}
				done := make(chan struct{})
				go func() {
					defer close(done)
					f.followSSE(resp.Body)
				}()
				synctest.Wait()
				cancel()
				<-done
				if len(f.known) != 1000 {
					t.Errorf("%d series", len(f.known))
				}
			}
			cancel()
		})
	}
}

// Nobody joins a computation whose last reader has gone, or was too slow, although it takes
// its time to end.
func TestAttachToADyingComputation(t *testing.T) {
	for _, slow := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			handles, release := make(chan string, 1), make(chan struct{})
			_, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
				handles <- out.Handle()
				if slow {
					sending(0)(ctx, out)
				}
				<-ctx.Done()
				<-release
				return nil
			}), Options{MaxQueueBytes: 100_000})
			ws, other := dial(t, l), dial(t, l)
			say(t, ws, execute)
			handle := <-handles
			if slow {
				time.Sleep(15 * time.Second)
				hear(t, other, "KEEP_ALIVE")
			} else {
				say(t, ws, `{"type":"detach","channel":"ch-1"}`)
			}
			synctest.Wait()
			say(t, other, fmt.Sprintf(`{"type":"attach","channel":"ch-1","handle":%q}`, handle))
			hear(t, other, `"error":404`)
			close(release)
		})
	}
}

// A connection that has much waiting is not given the metadata of a computation on top.
func TestAttachToABusyConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l := serve(t, funcBackend(func(ctx context.Context, out *Output) error {
			for id := range idtool.ID(1000) {
				if err := out.Send(messages.NewMetadata(id, &messages.MetadataProperties{Metric: strings.Repeat("m", 1000)})); err != nil {
					return err
				}
			}
			return untilEnd(ctx, out)
		}), Options{MaxConnectionBytes: 500_000})
		handle := startInBackground(t, l)
		ws := dial(t, l)
		say(t, ws, execute)
		synctest.Wait()
		say(t, ws, fmt.Sprintf(`{"type":"attach","channel":"ch-2","handle":%q}`, handle))
		synctest.Wait()
		for {
			_, text, err := ws.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(text, []byte(`"ch-2"`)) {
				if !bytes.Contains(text, []byte(`"error":429`)) {
					t.Errorf("the answer is %s", text)
				}
				return
			}
		}
	})
}

// An expired series and repeated information take no more room than they must.
func TestHistoryIsBounded(t *testing.T) {
	h := history{limit: 1 << 20}
	for i := range 10_000 {
		id := idtool.ID(i)
		h.note(messages.NewMetadata(id, &messages.MetadataProperties{Metric: "m"}))
		h.note(messages.NewExpired(id))
		h.note(messages.NewInfo(messages.JobRunningResolution, "INFO", int64(i), map[string]any{"resolutionMs": i}))
	}
	if len(h.series) != 0 || h.bytes != 0 || len(h.infos) != 1 || !bytes.Contains(h.infos[0].text, []byte("9999")) {
		t.Errorf("%d series in %d bytes, information %q", len(h.series), h.bytes, h.infos)
	}
	for i := range 1000 {
		m := messages.NewInfo(messages.FetchNumTimeseries, "INFO", 1, map[string]any{"long": strings.Repeat("x", 10_000)})
		m.BlockSerialNumbers = []int{i}
		h.note(m)
	}
	sum := 0
	for _, i := range h.infos {
		sum += len(i.text)
	}
	if len(h.infos) > maxInfos || sum != h.infoBytes || sum > maxInfoBytes {
		t.Errorf("%d messages of %d bytes, counted %d", len(h.infos), sum, h.infoBytes)
	}
}
