package engine

import "context"

// A fetch under a timeshift() reads history in all of a job, also while that is live: what it
// reads lies back in time. It looks for new series with each block, and so it may forget those
// that have left.

// follow makes the block of a slot, and of as many after it as lie before a time, if the slot is
// not in the block.
func (f *fetch) follow(ctx context.Context, slot, settled int64) error {
	if slot < f.block.end {
		return nil
	}
	f.rediscovers = true
	for i := range f.tracks {
		f.forget(int32(i))
	}
	n := min((settled-slot)/f.grid.step, historySlots, int64(f.longestBlock()), int64(f.affordableBlock()))
	n = max(1, n)
	if err := f.discover(ctx, slot, slot+n*f.grid.step); err != nil {
		return err
	}
	f.adopt(slot)
	return f.loadHistory(ctx, slot, int(n))
}
