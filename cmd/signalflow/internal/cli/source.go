package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/ingest"
	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/replay"
	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/server"
	"github.com/signalfx/signalflow-client-go/signalflow"
)

// sourceFlags are the flags that say which data a program runs on, and over which time.
type sourceFlags struct {
	files       []string
	format      string
	live, demo  bool
	hosts       int // of the demo; 0: as many as it usually has
	start, stop string
}

func (f *sourceFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.files, "data", nil, "run on recorded metrics in `FILE` (- is standard input); may be repeated")
	flags.StringVar(&f.format, "format", "", "`FORMAT` of the data: csv, ndjson, otlp or openmetrics (default: as they look)")
	flags.BoolVar(&f.live, "live", false, "replay --data at real speed instead of at once")
	flags.BoolVar(&f.demo, "demo", false, "run on made-up metrics of a shop: six services with an incident")
	flags.IntVar(&f.hosts, "hosts", 0, "`NUMBER` of hosts of the --demo, each with seven series (default: 21)")
	flags.StringVar(&f.start, "start", "", "begin at `TIME`: -1h, now, or 2024-01-01T00:00:00Z; -1h of --data is an hour before its end (default: now, or where --data begins)")
	flags.StringVar(&f.stop, "stop", "", "end at `TIME`, written likewise (default: never, or where --data ends)")
}

// check reports flags that contradict each other.
func (f *sourceFlags) check(t *targetFlags) error {
	elsewhere := t.realm != "" || t.url != "" || t.token != ""
	switch {
	case len(f.files) > 0 && f.demo:
		return usageError{"--data and --demo both name the data; give one of them"}
	case f.recorded() && elsewhere:
		return usageError{"--data and --demo run here; they cannot be combined with --realm, --url or --token"}
	case f.live && len(f.files) == 0:
		return usageError{"--live is a way to replay --data, which is not given"}
	case f.format != "" && len(f.files) == 0:
		return usageError{"--format says what --data holds, which is not given"}
	case f.format != "" && !slices.Contains(ingest.Formats, ingest.Format(f.format)):
		return usageError{fmt.Sprintf("--format %s is not one of csv, ndjson, otlp and openmetrics", f.format)}
	case f.hosts != 0 && !f.demo:
		return usageError{"--hosts is the size of the --demo, which is not given"}
	case f.hosts != 0 && (f.hosts < 6 || f.hosts > demoMaxHosts):
		return usageError{fmt.Sprintf("the --demo has from 6 to %d --hosts, since it has six services", demoMaxHosts)}
	}
	for name, text := range map[string]string{"start": f.start, "stop": f.stop} {
		if _, err := parseWhen(text, time.Now()); err != nil {
			return usageError{fmt.Sprintf("--%s %v", name, err)}
		}
	}
	return nil
}

// recorded reports whether the data are other than what happens here and now.
func (f *sourceFlags) recorded() bool { return len(f.files) > 0 || f.demo }

// String names the data for messages.
func (f *sourceFlags) String() string {
	if f.demo {
		return "the made-up metrics of a shop"
	}
	names := make([]string, len(f.files))
	for i, name := range f.files {
		names[i] = filepath.Base(name)
		if name == "-" {
			names[i] = "standard input"
		}
	}
	how := ""
	if f.live {
		how = ", replayed at real speed"
	}
	return "the recorded metrics of " + strings.Join(names, ", ") + how
}

// timeRange is what a program runs over; a zero time is open.
type timeRange struct {
	start, stop time.Time
	resolution  time.Duration // of the data, where the engine cannot see it in time; else 0
}

// during returns the range that the flags ask for at a time.
func (f *sourceFlags) during(now time.Time) (r timeRange, err error) {
	if r.start, err = parseWhen(f.start, now); err == nil {
		r.stop, err = parseWhen(f.stop, now)
	}
	if err == nil && len(f.files) == 0 && r.start.IsZero() && !r.stop.IsZero() && !r.stop.After(now) {
		err = usageError{fmt.Sprintf("--stop %s has passed, and without a --start the program begins now", r.stop.UTC().Format(time.RFC3339))}
	}
	if err == nil && !r.start.IsZero() && !r.stop.IsZero() && !r.start.Before(r.stop) {
		err = usageError{fmt.Sprintf("--start %s is not before --stop %s", r.start.UTC().Format(time.RFC3339), r.stop.UTC().Format(time.RFC3339))}
	}
	return r, err
}

