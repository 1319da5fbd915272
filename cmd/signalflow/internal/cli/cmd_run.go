package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/signalflow"
)

// runFlags are the flags of run.
type runFlags struct {
	target     targetFlags
	source     sourceFlags
	file       string
	output     string
	duration   time.Duration
	timeout    time.Duration
	resolution time.Duration
	maxDelay   time.Duration
	timezone   string
	args       []string
	quiet      bool
}

const runLong = `Run a SignalFlow program and print the values that it publishes, until Ctrl-C.

The program is the argument, or in a file that it names (-f FILE, or just its path), or
comes from standard input (-).

Where it runs:
  Without further settings it runs here, on metrics of this machine that are read
  once a second: cpu.utilization, memory.utilization, disk.utilization,
  network.total, load.shortterm and others. No account and no port is needed.

  It runs in Splunk Observability Cloud if one of --realm, --url and --token is
  given, or if the environment has a token and a realm or URL. --local overrides
  the environment. Flags win over the environment, a URL over a realm; what is
  used is said on standard error.

  On recorded metrics, it runs over all of them at once (--data), or at the speed
  at which they were recorded (--live). --demo makes up the metrics of a shop.

  token   SPLUNK_ACCESS_TOKEN, or SPLUNK_API_TOKEN, SPLUNK_TOKEN,
          SFX_ACCESS_TOKEN, SFX_AUTH_TOKEN, SFX_API_TOKEN, SFX_USER_TOKEN,
          SFX_TOKEN, SIGNALFX_ACCESS_TOKEN
  realm   SPLUNK_REALM, or SFX_REALM
  URL     SIGNALFX_STREAM_URL, or SPLUNK_API_URL, SFX_API_URL, SPLUNK_INGEST_URL
          (any address of the service: that of the stream is made from it)

Output (-o):
  auto    table on a terminal, otherwise ndjson
  table   a live table on a terminal (p pauses, q quits); a line a value elsewhere,
          and where TERM is dumb. NO_COLOR is respected
  ndjson  one JSON object a line: label, metric, dimensions, timestamp (ms), value
  csv     timestamp,label,metric,dimensions,value; dimensions are a JSON object

  Values go to standard output, everything else to standard error.

Exit codes:
    0  the program has ended, --duration has passed, the table was quit, or the
       reader of the output has gone away
    1  the program has an error, or its run was aborted; or the output could not
       be written
    2  flags, arguments or settings are wrong, or recorded data cannot be read
    3  authentication or connection failed, or the connection was lost
  124  --timeout has passed without a value
  130  Ctrl-C (143: SIGTERM)`

const runExample = `  # The load of this machine's processors, once a second
  signalflow run "data('cpu.utilization').mean().publish('cpu')"

  # Bytes a second over all network interfaces, as JSON, for ten seconds
  signalflow run -o ndjson --duration 10s "data('network.total', rollup='rate').publish('net')"

  # A program from a file, in the cloud
  SPLUNK_ACCESS_TOKEN=... signalflow run --realm us1 -f cpu.flow

  # A recorded morning, a value a minute
  signalflow run --data monday.csv --stop 2024-01-01T12:00:00Z --resolution 1m -f cpu.flow

  # One value for a script, or exit code 124 after half a minute
  signalflow run --timeout 30s "data('memory.utilization').publish()" | head -n 1`

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:                   "run [flags] PROGRAM",
		Short:                 "Run a program and print what it publishes",
		Long:                  runLong,
		Example:               runExample,
		Args:                  onePiece,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if slices.Contains(append(args, f.file), "-") && slices.Contains(f.source.files, "-") {
				return usageError{"the program and the data cannot both come from standard input"}
			}
			program, err := a.readProgram(f.file, args)
			if err != nil {
				return err
			}
			if program.args, err = programArgs(f.args); err != nil {
				return err
			}
			a.started = true
			return a.run(c.Context(), f, program)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.file, "file", "f", "", "read the program from `FILE` (- is standard input)")
	f.target.add(flags)
	f.source.add(flags)
	flags.StringVarP(&f.output, "output", "o", "auto", "`FORMAT`: auto, table, ndjson or csv")
	flags.Var(spanFlag{&f.duration}, "duration", "end after this time, such as 10s or 5m (exit code 0)")
	flags.Var(spanFlag{&f.timeout}, "timeout", "give up when no value has come after this time (exit code 124)")
	flags.Var(spanFlag{&f.resolution}, "resolution", "finest time between two values of a series (default: as the data have it)")
	flags.Var(spanFlag{&f.maxDelay}, "max-delay", "longest wait for late data, at most 15m (default: as the data need it)")
	flags.StringVar(&f.timezone, "timezone", "", "`ZONE` in which days and calendar windows begin, such as Europe/Paris (default UTC)")
	flags.StringArrayVar(&f.args, "arg", nil, "`NAME=VALUE` of what the program reads with Args.get('NAME'); may be repeated")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing but values and errors")
	c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"auto", "table", "ndjson", "csv"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// onePiece wants the program as one argument: quotes that are missing or in the wrong
