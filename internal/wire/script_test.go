package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// scriptBackend runs the programs that a conversation file defines. Tokens: "good" is a
// user of organization ORG1, "other" one of ORG2, everything else is refused.
type scriptBackend struct {
	programs map[string][]step
}

type step struct {
	verb string
	rest string
}

func (b *scriptBackend) Authenticate(_ context.Context, token string) (wire.Identity, error) {
	switch token {
	case "good", "MY_TOKEN", "T": // the latter as captured
		return wire.Identity{OrgID: "ORG1", UserID: "USER1"}, nil
	case "other":
		return wire.Identity{OrgID: "ORG2", UserID: "USER2"}, nil
	case "ingest-only":
		return wire.Identity{}, &wire.Error{Code: 403, Message: "the token needs the API scope"}
	case "echoed":
		return wire.Identity{}, &wire.Error{Code: 401, Message: "no such token: echoed"}
	}
	return wire.Identity{}, errors.New("unknown token " + token)
}

func (b *scriptBackend) Prepare(_ context.Context, id wire.Identity, req *wire.Request) (wire.Computation, error) {
	name := req.Program
	if req.Type == wire.ExplainRequest {
		name = "incident " + req.IncidentID
	}
	steps, known := b.programs[name]
	if !known {
		return nil, &wire.Error{
			Code: 400, Type: "ANALYTICS_PROGRAM_NAME_ERROR", Message: "no such program",
			Context: &messages.ErrorContext{Line: 1, Column: 5, ProgramText: req.Program},
		}
	}
	if len(steps) > 0 && steps[0].verb == "refuse" {
		return nil, errors.New(steps[0].rest)
	}
	for len(steps) > 0 {
		switch steps[0].verb {
		case "kind": // of request that it is for
			if steps[0].rest != req.Type {
				return nil, &wire.Error{Code: 400, Type: wire.TypeBadRequest, Message: "this program is for " + steps[0].rest}
			}
		case "args":
			if want := *decodeAs[map[string]any](steps[0].rest); !reflect.DeepEqual(want, req.Args) {
				return nil, fmt.Errorf("arguments %v", req.Args)
			}
		case "options":
			if got := options(req); got != steps[0].rest {
				return nil, fmt.Errorf("options %s", got)
			}
		default:
			return &script{req: req, steps: steps}, nil
		}
		steps = steps[1:]
	}
	return &script{req: req, steps: steps}, nil
}

// options writes those of a request in the order of protocol.md 2.4.
func options(r *wire.Request) string {
	moment := func(t wire.TimeSpec) string {
		if t.Text != "" || t.IsZero() {
			return t.Text
		}
		return fmt.Sprint(t.Ms)
	}
	text := fmt.Sprintf("start=%s stop=%s resolution=%v maxDelay=%v timezone=%s", moment(r.Start), moment(r.Stop), r.Resolution, r.MaxDelay, r.Timezone)
	for _, flag := range []struct {
		name string
		set  bool
	}{
		{"immediate", r.Immediate}, {"persistent", r.Persistent}, {"withDerivedMetadata", r.WithDerivedMetadata},
		{"resolutionAdjustable", r.ResolutionAdjustable}, {"disableAllMetricPublishes", r.DisableAllMetricPublishes},
		{"offsetByMaxDelay", r.OffsetByMaxDelay}, {"usedByDetectorUI", r.UsedByDetectorUI}, {"useCache", r.UseCache},
	} {
		if flag.set {
			text += " " + flag.name
		}
	}
	return text
}

// Filter lets the series of one label through.
func (b *scriptBackend) Filter(_ context.Context, _ wire.Identity, filters string) (func(*messages.MetadataProperties) bool, error) {
	if filters == "((" {
		return nil, &wire.Error{Code: 400, Type: wire.TypeBadRequest, Message: "no such filter"}
	}
	return func(p *messages.MetadataProperties) bool { return p.InternalProperties["sf_streamLabel"] == filters }, nil
}

type script struct {
	req   *wire.Request
	steps []step
	out   *wire.Output
}

