package signalflow

import (
	"sync"
	"time"
)

// windows remembers how far back Latest had to look for a program.
type windows struct {
	mu   sync.Mutex
	back map[string]time.Duration
}

// get returns the range for a program at a resolution, which is 0 for the server's choice.
func (w *windows) get(program string, resolution time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if back, ok := w.back[program]; ok {
		return back
	}
	return max(firstWindow, latestSlots*resolution)
}

func (w *windows) set(program string, back time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.back == nil {
		w.back = make(map[string]time.Duration)
	}
	if _, ok := w.back[program]; !ok && len(w.back) >= maxWindows {
		for p := range w.back { // any: it is learned again with one more run
			delete(w.back, p)
			break
		}
	}
	w.back[program] = back
}
