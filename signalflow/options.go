package signalflow

import (
	"errors"
	"time"
)

// Options say how a program runs under [Client.Stream], [Client.Query] and
// [Client.Latest]. The zero value works.
type Options struct {
	// Start and Stop bound the logical time. Unset, a stream runs from now, for ever, and a
	// query over the last 15 minutes up to now.
	Start, Stop time.Time
	// Resolution is the finest interval wanted. Unset: the server's choice.
	Resolution time.Duration
	// MaxDelay is the longest wait for late input. Unset: the server's choice.
	MaxDelay time.Duration
	// Timezone is the IANA name of the zone for calendar windows. Unset: UTC.
	Timezone string
	// Args are what the program reads with Args.get('name'), see [ExecuteRequest].
	Args any
	// Request holds the rarer options of [ExecuteRequest], such as Persistent or Extra. Its
	// program, channel and policy are not used, nor what the fields above set.
	Request ExecuteRequest

	// Preflight asks which alerts a detector would have raised, see [Client.Preflight].
	Preflight bool

	// Overflow is the policy when the loop over a stream falls behind by more than
	// [QueueSize]. Unset: the client's, see [OnOverflow].
	Overflow OverflowPolicy
	// Tries is how many times in a row a stream or query whose connection was lost, or that
	// the server has no room for, is begun anew before it gives up; the count begins again
	// with each batch, with each event that is news, and after a run of a minute. A try waits up
	// to [ConnectTimeout] for a connection. 0: 20, which takes some 10 minutes. Negative: none.
	Tries int
	// MetadataWait is how long a batch waits for the metadata of its series. Then it comes
	// without, see [Series]. 0: 1 second.
	MetadataWait time.Duration
	// BatchWait is how long a batch waits for the data of further publishes, before it comes
	// marked incomplete. 0: the resolution, at most 1 second.
	BatchWait time.Duration
	// Expiry is how long without a value a series stays in [Stream.Latest]. 0: 3 times the
	// resolution.
	Expiry time.Duration
	// MaxPoints bounds what a query collects, points and events. 0: 10 million points, some 400 MB.
	MaxPoints int
}

// Defaults of Options.
const (
	defaultTries        = 20
	defaultMetadataWait = time.Second
	maxBatchWait        = time.Second
	defaultQueryRange   = 15 * time.Minute
	defaultMaxPoints    = 10_000_000
	expiryResolutions   = 3
)

// prepare checks the options and returns the request of the first run.
func (o *Options) prepare(program string) (ExecuteRequest, error) {
	r := o.Request
	r.Program, r.Channel = program, ""
	if !o.Start.IsZero() {
		r.Start = o.Start
	}
	if !o.Stop.IsZero() {
		r.Stop = o.Stop
	}
	if o.Resolution != 0 {
		r.Resolution = o.Resolution
	}
	if o.MaxDelay != 0 {
		r.MaxDelay = o.MaxDelay
	}
	if o.Timezone != "" {
		r.Timezone = o.Timezone
	}
	if o.Args != nil {
		r.Args = o.Args
	}
	r.Overflow = o.Overflow
	if o.MetadataWait < 0 || o.BatchWait < 0 || o.Expiry < 0 || o.MaxPoints < 0 {
		return r, errors.New("signalflow: Options hold a negative duration or bound; leave it 0 for the default")
	}
	if o.Tries == 0 {
		o.Tries = defaultTries
	}
	if o.MetadataWait == 0 {
		o.MetadataWait = defaultMetadataWait
	}
	if o.MaxPoints == 0 {
		o.MaxPoints = defaultMaxPoints
	}
	if err := r.validate(); err != nil {
		return r, err
	}
	if o.Preflight {
		return r, r.validateRange()
	}
	return r, nil
}
