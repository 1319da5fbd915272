package signalflow

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A queue smaller than what a view hands over in advance still moves under Block.
func TestBlockWithASmallQueue(t *testing.T) {
	for _, size := range []int{1, 10 << 10, 50 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			onScript(t, flood(200), func(t *testing.T, s *scriptServer) {
				client := s.client(QueueSize(size), OnOverflow(Block))
				comp := execute(t, client)
				data := comp.Data()
				n := 0
				for timeout := time.After(10 * time.Minute); n < 200; {
					select {
					case _, ok := <-data:
						if !ok {
							t.Fatalf("closed after %d messages: %v", n, comp.Err())
						}
						n++
					case <-timeout:
						t.Fatalf("hangs after %d messages", n)
					}
				}
			})
		})
	}
}

// A channel that nobody asked for does not end the computation of one that is full but
// complete.
func TestUnaskedChannelNeverOverflows(t *testing.T) {
	for name, last := range map[string]func(c *scriptConn, ch string){
		"end":  func(*scriptConn, string) {},
		"info": func(c *scriptConn, ch string) { c.text("%s", infoText(ch, "X", "{}")) },
	} {
		t.Run(name, func(t *testing.T) {
			const n, cost = 100, 27*100 + 256
			asked := make(chan struct{})
			onScript(t, func(c *scriptConn) {
				ch := c.start()
				<-asked
				for ms := range int64(n) {
					c.binary(dataFrame(ch, ms, points(100)...))
				}
				last(c, ch)
				c.end(ch)
				c.drain()
			}, func(t *testing.T, s *scriptServer) {
				comp := execute(t, s.client(QueueSize(n*cost)))
				data := comp.Data()
				close(asked)
				pass(time.Second)
				if got := count(data); got != n || comp.Err() != nil {
					t.Errorf("%d messages of %d, %v", got, n, comp.Err())
				}
			})
		})
	}
}

// What a reader has taken does not fill the queue.
func TestReadMessagesDoNotFillTheQueue(t *testing.T) {
	const cost = 27*100 + 256
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		pair := append(webSocketFrame(dataFrame(ch, 1, points(100)...)), webSocketFrame(dataFrame(ch, 2, points(100)...))...)
		for range 50 {
			pass(time.Second) // the reader has everything by now
			c.NetConn().Write(pair)
		}
		c.end(ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		defer pass(time.Minute) // for the server
		comp := execute(t, s.client(QueueSize(10*cost)))
		if n := drainData(comp); n != 100 || comp.Err() != nil {
			t.Errorf("%d messages, never more than 2 of the 10 that fit were waiting: %v", n, comp.Err())
		}
	})
}

// The rest of one channel goes when nobody reads any, not while another is read.
func TestRestIsKeptWhileAnotherChannelIsRead(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		for ms := range int64(100) {
			c.binary(dataFrame(ch, ms, points(1)...))
			c.text("%s", infoText(ch, "X", "{}"))
		}
		c.end(ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		data := comp.Data()
		for range 50 {
			<-data
			pass(retireAfter / 2)
		}
		if n := count(comp.Info()); n != 100 {
			t.Errorf("%d information messages, want all 100", n)
		}
		if n := count(data); n != 50 || comp.Err() != nil {
			t.Errorf("%d further data messages, %v", n, comp.Err())
		}
	})
}

// One message larger than the whole queue arrives.
func TestMessageLargerThanTheQueue(t *testing.T) {
	for _, policy := range []OverflowPolicy{FailComputation, DropOldest, Block} {
		onScript(t, func(c *scriptConn) {
			ch := c.start()
			if ch == "" {
				return
			}
			c.binary(dataFrame(ch, 1, points(10_000)...))
			pass(time.Second)
			c.end(ch)
			c.drain()
		}, func(t *testing.T, s *scriptServer) {
			comp := execute(t, s.client(QueueSize(1000), OnOverflow(policy)))
			if n := drainData(comp); n != 1 || comp.Err() != nil {
				t.Errorf("policy %d: %d messages, %v", policy, n, comp.Err())
			}
		})
	}
}

// The default queue takes a week of one-minute data of 100 series at once, while the
// reader needs a millisecond for each message.
func TestBurstArrivesWhole(t *testing.T) {
	const messages = 10_080
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		ps := points(100)
		for ms := range int64(messages) {
			c.binary(dataFrame(ch, ms, ps...))
		}
		c.end(ch)
		c.drain()
	}, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		next := uint64(0)
		for m := range comp.Data() {
			if m.TimestampMillis != next || len(m.Payloads) != 100 {
				t.Fatalf("message %d: timestamp %d, %d points", next, m.TimestampMillis, len(m.Payloads))
			}
			next++
			pass(time.Millisecond)
		}
		if next != messages || comp.Err() != nil {
			t.Errorf("%d messages, %v", next, comp.Err())
		}
	})
}

// flood sends n data messages of 100 points.
func flood(n int) func(c *scriptConn) {
	return func(c *scriptConn) {
		ch := c.start()
		var reader sync.WaitGroup
		reader.Go(c.drain)
		defer reader.Wait()
		ps := points(100)
		for ms := range int64(n) {
			if c.binary(dataFrame(ch, ms, ps...)) != nil {
				return
			}
		}
		c.end(ch)
	}
}

