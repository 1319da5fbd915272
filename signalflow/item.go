package signalflow

import (
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// Item is what [Stream.All] delivers: a *[Batch], *[Event], *[Info], *[Expired],
// *[Resumed] or *[CaughtUp].
type Item interface{ item() }

// Event is an alert of a detector, or a custom event that events() found.
type Event struct {
	*messages.EventMessage
	// Series is the event's own series; it lacks metadata when the server sent none.
	Series *Series
	// Restated says that this is no news: the program was begun anew after a lost connection,
	// and says again what it had said before.
	Restated bool
}

// Info is an information message about the run. Any of them may be repeated, and is after
// each resume.
type Info struct{ *messages.InfoMessage }

// Expired says that a series has left the output.
type Expired struct{ Series *Series }

// Resumed says that the connection was lost and the program runs again, from where it
// was: the batches go on after it as if nothing had happened.
type Resumed struct {
	Cause error         // why the run before ended
	After time.Time     // logical timestamp of the last batch before; zero when there was none
	Gap   time.Duration // from the loss until now, in real time
	Tries int           // how many requests it took, each of which waits for a connection
}

// CaughtUp says that the batches have reached the present: what came before was history,
// what follows is live. After each [Resumed] it comes once more.
type CaughtUp struct{ Time time.Time }

func (*Batch) item()    {}
func (*Event) item()    {}
func (*Info) item()     {}
func (*Expired) item()  {}
func (*Resumed) item()  {}
func (*CaughtUp) item() {}
