package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// waiters are jobs that want a turn, and tell when they have it.
type waiters struct {
	turns *Turns
	log   []string
}

// want has a job wait for a turn, and keep it until the returned function is called.
func (w *waiters) want(ctx context.Context, name string) (end func()) {
	keep := make(chan struct{})
	go func() {
		turn := w.turns.Turn()
		if err := turn.take(ctx); err != nil {
			w.log = append(w.log, fmt.Sprintf("%s: %v", name, err))
			return
		}
		w.log = append(w.log, name)
		<-keep
		turn.Yield()
		turn.Yield() // is harmless
	}()
	synctest.Wait()
	return func() { close(keep); synctest.Wait() }
}

func TestTurnsComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &waiters{turns: NewTurns(2)}
		expect := func(want string) {
			t.Helper()
			if got := strings.Join(w.log, " "); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		a, b := w.want(t.Context(), "a"), w.want(t.Context(), "b")
		c := w.want(t.Context(), "c")
		leaving, leave := context.WithCancelCause(t.Context())
		w.want(leaving, "gone")
		d, e := w.want(t.Context(), "d"), w.want(t.Context(), "e")
		expect("a b")
		leave(errors.New("left"))
		synctest.Wait()
		expect("a b gone: left")
		if n := len(w.turns.waiting); n != 3 {
			t.Errorf("%d wait, want 3", n)
		}
		b()
		expect("a b gone: left c")
		a()
		c()
		expect("a b gone: left c d e")
		d()
		e()
		if w.turns.free != 2 || len(w.turns.waiting) != 0 {
			t.Errorf("in the end %d are free and %d wait", w.turns.free, len(w.turns.waiting))
		}
	})
}

// A turn that comes to a job just as its context ends goes to the next one.
func TestTurnIsNotLost(t *testing.T) {
	turns := NewTurns(1)
	for range 200 {
		holder, other := turns.Turn(), turns.Turn()
		if err := holder.take(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			err := other.take(ctx)
			other.Yield()
			done <- err
		}()
		go cancel()
		holder.Yield()
		if err := <-done; err != nil && err != context.Canceled {
			t.Fatal(err)
		}
	}
	if turns.free != 1 || len(turns.waiting) != 0 {
		t.Errorf("%d are free and %d wait, want 1 and 0", turns.free, len(turns.waiting))
	}
}

func TestNewTurns(t *testing.T) {
	for asked, want := range map[int]bool{0: true, -1: true, 3: true} {
		turns := NewTurns(asked)
		if got := turns.free; (asked > 0 && got != asked || got < 1) == want {
			t.Errorf("%d: %d at once", asked, got)
		}
	}
	var none *Turn // of a job that shares nothing
	none.Yield()
	if err := errors.Join(none.take(t.Context()), none.pause(t.Context())); err != nil {
		t.Error(err)
	}
}
