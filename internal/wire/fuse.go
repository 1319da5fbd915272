package wire

import (
	"errors"
	"sync/atomic"
)

// errCut ends a connection whose fuse has burnt down.
var errCut = errors.New("connection cut on purpose")

// fuse cuts a connection after a number of bytes, for tests of what clients make of half a
// frame. The zero value never does.
type fuse struct {
	lit  atomic.Bool
	left atomic.Int64
}

func (f *fuse) light(bytes int64) {
	f.left.Store(bytes)
	f.lit.Store(true)
}

// burn returns how many of the next bytes may be written, and whether that was the end. It is
// called by the writer of the connection.
func (f *fuse) burn(bytes int) (n int, cut bool) {
	if !f.lit.Load() {
		return bytes, false
	}
	left := f.left.Add(-int64(bytes))
	if left > 0 {
		return bytes, false
	}
	return max(0, bytes+int(left)), true
}
