// Package cli is the command signalflow: one file a subcommand. Data go to stdout,
// everything else to stderr.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/hostmetrics"
)

// Main runs the command and returns its exit code. The context ends it early; SignalContext
// makes one that Ctrl-C ends.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, environ: os.Environ(), machine: hostmetrics.Machine{}, host: host}
	return a.main(ctx, args)
}

// app is what the command sees of the world, so that a test can give it another one.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
	machine        hostmetrics.Reader
	host           string

	// dial opens connections to the cloud; nil: over the network.
	dial func(ctx context.Context, network, addr string) (net.Conn, error)

	started bool // arguments and flags are understood
}

// getenv looks a variable up; the last of equal names counts.
func (a *app) getenv(name string) string {
	for i := len(a.environ) - 1; i >= 0; i-- {
		if key, value, _ := strings.Cut(a.environ[i], "="); key == name {
			return value
		}
	}
	return ""
}

func (a *app) main(ctx context.Context, args []string) int {
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	command, err := root.ExecuteContextC(ctx)
	if err != nil && !a.started {
		err = usageError{err.Error()}
	}
	a.report(err, command)
	return exitCode(err)
}

// report prints an error with what helps.
func (a *app) report(err error, command *cobra.Command) {
	var (
		program   *programError
		usage     usageError
		signalled interrupted
	)
	switch {
	case err == nil, errors.Is(err, errQuit), errors.Is(err, syscall.EPIPE), errors.As(err, &signalled):
	case errors.As(err, &program):
		fmt.Fprint(a.stderr, program.rendered)
	case errors.As(err, &usage):
		fmt.Fprintf(a.stderr, "error: %s\nRun '%s --help' for how to use it.\n", printableLines(err.Error()), command.CommandPath())
	default:
		fmt.Fprintf(a.stderr, "error: %s\n", printableLines(err.Error()))
	}
}

// printableLines escapes what would command the terminal, but keeps the lines: an error may
// be several, indented by tabs, and repeat what a server said.
func printableLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\t", "  "), "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "signalflow",
		Short: "Run, check, format and explain SignalFlow programs",
		Long: `signalflow runs SignalFlow programs: on live metrics of this machine with an
engine of its own, or in Splunk Observability Cloud. It checks, formats and explains
them without running them, in files of their own, in Terraform and in JSON.`,
		Example:       `  signalflow run "data('cpu.utilization').mean().publish('cpu')"`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate(versionText())
	root.AddCommand(a.runCommand(), a.recordCommand(), a.checkCommand(), a.fmtCommand(), a.explainCommand(), a.versionCommand())
	return root
}