// parseWhen reads a time, or one before now: now, -1h30m, -2d, 2024-01-01T00:00:00Z, or a
// number since the epoch. An empty text is the zero time.
func parseWhen(text string, now time.Time) (time.Time, error) {
	switch {
	case text == "":
		return time.Time{}, nil
	case text == "now":
		return now, nil
	}
	if back, ok := strings.CutPrefix(text, "-"); ok {
		d, err := parseSpan(back)
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is no time such as -1h, now or 2024-01-01T00:00:00Z", text)
		}
		return now.Add(-d), nil
	}
	ms, err := ingest.ParseTime(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no time such as -1h, now or 2024-01-01T00:00:00Z", text)
	}
	return time.UnixMilli(ms), nil
}

// parseSpan reads a duration that may have weeks and days before the rest.
func parseSpan(text string) (total time.Duration, err error) {
	for _, unit := range []struct {
		name string
		is   time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		count, rest, found := strings.Cut(text, unit.name)
		if !found {
			continue
		}
		n, err := strconv.Atoi(count)
		if err != nil || n < 0 || n > 10_000 {
			return 0, fmt.Errorf("%q is no number of %s", count, unit.name)
		}
		total, text = total+time.Duration(n)*unit.is, rest
	}
	if text == "" && total > 0 {
		return total, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no duration", text)
	}
	return total + d, nil
}

// spanFlag is a flag that takes a length of time, in the units that programs have: 1h30m, 2d, 1w.
type spanFlag struct{ length *time.Duration }

// Set implements pflag.Value. What is negative is refused by name later.
func (f spanFlag) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		d, err = parseSpan(text)
	}
	if err != nil {
		return errors.New("it takes numbers with units, such as 10s, 1h30m or 1d")
	}
	*f.length = d
	return nil
}

// String implements pflag.Value; nothing stands for none.
func (f spanFlag) String() string {
	if f.length == nil || *f.length == 0 {
		return ""
	}
	return shortly(*f.length)
}

// Type implements pflag.Value.
func (spanFlag) Type() string { return "duration" }

// openRecorded opens a session on recorded data, and returns the range to run over.
func (a *app) openRecorded(ctx context.Context, f *sourceFlags, notes *notices) (*session, timeRange, error) {
	r, err := replay.Open(ctx, replay.Options{Files: f.files, Stdin: a.stdin, Format: ingest.Format(f.format), Live: f.live})
	if err != nil {
		return nil, timeRange{}, dataError{err}
	}
	end := r.Last.Add(time.Millisecond) // a stop is exclusive
	span, err := f.during(end)
	if err != nil {
		return nil, timeRange{}, err
	}
	if span.start.IsZero() {
		span.start = r.First
	}
	if span.stop.IsZero() || span.stop.After(end) {
		span.stop = end
	}
	if !span.start.Before(span.stop) {
		return nil, timeRange{}, usageError{fmt.Sprintf("nothing to run over: the data are from %s to %s", r.First.Format(time.RFC3339), r.Last.Format(time.RFC3339))}
	}
	notes.say(fmt.Sprintf("%s from %s to %s", points(r.Points), r.First.Format(time.RFC3339), r.Last.Format(time.RFC3339)))
	f.warnOfData(r, notes)
	span.resolution = r.Resolution()
	r.Begin(span.start)
	s := serve(server.Options{Source: r.Store, Clock: r.Clock()}, r.Run)
	s.options = append(s.options, atThePaceOfTheOutput)
	return s, span, nil
}

// tooEarly is before what anybody has recorded; a time before it is one in another unit.
var tooEarly = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// warnOfData tells what is odd about recorded data.
func (f *sourceFlags) warnOfData(r *replay.Recording, notes *notices) {
	for _, w := range r.Warnings {
		notes.warn(w)
	}
	if r.Refused > 0 {
		notes.warn(fmt.Sprintf("values that are no finite numbers are left out: %s", points(r.Refused)))
	}
	if r.Strays > 0 && f.start == "" && f.stop == "" {
		notes.warn(fmt.Sprintf("far from all others, with wrong times it seems, lie %s between %s and %s; the program does not run over them, unless --start and --stop say so",
			points(r.Strays), r.FirstStray.Format(time.RFC3339), r.LastStray.Format(time.RFC3339)))
	}
	switch now := time.Now(); {
	case r.First.Before(tooEarly):
		notes.warn(fmt.Sprintf("the data begin in %d: are their times in another unit than seconds, milli-, micro- or nanoseconds since 1970?", r.First.Year()))
	case r.Last.After(now.Add(24 * time.Hour)):
		notes.warn(fmt.Sprintf("the data end in the future, at %s", r.Last.Format(time.RFC3339)))
	}
}

// points counts points in words.
func points(n int) string {
	if n == 1 {
		return "1 point"
	}
	return fmt.Sprintf("%d points", n)
}

// atThePaceOfTheOutput is for what comes as fast as it can be computed.
var atThePaceOfTheOutput = signalflow.OnOverflow(signalflow.Block)
