// Package flowtest is the test language of the engine: what is loaded, a program, and what it
// has to give, slot by slot. README.md describes the notation.
//
// A script is run over history and live, on a clock of its own that never waits, so that each
// one also shows that a program does not depend on how its data come in.
package flowtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/engine"
	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Script is a file of the test language.
type Script struct {
	Name  string
	Cases []*Case
	lines []string
}

// Case is one program over some data.
type Case struct {
	Line    int // of the program
	Load    []series.Sample
	Program string
	Options Options
	Checks  []*Check // what the file says of the result, in its order
}

// Options say how a program is run.
type Options struct {
	Start, Stop time.Time
	Resolution  time.Duration // 0: as the data have it
	MaxDelay    time.Duration
	Timezone    *time.Location // nil: UTC
	Inactivity  time.Duration  // 0: 24 h
	Args        map[string]string
	History     bool // only over history
	Live        bool // only live

	Source func(engine.Source) engine.Source // what stands between the store and the job; nil: nothing
}

// Check is one block of what a result has to be.
type Check struct {
	Kind  string // want, metadata, messages, expired or error
	lines []numbered
	from  int // the lines of the script that hold the body, from and to
	to    int
}

// numbered is a line of a script without its indent.
type numbered struct {
	number int // from 1
	text   string
}

// Epoch is time 0 of a script that names no other.
var Epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// parser reads a script block by block.
type parser struct {
	script *Script
	epoch  time.Time
	step   time.Duration // of the last load
	end    time.Time     // of the data
	load   []series.Sample
	used   bool // a program stands behind the load
	last   *Case
}

// Parse reads a script. Errors begin with name:line.
func Parse(name, text string) (*Script, error) {
	p := &parser{script: &Script{Name: name, lines: strings.Split(text, "\n")}, epoch: Epoch, end: Epoch}
	lines := p.script.lines
	for at := 0; at < len(lines); {
		head := strings.TrimRight(lines[at], " \t\r")
		from := at + 1
		if at++; head == "" || strings.HasPrefix(head, "#") {
			continue
		}
		for at < len(lines) && (strings.TrimSpace(lines[at]) == "" || lines[at][0] == ' ' || lines[at][0] == '\t') {
			at++
		}
		if err := p.block(head, from, at); err != nil {
			return nil, err
		}
	}
	if p.last == nil {
		return nil, fmt.Errorf("%s: no program", name)
	}
	for _, c := range p.script.Cases {
		if len(c.Checks) == 0 {
			return nil, p.errorf(c.Line, "the program has no want or error behind it")
		}
	}
	return p.script, nil
}

func (p *parser) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.script.Name, line, fmt.Sprintf(format, args...))
}

// block reads a line that begins a block, number from, and the body that ends before line to.
func (p *parser) block(head string, from, to int) error {
	word, arguments, _ := strings.Cut(head, " ")
	var err error
	switch word {
	case "epoch":
		if p.epoch, err = time.Parse(time.RFC3339, strings.TrimSpace(arguments)); err != nil {
			err = fmt.Errorf("epoch needs a time such as 2024-01-01T00:00:00Z")
		}
	case "load":
		return p.loadBlock(arguments, from, p.body(from, to))
	case "program":
		err = p.programBlock(arguments, from, to)
	case "want", "metadata", "messages", "expired", "error":
		if p.last == nil {
			return p.errorf(from, "%s stands before every program", word)
		}
		c := &Check{Kind: word, lines: p.body(from, to), from: from, to: to}
		for c.to > c.from && strings.TrimSpace(p.script.lines[c.to-1]) == "" {
			c.to--
		}
		p.last.Checks = append(p.last.Checks, c)
	default:
		err = fmt.Errorf("%q is none of epoch, load, program, want, metadata, messages, expired and error", word)
	}
	if err != nil {
		return p.errorf(from, "%v", err)
	}
	return nil
}

// body returns the lines of a block without comments and empty ones.
func (p *parser) body(from, to int) (lines []numbered) {
	for i := from; i < to; i++ {
		text := strings.TrimSpace(p.script.lines[i])
		if text != "" && !strings.HasPrefix(text, "#") {
			lines = append(lines, numbered{i + 1, text})
		}
	}
	return lines
}

// loadBlock reads load STEP [at TIME]. Behind a program it begins new data, else it adds.
func (p *parser) loadBlock(arguments string, line int, body []numbered) error {
	fields := strings.Fields(arguments)
	at := p.epoch
	var err error
	if len(fields) == 3 && fields[1] == "at" {
		if at, err = p.time(fields[2]); err != nil {
			return p.errorf(line, "%v", err)
		}
		fields = fields[:1]
	}
	if len(fields) != 1 {
		return p.errorf(line, "load is written: load 10s, or load 10s at -1m")
	}
	step, err := time.ParseDuration(fields[0])
	if err != nil || step < time.Millisecond {
		return p.errorf(line, "%q is no step such as 10s", fields[0])
	}
	if p.used || p.load == nil {
		p.load, p.used, p.end = nil, false, p.epoch
	}
	p.step = step
	for _, l := range body {
		samples, n, err := ParseLoad(l.text, at, step)
		if err != nil {
			return p.errorf(l.number, "%v", err)
		}
		p.load = append(p.load, samples...)
		if end := at.Add(time.Duration(n) * step); end.After(p.end) {
			p.end = end
		}
	}
	return nil
}