func TestOverflowFailsTheComputation(t *testing.T) {
	detached := make(chan bool, 1)
	asked := make(chan struct{})
	onScript(t, func(c *scriptConn) {
		ch := c.start()
		<-asked
		go func() { detached <- c.expect("detach") != nil }()
		for ms := range int64(1000) {
			c.binary(dataFrame(ch, ms, points(100)...))
		}
		pass(time.Second)
	}, func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client(QueueSize(100<<10)))
		data := comp.Data() // asked for, and not read
		close(asked)
		pass(time.Second)
		var overflow *OverflowError
		if !errors.As(comp.Err(), &overflow) || overflow.Channel != "data" || overflow.Dropped != 1 {
			t.Fatalf("%v", comp.Err())
		}
		next := uint64(0)
		for m := range data { // what was queued before is delivered, in order
			if m.TimestampMillis != next {
				t.Fatalf("message %d has timestamp %d", next, m.TimestampMillis)
			}
			next++
		}
		if next < 30 || next > 100 {
			t.Errorf("%d messages delivered", next)
		}
		if !<-detached {
			t.Error("the server was not told")
		}
	})
}

func TestOverflowDropOldest(t *testing.T) {
	onScript(t, flood(1000), func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client(QueueSize(100<<10), OnOverflow(DropOldest)))
		data := comp.Data()
		pass(time.Second)
		n, last := 0, uint64(0)
		for m := range data {
			n, last = n+1, m.TimestampMillis
		}
		if last != 999 || n+comp.Stats().DroppedData != 1000 || comp.Err() != nil {
			t.Errorf("%d delivered, the last %d, %d dropped, %v", n, last, comp.Stats().DroppedData, comp.Err())
		}
	})
}

func TestOverflowBlock(t *testing.T) {
	onScript(t, flood(1000), func(t *testing.T, s *scriptServer) {
		client := s.client(QueueSize(100 << 10))
		if err := client.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		comp, err := client.Execute(t.Context(), &ExecuteRequest{Program: "p", Overflow: Block})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(s.connections()); n != 2 {
			t.Errorf("%d connections, want one of its own", n)
		}
		data := comp.Data()
		pass(10 * time.Minute) // the reader waits: silence of our own making loses nothing
		n := 0
		for m := range data {
			if m.TimestampMillis != uint64(n) {
				t.Fatalf("message %d has timestamp %d", n, m.TimestampMillis)
			}
			n++
			if n%100 == 0 {
				pass(2 * time.Minute)
			}
		}
		if n != 1000 || comp.Err() != nil {
			t.Errorf("%d messages, %v", n, comp.Err())
		}
		synctest.Wait()
		tr := client.transport.(*wsTransport)
		tr.mu.Lock()
		defer tr.mu.Unlock()
		if len(tr.further) != 0 {
			t.Error("its connection is kept after the end")
		}
	})
}

// A blocked computation can still be stopped, detached and closed.
func TestBlockedComputationEnds(t *testing.T) {
	for name, end := range map[string]func(*Client, *Computation) error{
		"stop":   func(_ *Client, c *Computation) error { return c.Stop(context.Background()) },
		"detach": func(_ *Client, c *Computation) error { return c.Detach(context.Background()) },
		"close":  func(c *Client, _ *Computation) error { c.Close(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			onScript(t, flood(1000), func(t *testing.T, s *scriptServer) {
				client := s.client(QueueSize(100<<10), OnOverflow(Block))
				comp := execute(t, client)
				comp.Data()
				pass(time.Second)
				start := time.Now()
				if err := end(client, comp); err != nil {
					t.Error(err)
				}
				drainData(comp)
				if d := time.Since(start); d > stopGrace {
					t.Errorf("ended after %v", d)
				}
			})
		})
	}
}

// One slow reader delays neither other computations nor new ones.
func TestSlowReaderDelaysNobody(t *testing.T) {
	onScript(t, func(c *scriptConn) {
		slow := c.start()
		for range 1000 {
			c.binary(dataFrame(slow, 1, points(100)...))
		}
		for ch := c.start(); ch != ""; ch = c.start() {
			c.binary(dataFrame(ch, 1, points(100)...))
			c.end(ch)
		}
	}, func(t *testing.T, s *scriptServer) {
		client := s.client()
		slow := execute(t, client)
		<-slow.Data() // and no more
		start := time.Now()
		for range 100 {
			if n := drainData(execute(t, client)); n != 1 {
				t.Errorf("%d messages", n)
			}
		}
		if d := time.Since(start); d > 0 {
			t.Errorf("delayed by %v", d)
		}
	})
}

func TestRestIsDroppedAfterHalfAMinute(t *testing.T) {
	onScript(t, flood(1000), func(t *testing.T, s *scriptServer) {
		comp := execute(t, s.client())
		data := comp.Data()
		for range 10 {
			<-data
		}
		pass(retireAfter - time.Second)
		<-data // a slow reader is a reader
		pass(retireAfter - time.Second)
		if len(feeders()) != 1 {
			t.Error("the rest was dropped too early")
		}
		pass(2 * retireAfter)
		if left := feeders(); len(left) != 0 {
			t.Errorf("goroutines left: %v", left)
		}
		n := 11 + count(data)
		var overflow *OverflowError
		if !errors.As(comp.Err(), &overflow) || n+overflow.Dropped != 1000 || comp.Stats().DroppedData != overflow.Dropped {
			t.Errorf("%d read, %d dropped, %v", n, comp.Stats().DroppedData, comp.Err())
		}
	})
}
