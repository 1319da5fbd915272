package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// programs are what the test binary can do instead of running tests: the servers and
// clients of the benchmarks run in processes of their own, so that each has its own
// garbage collector, CPU time and memory. Each gets its argument as JSON and writes its
// results to out as JSON.
var programs = map[string]func(arg []byte, out *json.Encoder) error{}

// program names the program that a process is to run; its argument is the first one on the
// command line.
const program = "SIGNALFLOW_E2E_PROGRAM"

func TestMain(m *testing.M) {
	name := os.Getenv(program)
	if name == "" {
		os.Exit(m.Run())
	}
	if err := programs[name]([]byte(os.Args[1]), json.NewEncoder(os.Stdout)); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// process is a running program.
type process struct {
	tb      testing.TB
	cmd     *exec.Cmd
	results *json.Decoder
	errors  bytes.Buffer
}

// start runs a program until it ends or the test does.
func start(tb testing.TB, name string, arg any) *process {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	text, err := json.Marshal(arg)
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), self, string(text))
	cmd.Env = append(os.Environ(), program+"="+name)
	return launch(tb, cmd)
}

// launch starts a command that writes JSON, and kills it with the test.
func launch(tb testing.TB, cmd *exec.Cmd) *process {
	tb.Helper()
	p := &process{tb: tb, cmd: cmd}
	cmd.Stderr = &p.errors
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	p.results = json.NewDecoder(out)
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return p
}

// result waits for the next result.
func result[T any](p *process) (r T) {
	p.tb.Helper()
	if err := p.results.Decode(&r); err != nil {
		rest, _ := io.ReadAll(p.results.Buffered())
		p.cmd.Wait()
		p.tb.Fatalf("%v: %v, %s\n%s%s", p.cmd, err, p.cmd.ProcessState, rest, p.errors.Bytes())
	}
	return r
}

// run runs a program to its end and returns its one result.
func run[T any](tb testing.TB, name string, arg any) T {
	tb.Helper()
	p := start(tb, name, arg)
	r := result[T](p)
	if err := p.cmd.Wait(); err != nil {
		tb.Fatalf("%s: %v\n%s", name, err, p.errors.Bytes())
	}
	return r
}