// ParseLoad reads a series with its steps, the first of which begins at a time, and returns
// its samples and how many steps there are:
//
//	m{host=a} [env=prod, #web] cumulative_counter 1+2x3 _ 5
//
// What has points of histograms is a histogram, whatever its type says.
func ParseLoad(line string, at time.Time, step time.Duration) (samples []series.Sample, n int, err error) {
	metric, dimensions, rest, err := ParseSeries(line)
	if err != nil {
		return nil, 0, err
	}
	if metric == "" {
		return nil, 0, fmt.Errorf("no metric before the dimensions")
	}
	s := series.New(metric, series.Gauge, dimensions...)
	if s.Properties, s.Tags, rest, err = parseMetadata(rest); err != nil {
		return nil, 0, err
	}
	word, values, _ := strings.Cut(rest, " ")
	switch word {
	case series.Counter.String():
		s.Type, rest = series.Counter, values
	case series.CumulativeCounter.String():
		s.Type, rest = series.CumulativeCounter, values
	case series.Gauge.String():
		rest = values
	}
	steps, err := ParseSteps(rest)
	if err != nil {
		return nil, 0, err
	}
	if slices.ContainsFunc(steps, func(st Step) bool { return st.Histogram != nil }) {
		s = histogramOf(s)
	}
	for i, st := range steps {
		if st.Digits >= 0 {
			return nil, 0, fmt.Errorf("a point is written without ~")
		}
		if s.Type == series.Histogram && len(st.Values) > 0 {
			return nil, 0, fmt.Errorf("a series of histograms has no numbers, such as %g", st.Values[0])
		}
		if st.Histogram != nil {
			t := at.Add(time.Duration(i) * step)
			samples = append(samples, series.Sample{Series: s, Distribution: st.Histogram, Point: series.Point{
				Time: t.UnixMilli(), Value: st.Histogram.Count()}, Arrival: t.Add(st.Delay).UnixMilli()})
		}
		for k, x := range st.Values {
			t := at.Add(time.Duration(i)*step + time.Duration(k)*step/time.Duration(len(st.Values)))
			samples = append(samples, series.Sample{Series: s, Point: series.Point{Time: t.UnixMilli(), Value: x},
				Arrival: t.Add(st.Delay).UnixMilli()})
		}
	}
	return samples, len(steps), nil
}

// histogramOf returns the histogram series that differs from a series in nothing else.
func histogramOf(s *series.Series) *series.Series {
	h := series.New(s.Metric, series.Histogram, s.Dimensions...)
	h.Properties, h.Tags = s.Properties, s.Tags
	return h
}

// time reads a time of its own, or one since the epoch of the script.
func (p *parser) time(text string) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return p.epoch.Add(d), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%q is no time such as -1m or 2024-01-01T00:00:00Z", text)
	}
	return t, nil
}

// programBlock reads program [key=value ...] and the text.
func (p *parser) programBlock(arguments string, from, to int) error {
	c := &Case{Line: from, Load: p.load}
	c.Options = Options{Start: p.epoch, Stop: p.end, Resolution: p.step}
	for _, field := range strings.Fields(arguments) {
		if err := p.option(&c.Options, field); err != nil {
			return err
		}
	}
	if !c.Options.Start.Before(c.Options.Stop) {
		return fmt.Errorf("the program begins at %s and ends at %s: load something, or give start= and stop=",
			c.Options.Start.Format(time.RFC3339), c.Options.Stop.Format(time.RFC3339))
	}
	lines := p.script.lines[from:to]
	indent := ""
	for _, l := range lines {
		if text := strings.TrimLeft(l, " \t"); text != "" {
			indent = l[:len(l)-len(text)]
			break
		}
	}
	for _, l := range lines {
		c.Program += strings.TrimRight(strings.TrimPrefix(l, indent), " \t\r") + "\n"
	}
	c.Program = strings.TrimRight(c.Program, "\n") + "\n"
	p.used, p.last = true, c
	p.script.Cases = append(p.script.Cases, c)
	return nil
}

func (p *parser) option(o *Options, field string) (err error) {
	name, value, _ := strings.Cut(field, "=")
	if arg, ok := strings.CutPrefix(name, "arg."); ok {
		if o.Args == nil {
			o.Args = map[string]string{}
		}
		o.Args[arg] = value
		return nil
	}
	switch name {
	case "history":
		o.History = true
	case "live":
		o.Live = true
	case "start":
		o.Start, err = p.time(value)
	case "stop":
		o.Stop, err = p.time(value)
	case "resolution":
		if o.Resolution = 0; value != "auto" {
			o.Resolution, err = time.ParseDuration(value)
		}
	case "maxdelay":
		o.MaxDelay, err = time.ParseDuration(value)
	case "inactivity":
		o.Inactivity, err = time.ParseDuration(value)
	case "timezone":
		o.Timezone, err = time.LoadLocation(value)
	default:
		err = fmt.Errorf("program takes history, live, start=, stop=, resolution=, maxdelay=, inactivity=, timezone= and arg.NAME=, not %s", strconv.Quote(field))
	}
	return err
}
