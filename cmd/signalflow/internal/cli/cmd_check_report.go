package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/programs"
	"github.com/signalfx/signalflow-client-go/internal/lint"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// diagnostic is a finding with its place in a file.
type diagnostic struct {
	programs.Place // Start is zero for all of the file
	rule           string
	severity       lint.Severity
	msg, hint      string
	program        string // where a file has several
	fix            []programs.Edit
}

func (d *diagnostic) message() string {
	if d.hint == "" {
		return d.msg
	}
	return d.msg + " (" + d.hint + ")"
}

// checkReport gathers what is found.
type checkReport struct {
	threshold       lint.Severity
	files, programs int
	diagnostics     []diagnostic

	seen  map[diagnosticKey]bool
	order map[string]int // of files, as they came
}

// diagnosticKey tells diagnostics apart: a resource may make many programs that have the
// same mistake.
type diagnosticKey struct {
	file      string
	from, to  int
	rule, msg string
}

func newCheckReport(threshold lint.Severity) *checkReport {
	return &checkReport{threshold: threshold, seen: map[diagnosticKey]bool{}, order: map[string]int{}}
}

// run checks the programs that were read.
func (r *checkReport) run(ctx context.Context, found programs.Result, o lint.Options) error {
	r.files, r.programs = found.Files, len(found.Programs)
	for _, p := range found.Problems {
		r.add(diagnostic{Place: p.Place, rule: "file", severity: lint.Error, msg: p.Msg})
	}
	for _, p := range found.Programs {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, f := range lint.Check(lintProgram(p), o) {
			if d := diagnose(p, f); !disabledBeside(p, f) {
				r.add(d)
			}
		}
	}
	slices.SortStableFunc(r.diagnostics, func(a, b diagnostic) int {
		return cmp.Or(cmp.Compare(r.order[a.File], r.order[b.File]), cmp.Compare(a.From, b.From))
	})
	return nil
}

func (r *checkReport) add(d diagnostic) {
	if d.severity < r.threshold {
		return
	}
	key := diagnosticKey{d.File, d.From, d.To, d.rule, d.msg}
	if r.seen[key] {
		return
	}
	r.seen[key] = true
	if _, ok := r.order[d.File]; !ok {
		r.order[d.File] = len(r.order)
	}
	r.diagnostics = append(r.diagnostics, d)
}

// lintProgram returns a program as its rules see it.
func lintProgram(p *programs.Program) lint.Program {
	out := lint.Program{Text: p.Text, AllLabels: p.AllLabels}
	switch p.Kind {
	case programs.Detector:
		out.Kind = lint.Detector
	case programs.Chart:
		out.Kind = lint.Chart
	case programs.SLO:
		out.Kind = lint.SLO
	}
	for _, l := range p.Labels {
		out.Labels = append(out.Labels, lint.Label{Text: l.Text, Known: l.Known, Severity: l.Severity})
	}
	for _, g := range p.Guesses {
		out.Guesses = append(out.Guesses, lint.Guess{Span: g.Span, Name: g.Name})
	}
	return out
}

// diagnose finds the place of a finding in the file of its program.
func diagnose(p *programs.Program, f lint.Finding) diagnostic {
	d := diagnostic{rule: f.Rule, severity: f.Severity, msg: f.Msg, hint: f.Hint, program: p.Name}
	if f.Label >= 0 {
		d.Place = p.Labels[f.Label].At
		return d
	}
	d.Place = p.Place(f.At)
	if first := (syntax.Span{From: f.At.From, To: f.At.From}); !p.Exact(first) && f.Rule != "unknown-value" {
		at := syntax.NewSource("", p.Text).Position(f.At.From)
		d.msg += fmt.Sprintf(", in line %d:%d of the program that is made here", at.Line, at.Column)
	}
	if f.Rule == "syntax" && p.Name != "" && f.At.From == 0 && strings.TrimLeft(p.Text, " \t") != p.Text {
		d.hint = "with <<- in place of << Terraform takes the indentation of a heredoc away"
	}
	for _, e := range f.Fix {
		if !p.Exact(e.Span) {
			d.fix = nil
			break
		}
		at := p.Place(e.Span)
		d.fix = append(d.fix, programs.Edit{File: at.File, From: at.From, To: at.To, New: e.New})
	}
	return d
}

// disabledBeside reports whether a comment of the file that is no part of the program, beside
// a label that is named there or above its block, switches the rule of a finding off.
func disabledBeside(p *programs.Program, f lint.Finding) bool {
	if f.Label < 0 {
		return false
	}
	for _, line := range p.Labels[f.Label].Lines {
		if _, comment, ok := strings.Cut(line, "signalflow:"); ok {
			if rules, _ := lint.Disabled("signalflow:" + comment); slices.Contains(rules, f.Rule) {
				return true
			}
		}
	}
	return false
}

// fix writes the fixes of all diagnostics to the files, and returns how many were made.
func (r *checkReport) fix() (fixed int, err error) {
	edits := map[string][]programs.Edit{}
	var files []string
	for _, d := range r.diagnostics {
		if len(d.fix) == 0 {
			continue
		}
		file := d.fix[0].File
		if edits[file] == nil {
			files = append(files, file)
		}
		if slices.ContainsFunc(d.fix, func(e programs.Edit) bool { return overlaps(edits[file], e) }) {
			continue // the next time, when the one around it is fixed
		}
		edits[file] = append(edits[file], d.fix...)
		fixed++
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		changed, err := programs.Apply(string(text), edits[file])
		if err != nil {
			return 0, err
		}
		if err := rewrite(file, changed); err != nil {
			return 0, err
		}
	}
	return fixed, nil
}

func overlaps(list []programs.Edit, e programs.Edit) bool {
	return slices.ContainsFunc(list, func(other programs.Edit) bool { return e.From < other.To && other.From < e.To })
}

func (r *checkReport) count(s lint.Severity) (n int) {
	for _, d := range r.diagnostics {
		if d.severity == s {
			n++
		}
	}
	return n
}

func (r *checkReport) summary() string {
	return fmt.Sprintf("%s in %s: %s, %s", plural(r.programs, "program"), plural(r.files, "file"),
		plural(r.count(lint.Error), "error"), plural(r.count(lint.Warning), "warning"))
}

// write prints the report in a format.
func (r *checkReport) write(w io.Writer, format string) error {
	switch format {
	case "json":
		return r.writeJSON(w)
	case "sarif":
		return r.writeSARIF(w)
	case "github":
		return r.writeGitHub(w)
	}
	return r.writeText(w)
}

// writeText prints each diagnostic on a line, with the line that it is about below it.
func (r *checkReport) writeText(w io.Writer) error {
	for _, d := range r.diagnostics {
		if _, err := io.WriteString(w, d.render()); err != nil {
			return err
		}
	}
	return nil
}

// render draws a diagnostic for a person.
func (d *diagnostic) render() string {
	file := printable(d.File)
	text := fmt.Sprintf("%s: %s [%s]\n", d.severity, printable(d.message()), d.rule)
	if d.Start.Line == 0 {
		return file + ": " + text
	}
	drawn := &syntax.Error{Start: d.Start, End: d.End, Text: strings.Map(visible, d.Line)}
	_, source, _ := strings.Cut(drawn.Render(), "\n")
	return fmt.Sprintf("%s:%d:%d: %s%s", file, d.Start.Line, d.Start.Column, text, source)
}
