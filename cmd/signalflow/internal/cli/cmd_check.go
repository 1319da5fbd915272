package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/programs"
	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/internal/lint"
)

// checkFlags are the flags of check.
type checkFlags struct {
	output    string
	severity  string
	strict    bool
	fix       bool
	libraries []string
	vars      []string
	varFiles  []string
	stdinName string

	threshold lint.Severity // of severity
}

const checkLong = `Check programs without running them: what the compiler refuses, and by rules what
compiles and is hardly meant. docs/rules.md describes the rules.

Each PATH is a file or a folder, - is standard input. Programs are found in
  .flow  one program
  .tf    the program_text of resources, with the values of variables and locals
         (terraform.tfvars, *.auto.tfvars, --var-file, --var, defaults); what
         is not known is replaced by something that fits
  .json  detectors, charts and SLOs as the API returns them
and a file that is named and ends otherwise is one program.

Positions are those of the file. A comment switches a rule off:
  x = data('m')  # signalflow: disable=unused-variable
at the end of a line for that line, on its own for the statement below it, and with
disable-program= for the whole program.

Findings go to standard output, a summary to standard error.

Output (-o):
  text    file:line:column: severity: message [rule], and the line
  json    one object: {"summary": {...}, "diagnostics": [...]}
  sarif   SARIF 2.1.0, for code scanning
  github  annotations for GitHub Actions

Exit codes:
    0  nothing is found at or above --severity
    1  something is found; or a file could not be written
    2  flags or arguments are wrong, or no file with programs is there`

const checkExample = `  # Everything in a repository
  signalflow check .

  # Detectors with modules of the SignalFlow library, with values for production
  signalflow check --library ~/signalflow-library --var-file prod.tfvars detectors/

  # What an editor has not saved yet
  signalflow check -o json --stdin-name cpu.tf -

  # In GitHub Actions
  signalflow check -o github .`

func (a *app) checkCommand() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:                   "check [flags] PATH...",
		Short:                 "Check programs for mistakes without running them",
		Long:                  checkLong,
		Example:               checkExample,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{"nothing to check; give files or folders, or - for standard input"}
			}
			if err := onlyPaths(args, "check"); err != nil {
				return err
			}
			options, vars, err := f.read(args)
			if err != nil {
				return err
			}
			a.started = true
			return a.check(c.Context(), f, args, programs.Options{Vars: vars, VarFiles: f.varFiles, StdinName: f.stdinName}, options)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.output, "output", "o", "text", "`FORMAT`: text, json, sarif or github")
	flags.StringVar(&f.severity, "severity", "warning", "the least `SEVERITY` that counts: info, warning or error")
	flags.BoolVar(&f.strict, "strict-limits", false, "what exceeds a limit of the service is an error")
	flags.BoolVar(&f.fix, "fix", false, "write what is safe to fix back to the files")
	flags.StringArrayVar(&f.libraries, "library", nil, "find modules in `DIR`, which holds the folder of a package such as signalfx; may be repeated")
	flags.StringArrayVar(&f.vars, "var", nil, "`NAME=VALUE` of a Terraform variable; may be repeated")
	flags.StringArrayVar(&f.varFiles, "var-file", nil, "`FILE` with values of Terraform variables; may be repeated")
	flags.StringVar(&f.stdinName, "stdin-name", "", "`FILE` that standard input is the text of: its ending says what it is")
	c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(checkOutputs, cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("severity", cobra.FixedCompletions([]string{"info", "warning", "error"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

var checkOutputs = []string{"text", "json", "sarif", "github"}

// read checks the flags and opens what they name.
func (f *checkFlags) read(args []string) (lint.Options, map[string]string, error) {
	o := lint.Options{StrictLimits: f.strict}
	stdin := slices.Contains(args, programs.Stdin)
	switch {
	case !slices.Contains(checkOutputs, f.output):
		return o, nil, usageError{fmt.Sprintf("-o %s is not one of text, json, sarif and github", f.output)}
	case f.fix && stdin:
		return o, nil, usageError{"standard input cannot be written back; leave --fix out"}
	case f.stdinName != "" && !stdin:
		return o, nil, usageError{"--stdin-name is for standard input, but files are given"}
	}
	known := false
	for _, s := range []lint.Severity{lint.Info, lint.Warning, lint.Error} {
		if f.severity == s.String() {
			f.threshold, known = s, true
		}
	}
	if !known {
		return o, nil, usageError{fmt.Sprintf("--severity %s is not one of info, warning and error", f.severity)}
	}
	vars, err := readVars(f.vars)
	if err != nil {
		return o, nil, err
	}
	library, err := openLibrary(f.libraries)
	o.Library = library
	return o, vars, err
}

// openLibrary returns the library of folders; nil without any.
func openLibrary(folders []string) (*eval.Library, error) {
	if len(folders) == 0 {
		return nil, nil
	}
	list := make([]fs.FS, len(folders))
	for i, folder := range folders {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return nil, usageError{fmt.Sprintf("--library %s is no folder", folder)}
		}
		list[i] = os.DirFS(folder)
	}
	return eval.NewLibrary(list...), nil
}

// check checks the programs of paths and reports what is found.
func (a *app) check(ctx context.Context, f checkFlags, paths []string, read programs.Options, o lint.Options) error {
	r := newCheckReport(f.threshold)
	if err := r.run(ctx, programs.Read(paths, a.stdin, read), o); err != nil {
		return err
	}
	if f.fix {
		fixed, err := r.fix()
		if err != nil {
			return err
		}
		if fixed > 0 {
			fmt.Fprintf(a.stderr, "fixed %s\n", plural(fixed, "finding"))
			r = newCheckReport(f.threshold)
			if err := r.run(ctx, programs.Read(paths, nil, read), o); err != nil {
				return err
			}
		}
	}
	if r.files == 0 && len(r.diagnostics) == 0 {
		return usageError{fmt.Sprintf("no program is in %s", strings.Join(paths, ", "))}
	}
	if err := r.write(a.stdout, f.output); err != nil {
		return err
	}
	fmt.Fprintln(a.stderr, r.summary())
	if len(r.diagnostics) > 0 {
		return &programError{errors.New(r.summary()), ""}
	}
	return nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
