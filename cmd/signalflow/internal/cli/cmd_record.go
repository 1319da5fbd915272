package cli

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/demo"
	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/ingest"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// recordFlags are the flags of record.
type recordFlags struct {
	run            runFlags // target, range, duration, resolution, quiet
	metric, filter string
	output         string
}

const recordLong = `Record metrics in a file, to run programs on them with 'signalflow run --data'.

Without further settings it records the raw metrics of this machine, with their types,
once a second, until Ctrl-C or for --duration. From the cloud, chosen as for 'signalflow
run', it records what the service makes of them: values at the resolution of the run, of
the series that --metric and --filter select.

With --demo it records the made-up metrics of a shop, those between --start and --stop at
once; the same range always gives the same.

A point is a JSON object on a line of its own: metric, type, dimensions, timestamp (ms),
value, and arrival if that is another time. A file that ends in .gz is compressed.`

const recordExample = `  # A minute of this machine
  signalflow record --duration 1m -o machine.json

  # An hour of one metric out of the cloud, as it was
  signalflow record --realm us1 --metric cpu.utilization --filter "filter('env', 'prod')" --start -1h --stop now -o cpu.json.gz

  # A made-up day, and what a program says of it
  signalflow record --demo --start 2024-01-01 --stop 2024-01-02 -o day.json
  signalflow run --data day.json "data('queue.depth').max(by='service').publish()"`

func (a *app) recordCommand() *cobra.Command {
	var f recordFlags
	c := &cobra.Command{
		Use:                   "record [flags]",
		Short:                 "Record metrics in a file, to run programs on them",
		Long:                  recordLong,
		Example:               recordExample,
		Args:                  cobra.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			a.started = true
			return a.record(c.Context(), f)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.output, "output", "o", "-", "write to `FILE` (- is standard output)")
	flags.StringVar(&f.metric, "metric", "*", "record the metrics of this `NAME`, in which * stands for any characters")
	flags.StringVar(&f.filter, "filter", "", "record the series of this `EXPRESSION`, such as filter('host', 'web*')")
	flags.Var(spanFlag{&f.run.duration}, "duration", "end after this time, such as 10s or 5m")
	f.run.target.add(flags)
	flags.Var(spanFlag{&f.run.resolution}, "resolution", "finest time between two values out of the cloud, or time between those of the demo (default: by the range)")
	flags.BoolVar(&f.run.source.demo, "demo", false, "record the made-up metrics of a shop")
	flags.IntVar(&f.run.source.hosts, "hosts", 0, "`NUMBER` of hosts of the --demo, each with seven series (default: 21)")
	flags.StringVar(&f.run.source.start, "start", "", "begin at `TIME`, such as -1h or 2024-01-01T00:00:00Z, in the cloud and in the demo")
	flags.StringVar(&f.run.source.stop, "stop", "", "end at `TIME`, written likewise")
	flags.BoolVarP(&f.run.quiet, "quiet", "q", false, "print nothing but errors")
	return c
}

func (f *recordFlags) check() error {
	f.run.output = "auto"
	if err := f.run.check(); err != nil {
		return err
	}
	if err := f.checkOutput(); err != nil {
		return err
	}
	_, err := f.predicate()
	return err
}

// checkOutput refuses a name that says of the file what it will not be.
func (f *recordFlags) checkOutput() error {
	switch ending := path.Ext(strings.ToLower(strings.TrimSuffix(f.output, ".gz"))); ending {
	case ".csv":
		if !f.run.source.demo {
			return usageError{"a table has a column for each series from its first line on, and only the --demo knows them all; record in a file that ends in .json"}
		}
	case ".tsv", ".prom", ".om", ".metrics", ".otlp":
		return usageError{fmt.Sprintf("points are recorded as JSON, a line each; what ends in %s would be read as something else: name a file that ends in .json", ending)}
	}
	return nil
}

