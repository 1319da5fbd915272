// Package server runs programs on the engine for the clients of the wire: the adapter
// between a compiled graph with its sink, and requests with their messages.
package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// Options configures a Backend. Only Source is required.
type Options struct {
	// Source is where programs read their data. It serves all computations.
	Source engine.Source

	// Clock is the time that computations follow; nil: the system's.
	Clock engine.Clock

	// Authenticate decides about a token; nil lets everybody in, with whatever token.
	Authenticate func(ctx context.Context, token string) (wire.Identity, error)

	// Jobs holds what no request decides: the limits of a job, the time of inactivity, the
	// default rollups, and MinDelay as the least of all jobs. The zero value is the engine's.
	Jobs engine.Options

	// MaxJobs is how many programs an organization may run at a time; 0: no limit. MaxStarts
	// is how many it may start in a minute; 0: 5,000 (language.md 6), negative: no limit. What
	// is beyond them is refused with error 429.
	MaxJobs, MaxStarts int

	// Turns are shared by all jobs, see engine.Turns; nil: those of engine.NewTurns(0).
	Turns *engine.Turns
}

// Backend compiles and runs programs. Its methods may be called concurrently.
type Backend struct {
	o    Options
	jobs admission
}

// New returns a Backend.
func New(o Options) *Backend {
	if o.Turns == nil {
		o.Turns = engine.NewTurns(0)
	}
	b := &Backend{o: o, jobs: admission{running: o.MaxJobs, starts: o.MaxStarts, now: time.Now}}
	if o.MaxJobs == 0 {
		b.jobs.running = -1
	}
	if o.MaxStarts == 0 {
		b.jobs.starts = 5000
	}
	return b
}

// Authenticate implements wire.Backend.
func (b *Backend) Authenticate(ctx context.Context, token string) (wire.Identity, error) {
	if b.o.Authenticate == nil {
		return wire.Identity{}, nil
	}
	return b.o.Authenticate(ctx, token)
}

// Prepare implements wire.Backend: it compiles the program. An error of the program is a
// *wire.Error with code 400 that points into the text.
func (b *Backend) Prepare(_ context.Context, id wire.Identity, req *wire.Request) (wire.Computation, error) {
	if req.Type == wire.ExplainRequest {
		return nil, refuse("explain is not served here: no incidents are kept; run the program of the detector over the time of the incident instead")
	}
	args, err := arguments(req.Args)
	if err != nil {
		return nil, err
	}
	g, err := eval.Compile(req.Program, eval.Options{Args: args})
	if err != nil {
		return nil, compileError(err, req.Program)
	}
	if err := engine.Check(g); err != nil {
		return nil, runError(err, req.Program)
	}
	if req.Type == wire.PreflightRequest && !alerts(g) {
		return nil, refuse("a preflight shows the alerts of a program, and this one has none: it needs a detect(...).publish(); use execute for its data")
	}
	zone, err := location(req.Timezone)
	if err != nil {
		return nil, err
	}
	c := &computation{backend: b, program: req.Program, graph: g, identity: id, now: time.Now}
	if b.o.Clock != nil {
		c.now = b.o.Clock.Now
	}
	start, stop := req.Range(c.now())
	c.options = b.o.Jobs
	o := &c.options
	o.Source, o.Clock, o.Turn = b.o.Source, b.o.Clock, b.o.Turns.Turn()
	o.Start, o.Stop, o.Immediate, o.Timezone = start, stop, req.Immediate, zone
	o.Resolution, o.MaxDelay, o.MinDelay = req.Resolution, req.MaxDelay, max(req.MinDelay, o.MinDelay)
	if err := b.jobs.enter(id.OrgID); err != nil {
		return nil, err
	}
	return c, nil
}

// arguments returns the arguments of a program as it reads them: texts (language.md 4.11). A
// number or a boolean is taken as it is written.
func arguments(args map[string]any) (map[string]string, error) {
	texts := make(map[string]string, len(args))
	for name, v := range args {
		switch v := v.(type) {
		case string:
			texts[name] = v
		case bool, float64, json.Number:
			text, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			texts[name] = string(text)
		default:
			return nil, refuse(fmt.Sprintf("field \"programArgs\": %q must be a text, a number or a boolean", name))
		}
	}
	return texts, nil
}

// refuse makes the answer to a request that cannot be served.
func refuse(message string) *wire.Error {
	return &wire.Error{Code: 400, Type: wire.TypeBadRequest, Message: message}
}

// alerts tells whether a program publishes a detector.
func alerts(g *graph.Graph) bool {
	return slices.ContainsFunc(g.Nodes, func(n graph.Node) bool {
		p, ok := n.Op.(*graph.Publish)
		return ok && p.Enabled && n.Kind == graph.Alerts
	})
}

// location returns a time zone; the request has been checked, so that an error means that
// the zone has gone missing on this machine.
func location(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("field \"timezone\": %w", err)
	}
	return zone, nil
}

// compileError turns an error of the language into the form of protocol.md 3.9. A mistake
// inside a module is shown where the program leads to it: the text that the client has.
func compileError(err error, program string) error {
	var e *syntax.Error
	if !errors.As(err, &e) {
		return err
	}
	place := &messages.ErrorContext{
		Line: e.Start.Line, Column: e.Start.Column,
		ProgramText: program, Reference: e.Kind.String(),
	}
	var way *eval.Error
	if errors.As(err, &way) && len(way.Calls) > 0 {
		var calls []any
		for _, c := range way.Calls {
			calls = append(calls, c.String())
		}
		place.Traceback = calls
		if e.File != "" {
			place.Line, place.Column = way.Calls[0].At.Line, way.Calls[0].At.Column
		}
	}
	return &wire.Error{Code: 400, Type: e.Kind.WireType(), Message: err.Error(), Context: place}
}

// runError turns what the engine says of a program into the same form.
func runError(err error, program string) error {
	var limit *engine.LimitError
	if errors.As(err, &limit) {
		return &wire.Error{Code: 400, Type: syntax.LimitError.WireType(), Message: err.Error()}
	}
	var unsupported *engine.UnsupportedError
	if errors.As(err, &unsupported) {
		return placed(syntax.UnsupportedError, unsupported.Span, unsupported.What+" is not run yet", program)
	}
	var place *engine.PlaceError
	if errors.As(err, &place) {
		return placed(syntax.ArgumentError, place.Span, place.Text, program)
	}
	return err
}

// placed returns an error that points into the program.
func placed(kind syntax.ErrorKind, at graph.Span, text, program string) error {
	return &wire.Error{
		Code:    400,
		Type:    kind.WireType(),
		Message: fmt.Sprintf("line %s: %s", at, text),
		Context: &messages.ErrorContext{
			Line: at.Line, Column: at.Column,
			ProgramText: program, Reference: kind.String(),
		},
	}
}

// computation is one prepared run.
type computation struct {
	backend  *Backend
	program  string
	graph    *graph.Graph
	options  engine.Options
	identity wire.Identity
	now      func() time.Time
}

// Run implements wire.Computation.
func (c *computation) Run(ctx context.Context, out *wire.Output) error {
	defer c.backend.jobs.leave(c.identity.OrgID)
	c.options.JobID = out.Handle()
	out.OnWait(c.options.Turn.Yield)
	err := engine.Run(ctx, c.graph, c.options, &sink{
		out: out, handle: out.Handle(), org: c.identity.OrgID, now: c.now,
	})
	return runError(err, c.program)
}
