package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/programs"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// explainFlags are the flags of explain.
type explainFlags struct {
	file      string
	output    string
	libraries []string
	vars      []string
	varFiles  []string
}

const explainLong = `Tell what a program computes, step by step, without running it: what each line
contributes, which series come out and by which dimensions they are told apart, how raw
points are rolled up and why, what time a step looks back on, how much history is needed
before the first value, and what the program says about its resolution.

PROGRAM is the text of a program, or the path of a file or folder: of a program (.flow),
of Terraform (.tf), or of the JSON of a detector or chart (.json). With - it is standard
input. Of a file with several programs each is explained.

Formats (-o):
  text  for reading: each line of the program with the steps that come from it
  json  for programs; docs/cli.md describes it
  dot   for Graphviz: signalflow explain -o dot -f cpu.flow | dot -Tsvg > cpu.svg

Exit codes:
    0  explained
    1  a program has mistakes, or a file cannot be read
    2  flags or arguments are wrong`

const explainExample = `  # What does this do?
  signalflow explain "data('cpu.utilization').mean(by='host').max(over='1h').publish('cpu')"

  # The detectors of a Terraform file, with modules from a checkout of the library
  signalflow explain --library ~/src/signalflow-library/library -f detectors.tf`

func (a *app) explainCommand() *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use:                   "explain [flags] PROGRAM",
		Short:                 "Tell what a program computes, step by step",
		Long:                  explainLong,
		Example:               explainExample,
		Args:                  onePiece,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains(explainFormats, f.output) {
				return usageError{fmt.Sprintf("-o %s is not one of text, json and dot", f.output)}
			}
			library, err := openLibrary(f.libraries)
			if err != nil {
				return err
			}
			found, err := a.programsToExplain(args, f)
			if err != nil {
				return err
			}
			a.started = true
			return a.explain(c.Context(), found, library, f)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.file, "file", "f", "", "read the program from a file or folder, `PATH` (- is standard input)")
	flags.StringVarP(&f.output, "output", "o", "text", "`FORMAT`: text, json or dot")
	flags.StringArrayVar(&f.libraries, "library", nil, "find modules in `DIR`, which holds the folder of a package such as signalfx; may be repeated")
	flags.StringArrayVar(&f.vars, "var", nil, "`NAME=VALUE` of a Terraform variable; may be repeated")
	flags.StringArrayVar(&f.varFiles, "var-file", nil, "`FILE` with values of Terraform variables; may be repeated")
	c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(explainFormats, cobra.ShellCompDirectiveNoFileComp))
	return c
}

var explainFormats = []string{"text", "json", "dot"}

// readVars reads the values of Terraform variables, NAME=VALUE each.
func readVars(list []string) (map[string]string, error) {
	vars := map[string]string{}
	for _, v := range list {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return nil, usageError{fmt.Sprintf("--var %s is not NAME=VALUE", v)}
		}
		vars[name] = value
	}
	return vars, nil
}

// argumentName is what the program of an argument is called; nobody needs to be told.
const argumentName = "<argument>"

// programsToExplain reads what the argument is, or --file names.
func (a *app) programsToExplain(args []string, f explainFlags) (programs.Result, error) {
	none := programs.Result{}
	vars, err := readVars(f.vars)
	o := programs.Options{Vars: vars, VarFiles: f.varFiles}
	switch {
	case err != nil:
		return none, err
	case f.file != "" && len(args) > 0:
		return none, usageError{"the program is given twice, as an argument and with --file"}
	case f.file == "" && len(args) == 0:
		return none, usageError{"no program; give it as the argument, with --file, or as - for standard input"}
	}
	path := f.file
	if path == "" {
		path = args[0]
	}
	if path == programs.Stdin {
		return programs.Read([]string{path}, a.stdin, o), nil
	}
	switch _, err := os.Stat(path); {
	case err == nil:
		return programs.Read([]string{path}, nil, o), nil
	case f.file != "" || slices.Contains([]string{".flow", ".tf", ".json"}, filepath.Ext(path)):
		return none, usageError{err.Error()}
	}
	o.StdinName = argumentName
	return programs.Read([]string{programs.Stdin}, strings.NewReader(path), o), nil
}

