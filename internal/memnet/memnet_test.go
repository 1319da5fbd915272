package memnet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestDialAcceptEcho(t *testing.T) {
	l := Listen("server")
	if got := l.Addr().String(); got != "server" {
		t.Errorf("Addr is %q, want server", got)
	}
	var done sync.WaitGroup
	done.Go(func() {
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if _, err := io.Copy(c, c); err != nil {
			t.Error(err)
		}
	})
	c, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "hello" {
		t.Errorf("read %q, %v", got, err)
	}
	c.Close()
	done.Wait()
}

func TestCloseLetsTheOtherEndDrain(t *testing.T) {
	a, b := Pipe()
	a.Write([]byte("last words"))
	a.Close()
	if got, err := io.ReadAll(b); string(got) != "last words" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := b.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("write to a closed peer: %v, want EPIPE", err)
	}
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read on a closed end: %v, want net.ErrClosed", err)
	}
	if _, err := a.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write on a closed end: %v, want net.ErrClosed", err)
	}
}

// More than the buffer holds goes through while somebody reads, whole and in order, and
// concurrent writes do not mix.
func TestWritesAreWholeAndBounded(t *testing.T) {
	a, b := Pipe()
	const size, writers = BufferSize/3 + 7, 6
	var done sync.WaitGroup
	for i := range writers {
		done.Go(func() {
			if n, err := a.Write(bytes.Repeat([]byte{byte('a' + i)}, size)); n != size || err != nil {
				t.Errorf("wrote %d, %v", n, err)
			}
		})
	}
	go func() { done.Wait(); a.Close() }()
	got, err := io.ReadAll(b)
	if err != nil || len(got) != size*writers {
		t.Fatalf("read %d bytes, %v; want %d", len(got), err, size*writers)
	}
	for i := 0; i < len(got); i += size {
		if piece := got[i : i+size]; bytes.Count(piece, piece[:1]) != size {
			t.Fatalf("writes are mixed in bytes %d to %d", i, i+size)
		}
	}
	if limit := cap(a.(*conn).out.buf); limit > 2*BufferSize {
		t.Errorf("buffer grew to %d bytes", limit)
	}
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		defer a.Close()
		defer b.Close()
		begin := time.Now()
		timedOut := func(what string, err error, want time.Duration) {
			t.Helper()
			var ne net.Error
			if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &ne) || !ne.Timeout() {
				t.Errorf("%s: %v, want a timeout", what, err)
			}
			if got := time.Since(begin); got != want {
				t.Errorf("%s ended after %v, want %v", what, got, want)
			}
		}
		a.SetReadDeadline(begin.Add(time.Second))
		_, err := a.Read(make([]byte, 1))
		timedOut("read", err, time.Second)

		// A deadline that is moved while a read waits counts from then on.
		a.SetReadDeadline(time.Now().Add(time.Minute))
		time.AfterFunc(time.Second, func() { a.SetReadDeadline(time.Now().Add(time.Second)) })
		_, err = a.Read(make([]byte, 1))
		timedOut("moved read", err, 3*time.Second)

		a.SetDeadline(time.Time{})
		time.AfterFunc(time.Second, func() { b.Write([]byte("x")) })
		if _, err := a.Read(make([]byte, 1)); err != nil {
			t.Errorf("read without a deadline: %v", err)
		}

		a.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := a.Write(make([]byte, BufferSize+1))
		timedOut("write", err, 5*time.Second)
		if n != BufferSize {
			t.Errorf("wrote %d bytes before the deadline, want %d", n, BufferSize)
		}
	})
}

func TestCloseWakesWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		read, write := make(chan error, 1), make(chan error, 1)
		go func() { _, err := a.Read(make([]byte, 1)); read <- err }()
		go func() { _, err := a.Write(make([]byte, 2*BufferSize)); write <- err }()
		synctest.Wait()
		a.Close()
		if err := <-read; !errors.Is(err, net.ErrClosed) {
			t.Errorf("read: %v", err)
		}
		if err := <-write; !errors.Is(err, net.ErrClosed) {
			t.Errorf("write: %v", err)
		}
		b.Close()
	})
}

func TestClosedListener(t *testing.T) {
	l := Listen("server")
	waiting, err := l.Dial()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	l.Close()
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: %v", err)
	}
	if _, err := l.Dial(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Dial: %v", err)
	}
	if _, err := waiting.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a connection nobody accepted reads %v, want EOF", err)
	}
}

func TestDialHonoursItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Listen("server")
		defer l.Close()
		for range backlog {
			if _, err := l.Dial(); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.DialContext(ctx, "tcp", "ignored:1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("dial with a full backlog: %v", err)
		}
	})
}

// An unchanged net/http server and client run over it inside a bubble.
func TestServesHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Listen("server")
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Hour)
			io.WriteString(w, "after an hour")
		})}
		served := make(chan error, 1)
		go func() { served <- server.Serve(l) }()
		transport := &http.Transport{DialContext: l.DialContext}
		resp, err := (&http.Client{Transport: transport}).Get("http://memnet/")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != "after an hour" || err != nil {
			t.Errorf("body %q, %v", body, err)
		}
		transport.CloseIdleConnections()
		server.Close()
		if err := <-served; err != http.ErrServerClosed {
			t.Error(err)
		}
	})
}
