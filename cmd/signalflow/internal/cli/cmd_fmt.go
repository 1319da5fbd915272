package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/programs"
)

// fmtFlags are the flags of fmt.
type fmtFlags struct {
	write     bool
	check     bool
	diff      bool
	stdinName string
}

const fmtLong = `Print programs in the one style of SignalFlow: docs/style.md says what it is. There is
nothing to set, comments are kept, and what is formatted stays as it is.

Each PATH is a program (.flow), a Terraform file (.tf), or a folder, in which all files of
these kinds are meant. Without a PATH, or with -, standard input is formatted.

In Terraform files the heredocs of program_text are formatted, nothing else; what stands
in ${...} is kept byte for byte, and so is the indentation that <<- takes away. A heredoc
that is no program is left alone and reported.

Without a flag the result goes to standard output, which takes one file.

Exit codes:
    0  done; with --check: all files are formatted
    1  a program has mistakes and was left alone, a file could not be written,
       or with --check: a file is not formatted
    2  flags or paths are wrong`

const fmtExample = `  # Format all programs of a folder in place
  signalflow fmt -w detectors/

  # In CI: list what is not formatted, and fail
  signalflow fmt --check .

  # What would change
  signalflow fmt --diff detectors/cpu.tf`

func (a *app) fmtCommand() *cobra.Command {
	var f fmtFlags
	c := &cobra.Command{
		Use:                   "fmt [flags] [PATH...]",
		Short:                 "Format programs, also those in Terraform files",
		Long:                  fmtLong,
		Example:               fmtExample,
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{programs.Stdin}
			}
			if err := onlyPaths(args, "fmt"); err != nil {
				return err
			}
			if err := f.verify(args); err != nil {
				return err
			}
			files, err := a.filesToFormat(args, f)
			if err != nil {
				return err
			}
			a.started = true
			return a.format(c.Context(), files, f)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.BoolVarP(&f.write, "write", "w", false, "write the result back to the files")
	flags.BoolVar(&f.check, "check", false, "list the files that are not formatted, and end with exit code 1 if there are any")
	flags.BoolVar(&f.diff, "diff", false, "print what changes, as a unified diff")
	flags.StringVar(&f.stdinName, "stdin-name", "", "`FILE` that standard input is the text of: its ending says what it is")
	return c
}

func (f *fmtFlags) verify(args []string) error {
	stdin := slices.Contains(args, programs.Stdin)
	switch {
	case f.write && f.check:
		return usageError{"--write and --check cannot be combined: --check changes nothing"}
	case f.write && stdin:
		return usageError{"standard input cannot be written back; leave --write out"}
	case f.stdinName != "" && !stdin:
		return usageError{"--stdin-name is for standard input, but files are given"}
	case f.stdinName != "" && !slices.Contains(formatted, filepath.Ext(f.stdinName)):
		return usageError{fmt.Sprintf("--stdin-name %s does not end in one of %s", f.stdinName, strings.Join(formatted, ", "))}
	}
	for _, path := range args {
		if path == programs.Stdin {
			continue
		}
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return usageError{err.Error()}
		case !info.IsDir() && !slices.Contains(formatted, filepath.Ext(path)):
			return usageError{fmt.Sprintf("%s does not end in one of %s", path, strings.Join(formatted, ", "))}
		}
	}
	return nil
}

// formatted are the endings of the files that are formatted.
var formatted = []string{".flow", ".tf"}

// filesToFormat reads the files of paths that exist: those that are named, and in folders
// those with the right ending.
func (a *app) filesToFormat(args []string, f fmtFlags) ([]*fileToFormat, error) {
	var files []*fileToFormat
	seen := map[string]bool{}
	add := func(file *fileToFormat) (err error) {
		if key := filepath.Clean(file.name); seen[key] {
			return nil
		} else {
			seen[key] = true
		}
		if file.text, err = a.readToFormat(file); err != nil {
			return usageError{err.Error()}
		}
		files = append(files, file)
		return nil
	}
	for _, path := range args {
		var err error
		if path == programs.Stdin {
			err = add(&fileToFormat{name: cmp.Or(f.stdinName, programs.StdinName), stdin: true})
		} else {
			err = walk(path, func(name string) error { return add(&fileToFormat{name: name}) })
		}
		if err != nil {
			return nil, err
		}
	}
	findPrograms(files)
	if len(files) != 1 && !f.write && !f.check && !f.diff {
		return nil, usageError{fmt.Sprintf("%d files are found; add --write, --check or --diff", len(files))}
	}
	return files, nil
}

// walk visits a file, or the files in a folder that are formatted. JavaScript with types of
// another Flow ends in .js.flow.
func walk(root string, visit func(name string) error) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return usageError{err.Error()}
		case d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "node_modules"):
			return fs.SkipDir
		case path == root && !d.IsDir(), d.Type().IsRegular() && slices.Contains(formatted, filepath.Ext(name)) && !strings.HasSuffix(name, ".js.flow"):
			return visit(path)
		}
		return nil
	})
}

// maxFile is the longest file that is formatted, in bytes.
const maxFile = 16 << 20

func (a *app) readToFormat(f *fileToFormat) (string, error) {
	in := a.stdin
	if !f.stdin {
		file, err := os.Open(f.name)
		if err != nil {
			return "", err
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is longer than %d bytes", f.name, maxFile)
	}
	return string(text), err
}

// format formats files, and writes, lists, compares or prints them.
func (a *app) format(ctx context.Context, files []*fileToFormat, f fmtFlags) error {
	failed := false
	for _, file := range files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		text, mistakes := file.format()
		for _, m := range mistakes {
			failed = failed || !m.warning
			if _, err := io.WriteString(a.stderr, m.rendered); err != nil {
				return err
			}
		}
		changed := text != file.text
		failed = failed || changed && f.check
		if err := a.deliver(file, text, changed, f); err != nil {
			return err
		}
	}
	if failed {
		return &programError{errors.New("not all files are formatted"), ""}
	}
	return nil
}

func (a *app) deliver(file *fileToFormat, text string, changed bool, f fmtFlags) error {
	var out string
	switch {
	case !f.write && !f.check && !f.diff:
		out = text
	case changed && f.diff:
		out = string(diff.Diff(file.name+".orig", []byte(file.text), file.name, []byte(text)))
	case changed && f.check:
		out = file.name + "\n"
	}
	if changed && f.write {
		if err := rewrite(file.name, text); err != nil {
			return err
		}
	}
	_, err := io.WriteString(a.stdout, out)
	return err
}

// rewrite puts a text in place of a file, all of it or nothing, and keeps its mode. Of a
// symbolic link the file that it leads to is written. A file that must not be written stays.
func rewrite(name, text string) error {
	path, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	old, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := old.Stat()
	if err = errors.Join(err, old.Close()); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = temp.WriteString(text)
	if err == nil {
		err = temp.Chmod(info.Mode().Perm())
	}
	err = errors.Join(err, temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		os.Remove(temp.Name())
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