// place make several of it.
func onePiece(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError{fmt.Sprintf("the program is one argument, not %d; put it in double quotes, and its strings in single ones", len(args))}
	}
	return nil
}

func (f *runFlags) check() error {
	for name, d := range map[string]time.Duration{"duration": f.duration, "timeout": f.timeout, "resolution": f.resolution, "max-delay": f.maxDelay} {
		if d < 0 {
			return usageError{fmt.Sprintf("--%s must not be negative", name)}
		}
	}
	if f.maxDelay > 15*time.Minute {
		return usageError{"--max-delay is at most 15m"}
	}
	if _, err := time.LoadLocation(f.timezone); err != nil {
		return usageError{fmt.Sprintf("--timezone: %v; give a name of the IANA database, such as America/New_York", err)}
	}
	switch f.output {
	case "auto", "table", "ndjson", "csv":
		return f.source.check(&f.target)
	}
	return usageError{fmt.Sprintf("-o %s is not one of auto, table, ndjson and csv", f.output)}
}

// program is the text of a program, where it came from, and its arguments.
type program struct {
	text, file string
	args       map[string]string
}

// programArgs reads the values of --arg.
func programArgs(list []string) (map[string]string, error) {
	args := make(map[string]string)
	for _, text := range list {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, usageError{fmt.Sprintf("--arg %s is not NAME=VALUE", text)}
		}
		if _, twice := args[name]; twice {
			return nil, usageError{fmt.Sprintf("--arg %s is given twice", name)}
		}
		args[name] = value
	}
	return args, nil
}

// maxProgram is the longest program in bytes; the service takes 50,000 characters.
const maxProgram = 512 << 10

// readProgram returns the program of the argument, the file or standard input.
func (a *app) readProgram(file string, args []string) (program, error) {
	if file != "" && len(args) > 0 {
		return program{}, usageError{"the program is given twice, as an argument and with --file"}
	}
	if file == "" && len(args) == 0 {
		return program{}, usageError{"no program; give it as the argument, with --file, or as - for standard input"}
	}
	if file == "" && (args[0] == "-" || isPath(args[0])) {
		file = args[0]
	}
	p := program{file: file}
	switch {
	case file == "-":
		p.file = "stdin"
		return p, p.read(a.stdin)
	case slices.Contains(holders, filepath.Ext(file)):
		return p, usageError{fmt.Sprintf("%s holds programs among other things, and run takes one by itself; 'signalflow explain %[1]s' shows those in it", file)}
	case file != "":
		source, err := os.Open(file)
		if err != nil {
			return p, usageError{err.Error()}
		}
		defer source.Close()
		return p, p.read(source)
	}
	p.text = args[0]
	return p, p.check()
}

// holders are the endings of files in which programs are a part.
var holders = []string{".tf", ".json"}

// isPath tells whether an argument is the path of a program and not its text: it is there, or
// ends as such files do.
func isPath(arg string) bool {
	switch {
	case strings.ContainsAny(arg, "(\n"):
		return false
	case filepath.Ext(arg) == ".flow", slices.Contains(holders, filepath.Ext(arg)):
		return true
	}
	info, err := os.Stat(arg)
	return err == nil && info.Mode().IsRegular()
}

// onlyPaths refuses the text of a program where a command takes paths.
func onlyPaths(args []string, command string) error {
	for _, arg := range args {
		if _, err := os.Stat(arg); err != nil && strings.ContainsAny(arg, "(\n") {
			return usageError{fmt.Sprintf("%s takes files and folders, and a program by itself from standard input: echo PROGRAM | signalflow %[1]s -", command)}
		}
	}
	return nil
}

func (p *program) read(r io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(r, maxProgram+1))
	if err != nil {
		return usageError{fmt.Sprintf("read the program: %v", err)}
	}
	p.text = strings.TrimPrefix(string(text), "\ufeff") // editors put it at the start of a file
	return p.check()
}