// explain writes the graphs of programs.
func (a *app) explain(ctx context.Context, found programs.Result, library *eval.Library, f explainFlags) error {
	failed := len(found.Problems) > 0
	if !failed && len(found.Programs) == 0 {
		return usageError{"there is no program to explain"}
	}
	for _, p := range found.Problems {
		io.WriteString(a.stderr, drawn(p.Place, p.Msg))
	}
	var all []explained
	for _, p := range found.Programs {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		e := explained{Program: p, folders: f.libraries}
		e.graph, e.said = eval.Check(p.Text, eval.Options{Library: library, MaxLength: -1})
		if e.graph == nil {
			failed = true
			for _, d := range e.said {
				io.WriteString(a.stderr, e.diagnostic(d))
			}
			continue
		}
		all = append(all, e)
	}
	if err := a.writeExplained(all, f.output); err != nil {
		return err
	}
	if failed {
		return &programError{errors.New("not all programs are explained"), ""}
	}
	return nil
}

func (a *app) writeExplained(all []explained, format string) error {
	switch format {
	case "json":
		out := explainedJSON{Programs: []programJSON{}}
		for i := range all {
			out.Programs = append(out.Programs, all[i].json())
		}
		e := json.NewEncoder(a.stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(out)
	case "dot":
		for i := range all {
			if _, err := io.WriteString(a.stdout, all[i].graph.Dot(all[i].title())); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range all {
		text := all[i].text(len(all) > 1)
		if i > 0 {
			text = "\n" + text
		}
		if _, err := io.WriteString(a.stdout, text); err != nil {
			return err
		}
	}
	return nil
}

// explained is a program with its graph and what is to be said about it.
type explained struct {
	*programs.Program
	graph   *graph.Graph
	said    []eval.Diagnostic
	folders []string // of modules
}

// title says which program it is.
func (e *explained) title() string {
	file := e.File
	if file == argumentName {
		file = ""
	}
	if e.Name == "" || file == "" {
		return cmp.Or(file, e.Name, "program")
	}
	return file + ": " + e.Name
}

// diagnostic draws what is said, at its place in the file of the program, or in a module.
func (e *explained) diagnostic(d eval.Diagnostic) string {
	shown := *d.Error
	if d.File == "" {
		at := e.At(d.Start, d.End)
		shown.File, shown.Start, shown.End, shown.Text = at.File, at.Start, at.End, at.Line
	}
	if shown.File == argumentName {
		shown.File = ""
	}
	shown.Msg, shown.Hint, shown.Text = printableLines(shown.Msg), printableLines(shown.Hint), strings.Map(visible, shown.Text)
	text := shown.Render()
	if d.Warning {
		text = "warning" + strings.TrimPrefix(text, "error")
	}
	for _, c := range slices.Backward(d.Calls) {
		call := c.String()
		if c.File == "" {
			at := e.At(c.At, c.At)
			call = fmt.Sprintf("%s at line %d:%d", c.Name, at.Start.Line, at.Start.Column)
		}
		text += "  in " + call + "\n"
	}
	return text
}

type explainedJSON struct {
	Programs []programJSON `json:"programs"`
}

type programJSON struct {
	File     string        `json:"file,omitempty"` // none: an argument
	Name     string        `json:"name,omitempty"`
	Kind     string        `json:"kind"`
	Line     int           `json:"line"` // of the file that the program begins on
	Warnings []warningJSON `json:"warnings"`
	Graph    *graph.Graph  `json:"graph"`
}

type warningJSON struct {
	Module  string `json:"module,omitempty"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

func (e *explained) json() programJSON {
	out := programJSON{File: strings.TrimPrefix(e.File, argumentName), Name: e.Name, Kind: e.Kind.String(), Line: e.Place(syntax.Span{}).Start.Line, Warnings: []warningJSON{}, Graph: e.graph}
	for _, d := range e.said {
		out.Warnings = append(out.Warnings, warningJSON{d.File, d.Start.Line, d.Start.Column, d.Rule, d.Message()})
	}
	return out
}
