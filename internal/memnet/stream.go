package memnet

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// stream carries bytes one way. Waits are on channels and never under mu, so that a
// goroutine held up here counts as durably blocked in a synctest bubble.
type stream struct {
	readDeadline, writeDeadline deadline

	writing chan struct{} // held by the goroutine inside write
	reading chan struct{} // held by the goroutine inside read

	mu         sync.Mutex
	buf        []byte // bytes[off:] are unread
	off        int
	writerGone bool
	readerGone bool
	changed    chan struct{} // closed and replaced at each change that a waiter may care about
	waiting    bool          // somebody holds changed
}

func newStream() *stream {
	return &stream{
		readDeadline:  newDeadline(),
		writeDeadline: newDeadline(),
		writing:       make(chan struct{}, 1),
		reading:       make(chan struct{}, 1),
		changed:       make(chan struct{}),
	}
}

// notify wakes the waiters. Callers hold mu.
func (s *stream) notify() {
	if s.waiting {
		close(s.changed)
		s.changed = make(chan struct{})
		s.waiting = false
	}
}

func (s *stream) read(p []byte) (int, error) {
	if err := s.acquire(s.reading, &s.readDeadline); err != nil {
		return 0, err
	}
	defer func() { <-s.reading }()
	for {
		expired := s.readDeadline.done() // before looking, so that no later change is missed
		s.mu.Lock()
		switch {
		case s.readerGone:
			s.mu.Unlock()
			return 0, net.ErrClosed
		case s.readDeadline.over():
			s.mu.Unlock()
			return 0, os.ErrDeadlineExceeded
		case s.off < len(s.buf) || len(p) == 0:
			n := copy(p, s.buf[s.off:])
			s.off += n
			if s.off == len(s.buf) {
				s.buf, s.off = s.buf[:0], 0
			}
			s.notify()
			s.mu.Unlock()
			return n, nil
		case s.writerGone:
			s.mu.Unlock()
			return 0, io.EOF
		}
		changed := s.wait()
		s.mu.Unlock()
		select {
		case <-changed:
		case <-expired:
		}
	}
}

func (s *stream) write(p []byte) (int, error) {
	if err := s.acquire(s.writing, &s.writeDeadline); err != nil {
		return 0, err
	}
	defer func() { <-s.writing }()
	written := 0
	for {
		expired := s.writeDeadline.done()
		s.mu.Lock()
		switch {
		case s.writerGone:
			s.mu.Unlock()
			return written, net.ErrClosed
		case s.writeDeadline.over():
			s.mu.Unlock()
			return written, os.ErrDeadlineExceeded
		case s.readerGone:
			s.mu.Unlock()
			return written, syscall.EPIPE
		}
		if room := BufferSize - (len(s.buf) - s.off); room > 0 {
			n := min(room, len(p)-written)
			s.compact(n)
			s.buf = append(s.buf, p[written:written+n]...)
			written += n
			s.notify()
		}
		if written == len(p) {
			s.mu.Unlock()
			return written, nil
		}
		changed := s.wait()
		s.mu.Unlock()
		select {
		case <-changed:
		case <-expired:
		}
	}
}

// compact makes sure that n more bytes do not make buf grow past BufferSize.
func (s *stream) compact(n int) {
	if s.off > 0 && len(s.buf)+n > cap(s.buf) {
		s.buf = s.buf[:copy(s.buf, s.buf[s.off:])]
		s.off = 0
	}
}

// wait returns the channel that the next change closes. Callers hold mu.
func (s *stream) wait() <-chan struct{} {
	s.waiting = true
	return s.changed
}

// acquire takes a one-place semaphore, or gives up at the deadline.
func (s *stream) acquire(sem chan struct{}, d *deadline) error {
	for {
		expired := d.done()
		select {
		case sem <- struct{}{}:
			return nil
		default:
		}
		select {
		case sem <- struct{}{}:
			return nil
		case <-expired:
			if d.over() {
				return os.ErrDeadlineExceeded
			}
		}
	}
}

func (s *stream) closeWriter() {
	s.mu.Lock()
	s.writerGone = true
	s.notify()
	s.mu.Unlock()
}

func (s *stream) closeReader() {
	s.mu.Lock()
	s.readerGone = true
	s.buf, s.off = nil, 0
	s.notify()
	s.mu.Unlock()
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// deadline hands out a channel that is closed when its time is over or when it is set
// anew, so that a waiter always looks again.
type deadline struct {
	mu      sync.Mutex
	timer   *time.Timer
	expired chan struct{}
}

func newDeadline() deadline { return deadline{expired: make(chan struct{})} }

func (d *deadline) done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.expired
}

// over reports whether the deadline that is set now has passed.
func (d *deadline) over() bool { return isClosed(d.done()) }

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	old := d.expired
	d.expired = make(chan struct{})
	if !isClosed(old) {
		close(old)
	}
	if t.IsZero() {
		return
	}
	mine := d.expired
	left := time.Until(t)
	if left <= 0 {
		close(mine)
		return
	}
	d.timer = time.AfterFunc(left, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.expired == mine && !isClosed(mine) {
			close(mine)
		}
	})
}
