package signalflow

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
)

// A peer that stopped reading does not delay the notice of the loss, over TLS neither.
func TestStuckTLSConnectionIsLostAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTLSServer(t, func(c *scriptConn) { c.start(); c.hang() })
		client := s.client(StreamURL("wss://stream.us9.signalfx.com/v2/signalflow"), TLSConfig(&tls.Config{InsecureSkipVerify: true}),
			WriteTimeout(time.Second), ReadTimeout(time.Hour))
		comp := execute(t, client)
		if _, err := comp.Handle(t.Context()); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		client.Execute(ctx, &ExecuteRequest{Program: strings.Repeat("#", 1<<20)}) // fills the network
		drainData(comp)
		if d := time.Since(start); d > time.Second+200*time.Millisecond {
			t.Errorf("the loss was noticed after %v, the write timed out after 1s", d)
		}
	})
}

// Nothing of a client is left after Close when its TLS connection is stuck.
func TestCloseOfAStuckTLSConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTLSServer(t, func(c *scriptConn) { c.start(); c.hang() })
		client := s.client(StreamURL("wss://stream.us9.signalfx.com/v2/signalflow"), TLSConfig(&tls.Config{InsecureSkipVerify: true}),
			WriteTimeout(time.Second), ReadTimeout(time.Hour))
		execute(t, client)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		client.Execute(ctx, &ExecuteRequest{Program: strings.Repeat("#", 1<<20)})
		pass(600 * time.Millisecond) // the write has timed out
		start := time.Now()
		client.Close()
		if d := time.Since(start); d > 200*time.Millisecond {
			t.Errorf("Close took %v", d)
		}
		synctest.Wait()
		if left := clientGoroutines(); len(left) > 0 {
			t.Errorf("%d goroutines are left after Close: %s", len(left), left[0])
		}
	})
}

// Detach ends the computation at once, also when the socket is stuck.
func TestDetachWithAStuckSocket(t *testing.T) {
	for name, end := range map[string]func(*Computation) error{
		"detach":              func(c *Computation) error { return c.Detach(context.Background()) },
		"stop without handle": func(c *Computation) error { return c.Stop(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			onScript(t, func(c *scriptConn) { c.expect("execute"); c.hang() }, func(t *testing.T, s *scriptServer) {
				client := s.client(WriteTimeout(time.Hour), ReadTimeout(24*time.Hour))
				comp := execute(t, client)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				client.Execute(ctx, &ExecuteRequest{Program: strings.Repeat("#", 1<<20)}) // fills the network
				start := time.Now()
				go end(comp)
				data := comp.Data()
				select {
				case <-data:
				case <-time.After(time.Minute):
				}
				if d := time.Since(start); d > stopGrace {
					t.Errorf("Data is still open %v later", d)
				}
			})
		})
	}
}

// Bytes that keep coming are not silence, however long one message takes.
func TestLongMessageIsNotSilence(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		var reader sync.WaitGroup
		defer reader.Wait()
		reader.Go(c.drain)
		for _, b := range webSocketFrame(dataFrame(ch, 1, points(10)...)) {
			pass(time.Second)
			if _, err := c.NetConn().Write([]byte{b}); err != nil {
				return
			}
		}
		c.end(ch)
	}, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client(ReadTimeout(10*time.Second)))
		if n := drainData(comp); n != 1 || comp.Err() != nil {
			t.Errorf("%d messages, %v", n, comp.Err())
		}
	})
}

// newTLSServer is newScriptServer behind TLS.
func newTLSServer(t *testing.T, serve func(c *scriptConn)) *scriptServer {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(100, 0, 0)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	l := memnet.Listen("script")
	conf := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: private}}}
	return startScript(&scriptServer{t: t, listen: tls.NewListener(l, conf), dialer: l.DialContext, serve: serve})
}

func TestUnansweredPing(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		c.start()
		c.hang()
	}, func(t *testing.T, s *scriptServer) {
		start := time.Now()
		comp := execute(t, s.client(ReadTimeout(time.Minute)))
		drainData(comp)
		if d := time.Since(start); d < time.Minute || d > 70*time.Second {
			t.Errorf("a dead server was noticed after %v", d)
		}
		if !errors.Is(comp.Err(), errSilent) {
			t.Errorf("%v", comp.Err())
		}
	})
}
