package signalflow

import "github.com/signalfx/signalflow-client-go/signalflow/messages"

// view returns the channel of a lane and starts its feeder at the first call.
func view[M messages.Message](c *Computation, l lane) <-chan M {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := c.views[l]; v != nil {
		return v.(chan M)
	}
	out := make(chan M, viewBuffer)
	c.views[l] = out
	if !c.mail.ask(l, goChannel[M](out)) || !c.client.goFeed(func() { feed(c, l, out) }) {
		c.mail.withdraw(l)
		close(out)
	}
	return out
}

// viewBuffer is how many messages wait in a Go channel, so that reader and feeder need not
// take turns for each.
const viewBuffer = 32

// goChannel is the outlet of a view.
type goChannel[M messages.Message] chan M

func (ch goChannel[M]) offer(m messages.Message) bool {
	select {
	case ch <- m.(M):
		return true
	default:
		return false
	}
}

func (ch goChannel[M]) waiting() int { return len(ch) }

// feed hands the messages of a lane over until the mailbox has ended and is empty, or its
// rest is dropped.
func feed[M messages.Message](c *Computation, l lane, out chan<- M) {
	defer close(out)
	wake, discarded := c.mail.lanes[l].wake, c.mail.discarded()
	for {
		it, ok, more := c.mail.take(l)
		if !ok {
			if !more {
				return
			}
			select {
			case <-wake:
				continue
			case <-discarded:
				return
			}
		}
		m := it.msg.(M)
		select {
		case out <- m: // most often there is room, and this costs a third of the other
			continue
		default:
		}
		select {
		case out <- m:
		case <-discarded:
			c.mail.lost(l)
			return
		}
	}
}
