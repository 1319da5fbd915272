package signalflow

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signalfx/signalfx-go/idtool"
)

// Errors and ends that the caller cannot see.
var hiddenEndDefects = map[string]func(t *testing.T){
	"C1": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			c.text(`{"type":"control-message","channel":%q,"event":"CHANNEL_ABORT","abortInfo":{"sf_job_abortState":"FAILED","sf_job_abortReason":"too big"}}`, c.start())
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			drainData(comp)
			var abort *AbortError
			if !errors.As(comp.Err(), &abort) || abort.State != "FAILED" || abort.Reason != "too big" {
				t.Errorf("abort: %v", comp.Err())
			}
		})
	},
	"C2": func(t *testing.T) {
		onScript(t, func(c *scriptConn) { c.start(); c.NetConn().Close() }, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			drainData(comp)
			if !errors.As(comp.Err(), new(*ConnectionLostError)) {
				t.Errorf("lost connection: %v", comp.Err())
			}
		})
	},
	"C3": func(t *testing.T) {
		onScript(t, func(c *scriptConn) { c.start(); pass(time.Second); c.NetConn().Close() }, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			start := time.Now()
			drainData(comp)
			if d := time.Since(start) - time.Second; d > 100*time.Millisecond {
				t.Errorf("loss noticed after %v", d)
			}
		})
	},
	"C4": func(t *testing.T) {
		for name, refuse := range refusals {
			t.Run(name, func(t *testing.T) { testRefusedToken(t, refuse) })
		}
	},
	"C5": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			ch := c.start()
			pass(time.Second)
			c.text(`{"type":"error","channel":%q,"error":400,"message":"no"}`, ch)
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			_, err := comp.Resolution(context.Background())
			if !errors.As(err, new(*ComputationError)) {
				t.Errorf("getter of a failed computation: %v", err)
			}
			if err := comp.Stop(context.Background()); err != nil {
				t.Errorf("stop of a failed computation: %v", err)
			}
		})
	},
	"C6": func(t *testing.T) {
		onScript(t, func(c *scriptConn) { c.start(); c.drain() }, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := comp.Resolution(ctx)
			if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrMetadataTimeout) {
				t.Errorf("cancelled getter: %v", err)
			}
		})
	},
	"C7": func(t *testing.T) {
		onScript(t, func(c *scriptConn) { c.start(); c.drain() }, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for id := range idtool.ID(1000) {
				comp.TSIDMetadata(ctx, id)
			}
			if n := len(comp.metadata.live) + len(comp.metadata.expired); n != 0 {
				t.Errorf("%d entries for series that were only asked for", n)
			}
		})
	},
	"C8": func(t *testing.T) {
		onScript(t, func(c *scriptConn) {
			c.text(`{"type":"error","channel":%q,"error":400,"errorType":"NAME","message":"no","context":{"line":1,"column":8,"bindingName":"m"}}`, c.start())
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client())
			drainData(comp)
			var ce *ComputationError
			if !errors.As(comp.Err(), &ce) || ce.Line != 1 || ce.Column != 8 || ce.Snippet != "data('m').publish()" || ce.Context.BindingName != "m" {
				t.Errorf("%+v", ce)
			}
			if ce.Error() != "400 (NAME): no" {
				t.Errorf("text %q", ce.Error())
			}
		})
	},
}