func (s *script) Run(ctx context.Context, out *wire.Output) error {
	s.out = out
	for _, st := range s.steps {
		if err := s.do(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

func (s *script) do(ctx context.Context, st step) error {
	arg, rest, _ := strings.Cut(st.rest, " ")
	now := uint64(time.Now().UnixMilli())
	switch st.verb {
	case "metadata":
		return s.out.Send(messages.NewMetadata(parseID(arg), decodeAs[messages.MetadataProperties](rest)))
	case "data":
		return s.out.Send(messages.NewData(number(arg), parsePoints(rest)))
	case "refused-data":
		if err := s.out.Send(messages.NewData(number(arg), parsePoints(rest))); !errors.Is(err, wire.ErrOrder) {
			return fmt.Errorf("data was not refused: %v", err)
		}
		return nil
	case "info":
		code, body, _ := strings.Cut(rest, " ")
		return s.out.Send(messages.NewInfo(code, "INFO", number(arg), *decodeAs[map[string]any](body)))
	case "event":
		m := &messages.EventMessage{TSID: parseID(arg)}
		m.TimestampMillis = uint64(number(rest))
		return s.out.Send(m)
	case "expired":
		return s.out.Send(messages.NewExpired(parseID(arg)))
	case "progress":
		return s.out.Send(messages.NewJobProgress(float64(number(arg)), now))
	case "abort":
		return s.out.Send(messages.NewChannelAbort(arg, rest, now))
	case "after-end":
		if err := s.out.Send(messages.NewData(now64(), nil)); !errors.Is(err, wire.ErrEnded) {
			panic(fmt.Sprintf("data after the terminal message: %v", err))
		}
		return nil
	case "fail":
		return errors.New(st.rest)
	case "error":
		return &wire.Error{Code: int(number(arg)), Message: rest}
	case "panic":
		panic(st.rest)
	case "sleep":
		return pause(ctx, time.Now().Add(duration(arg)))
	case "wait":
		<-ctx.Done()
		return context.Cause(ctx)
	case "flood":
		for ms := now64(); ; ms++ {
			if err := s.out.Send(messages.NewData(ms, parsePoints(st.rest))); err != nil {
				return err
			}
		}
	case "replay":
		return s.replay(ctx, parsePoints(st.rest), false)
	case "series":
		return s.replay(ctx, parsePoints(st.rest), true)
	}
	panic("unknown step " + st.verb)
}

// seriesMetadata is that of each series of a replay.
const seriesMetadata = `{"sf_streamLabel":"A"}`

// replay is what a program with constant series does: metadata, then one data message at
// each multiple of the resolution in (start, stop], at its time if that lies ahead; or, as a
// FakeBackend has it, at start, start + resolution, … to stop.
func (s *script) replay(ctx context.Context, points []messages.DataPayload, fromStart bool) error {
	for _, p := range points {
		m := messages.NewMetadata(p.TSID, decodeAs[messages.MetadataProperties](seriesMetadata))
		if err := s.out.Send(m); err != nil {
			return err
		}
	}
	resolution := max(s.req.Resolution, time.Second)
	start, stop := s.req.Range(time.Now())
	if start.IsZero() {
		start = time.Now()
	}
	at := start
	if !fromStart {
		at = start.Truncate(resolution).Add(resolution)
	}
	for first := true; stop.IsZero() || !at.After(stop); at = at.Add(resolution) {
		if err := pause(ctx, at); err != nil {
			return err
		}
		if err := s.out.Send(messages.NewData(at.UnixMilli(), points)); err != nil {
			return err
		}
		if first {
			info := messages.NewInfo(messages.JobRunningResolution, "INFO", at.UnixMilli(), map[string]any{"resolutionMs": resolution.Milliseconds()})
			if err := s.out.Send(info); err != nil {
				return err
			}
			first = false
		}
	}
	return nil
}

func pause(ctx context.Context, until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func now64() int64 { return time.Now().UnixMilli() }

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return d
}

func decodeAs[T any](text string) *T {
	v := new(T)
	if text == "" {
		return v
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		panic(fmt.Sprintf("%q: %v", text, err))
	}
	return v
}