func (p *program) check() error {
	switch {
	case len(p.text) > maxProgram:
		return usageError{fmt.Sprintf("the program is longer than %d bytes", maxProgram)}
	case strings.TrimSpace(p.text) == "":
		return usageError{"the program is empty"}
	}
	return nil
}

// compiled returns the graph of the program. Nil if it does not compile here: that is left to
// whoever runs it, who may have the modules that it imports.
func (p *program) compiled() *graph.Graph {
	g, err := eval.Compile(p.text, eval.Options{MaxLength: -1, Args: p.args})
	if err != nil {
		return nil
	}
	return g
}

// publishes reports whether a program publishes anything, and whether that has values.
func publishes(g *graph.Graph) (something, values bool) {
	for _, n := range g.Nodes {
		if _, ok := n.Op.(*graph.Publish); ok {
			something = true
			values = values || n.Kind == graph.Numbers || n.Kind == graph.Booleans
		}
	}
	return something, values
}

// run runs a program until it ends, or is ended.
func (a *app) run(ctx context.Context, f runFlags, p program) error {
	if f.source.recorded() {
		f.target.local = true // whatever the environment says
	}
	t, err := chooseTarget(f.target, a.getenv)
	if err != nil {
		return err
	}
	if f.source.recorded() {
		t.source = f.source.String()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	notes := &notices{w: a.stderr, quiet: f.quiet}
	for _, w := range t.warnings {
		notes.warn(w)
	}
	notes.say("running on " + t.String())
	g := p.compiled()
	if g != nil {
		if something, _ := publishes(g); !something {
			notes.warn("the program publishes nothing; end a stream in .publish()")
		}
	}
	s, span, err := a.open(ctx, t, &f.source, notes)
	if err != nil {
		return endedBy(ctx, err)
	}
	defer s.close()
	began := time.Now()
	starting, release := startWithin(ctx, f.timeout)
	defer release()
	computation, closeClient, err := execute(starting, s, f, span, p, notes)
	if err != nil {
		return f.inTime(endedBy(starting, err), err)
	}
	defer closeClient()
	left := f.timeout
	if left > 0 {
		left = max(1, left-time.Since(began))
	}
	out := a.openOutput(f.output, tableTitle(t, p), notes, cancel)
	follower := newFollower(computation, out, notes, s.has)
	err = follower.follow(ctx, f.duration, left)
	if err == nil && g != nil && !follower.got && !follower.warned {
		explainNothing(g, s.has, notes)
	}
	return errors.Join(describe(f.inTime(endedBy(ctx, err), nil), p), out.close())
}

// startWithin bounds the start of a program by --timeout, 0 for none.
func startWithin(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, timeout, errTimeout)
}

// inTime says in errTimeout which time was meant, and what was wrong until then, if known.
func (f *runFlags) inTime(err, because error) error {
	switch {
	case !errors.Is(err, errTimeout):
		return err
	case because == nil:
		return fmt.Errorf("%w (--timeout %v)", err, f.timeout)
	}
	return fmt.Errorf("%w (--timeout %v): %w", err, f.timeout, because)
}

// execute sends the program to a session. While it waits for a connection it tells what
// goes wrong with the attempts.
func execute(ctx context.Context, s *session, f runFlags, span timeRange, p program, notes *notices) (*signalflow.Computation, func(), error) {
	var connected atomic.Bool
	attemptFailed := func(err error) {
		if !connected.Load() && !errors.As(err, new(*signalflow.AuthError)) { // that one Execute returns
			notes.warn(err.Error() + "; trying again")
		}
	}
	client, err := signalflow.NewClient(append(s.options,
		signalflow.UserAgent("signalflow/"+version()), signalflow.OnError(attemptFailed))...)
	if err != nil {
		return nil, nil, usageError{err.Error()}
	}
	request := &signalflow.ExecuteRequest{
		Program: p.text, Start: span.start, Stop: span.stop,
		Resolution: max(f.resolution, span.resolution), MaxDelay: f.maxDelay, Timezone: f.timezone,
	}
	if len(p.args) > 0 {
		request.Args = p.args
	}
	c, err := client.Execute(ctx, request)
	if err != nil {
		client.Close()
		return nil, nil, err
	}
	connected.Store(true)
	return c, client.Close, nil
}

// endedBy returns the cause of a context that has ended, else err: what fails because of
// the end is not the reason for it.
func endedBy(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func tableTitle(t target, p program) string {
	return t.String() + ": " + printable(strings.Join(strings.Fields(p.text), " "))
}