// predicate compiles the filter; nil selects everything.
func (f *recordFlags) predicate() (series.Predicate, error) {
	if f.filter == "" {
		return nil, nil
	}
	g, err := eval.Compile(f.program(), eval.Options{})
	if err != nil {
		return nil, f.filterError(err)
	}
	if fetch, ok := g.Nodes[0].Op.(*graph.Fetch); ok && len(g.Nodes) == 2 {
		return fetch.Filter, nil
	}
	return nil, usageError{"--filter takes an expression such as filter('host', 'web*') and not filter('env', 'qa')"}
}

// filterError says what is wrong with the filter where it stands in the flag, not in the program.
func (f *recordFlags) filterError(err error) error {
	var e *syntax.Error
	before := len([]rune(f.before()))
	if !errors.As(err, &e) || e.Start.Line != 1 || e.Start.Column <= before {
		return usageError{fmt.Sprintf("--filter: %v", err)}
	}
	said := e.Message()
	if strings.Contains(e.Hint, " at 1:") { // a place in the program
		said = e.Msg
	}
	column := min(e.Start.Column-before, len([]rune(f.filter))+1)
	return usageError{fmt.Sprintf("--filter %q, character %d: %s", f.filter, column, said)}
}

// before returns what stands before the filter in the program.
func (f *recordFlags) before() string { return "data(" + series.Quote(f.metric) + ", filter=" }

// program returns the program that puts out what is to be recorded.
func (f *recordFlags) program() string {
	if f.filter != "" {
		return f.before() + f.filter + ").publish()"
	}
	return "data(" + series.Quote(f.metric) + ").publish()"
}

func (a *app) record(ctx context.Context, f recordFlags) error {
	t, err := chooseTarget(f.run.target, a.getenv)
	if f.run.source.demo {
		f.run.target.local = true
		t, err = chooseTarget(f.run.target, a.getenv)
		t.source = f.run.source.String()
	}
	if err != nil {
		return err
	}
	span, err := f.run.source.during(time.Now())
	switch {
	case err != nil:
		return err
	case t.local && !f.run.source.demo && (!span.start.IsZero() || !span.stop.IsZero()):
		return usageError{"this machine's metrics are recorded from now on; --start and --stop are for the cloud and for --demo"}
	case !t.local && f.metric == "*":
		return usageError{"the cloud has very many metrics; name those to record with --metric"}
	}
	notes := &notices{w: a.stderr, quiet: f.run.quiet}
	for _, w := range t.warnings {
		notes.warn(w)
	}
	var shop *demo.Shop
	if f.run.source.demo {
		wanted, err := f.query()
		if err == nil {
			shop, err = f.run.source.shop(span, f.run.resolution, wanted)
		}
		if err == nil && len(shop.Series()) == 0 {
			err = usageError{"the demo has no series that --metric and --filter select; leave them out to see what it has"}
			if left, _ := f.histograms(span); left > 0 {
				err = usageError{"these are histograms, for which a table has no place; record in a file that ends in .json"}
			}
		}
		if err != nil {
			return err
		}
	}
	file, err := a.create(f.output)
	if err != nil {
		return err
	}
	notes.say("recording " + t.String())
	var out recorder
	switch {
	case shop != nil && isTable(f.output):
		out = ingest.NewTable(file, shop.Series())
		if left, err := f.histograms(span); err == nil && left > 0 {
			notes.warn(fmt.Sprintf("a table has no place for histograms, and leaves %d series of them out; a file that ends in .json has them", left))
		}
	default:
		out = ingest.NewWriter(file)
	}
	switch {
	case shop != nil:
		notes.say(describeShop(shop))
		err = f.recordDemo(ctx, span, shop, out)
	case t.local:
		err = a.recordLive(ctx, f, notes, out)
	default:
		err = a.recordCloud(ctx, f, t, notes, out)
	}
	err = errors.Join(err, out.Flush(), file.Close())
	if out.Points() == 0 && f.selects() {
		notes.warn("--metric and --filter select nothing that has come; leave them out to see what there is")
	}
	notes.say(points(out.Points()) + " recorded")
	return err
}

// create opens what is written to. Its Close leaves standard output open.
func (a *app) create(name string) (io.WriteCloser, error) {
	if name == "-" {
		return recordFile{Writer: a.stdout}, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, usageError{err.Error()}
	}
	if strings.HasSuffix(name, ".gz") {
		zipped := gzip.NewWriter(file)
		return recordFile{zipped, []io.Closer{zipped, file}}, nil
	}
	return file, nil
}

// recordFile is a file, or standard output, with what is to be closed below it.
type recordFile struct {
	io.Writer
	below []io.Closer
}

func (f recordFile) Close() (err error) {
	for _, c := range f.below {
		err = errors.Join(err, c.Close())
	}
	return err
}

func (f *recordFlags) query() (series.Query, error) {
	filter, err := f.predicate()
	q := series.Query{Kind: series.AnyKind, Metric: f.metric, Filter: filter}
	if isTable(f.output) { // which has no place for histograms
		q.Kind = series.Numbers
	}
	return q, err
}

// selects tells whether only some of the series are wanted.
func (f *recordFlags) selects() bool { return f.metric != "*" || f.filter != "" }

// histograms counts the series of histograms that are selected out of the demo, and that a table
// leaves out.
func (f *recordFlags) histograms(span timeRange) (int, error) {
	if !isTable(f.output) {
		return 0, nil
	}
	wanted, err := f.query()
	if err != nil {
		return 0, err
	}
	wanted.Kind = series.Histograms
	shop, err := f.run.source.shop(span, f.run.resolution, wanted)
	if err != nil {
		return 0, err
	}
	return len(shop.Series()), nil
}

// recordLive records this machine's metrics as they come.
func (a *app) recordLive(ctx context.Context, f recordFlags, notes *notices, out recorder) error {
	wanted, err := f.query()
	if err != nil {
		return err
	}
	store, feed, err := a.collect(ctx)
	if err != nil {
		return endedBy(ctx, err)
	}
	running, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		feed(running)
	}()
	defer func() { cancel(); <-done }()
	wake := make(chan struct{}, 1)
	samples, err := store.Subscribe(wanted, wake)
	if err != nil {
		return err
	}
	defer samples.Close()
	over, free := after(f.run.duration)
	defer free()
	var spare []series.Sample
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-over:
			return nil
		case <-wake:
		}
		all, lost := samples.Take(spare)
		if lost {
			notes.warn("the output is too slow: some points are not recorded")
		}
		out.Append(all...)
		spare = all
		if err := out.Flush(); err != nil {
			return err
		}
	}
}

// recordCloud records what a program puts out.
func (a *app) recordCloud(ctx context.Context, f recordFlags, t target, notes *notices, out recorder) error {
	s, span, err := a.open(ctx, t, &f.run.source, notes)
	if err != nil {
		return endedBy(ctx, err)
	}
	defer s.close()
	computation, closeClient, err := execute(ctx, s, f.run, span, program{text: f.program()}, notes)
	if err != nil {
		return endedBy(ctx, err)
	}
	defer closeClient()
	recorded := &recordOutput{out: out, known: map[*publishedSeries]*series.Series{}}
	err = newFollower(computation, recorded, notes, s.has).follow(ctx, f.run.duration, 0)
	return describe(endedBy(ctx, err), program{text: f.program()})
}

// recordOutput makes samples of published values. They have been rolled up, so they are
// gauges, whatever their metric was.
type recordOutput struct {
	out   recorder
	known map[*publishedSeries]*series.Series
}

func (o *recordOutput) values(values []publishedValue) error {
	for _, v := range values {
		s := o.known[v.series]
		if s == nil {
			labels := make([]series.Label, len(v.series.dimensions))
			for i, d := range v.series.dimensions {
				labels[i] = series.Label{Name: d.name, Value: d.value}
			}
			s = series.New(v.series.metric, series.Gauge, labels...)
			o.known[v.series] = s
		}
		o.out.Append(series.Sample{Series: s, Point: series.Point{Time: v.time, Value: v.number.float}, Arrival: v.time})
	}
	return o.out.Flush()
}

func (o *recordOutput) expired(s *publishedSeries) { delete(o.known, s) }

func (o *recordOutput) close() error { return o.out.Flush() }
