package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/eval"
)

// documentation returns the text of a page.
func documentation(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../../../docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// block returns the block of code in a text that a line stands in.
func block(t *testing.T, text, line string) string {
	t.Helper()
	for i, part := range strings.Split(text, "```") {
		if i%2 == 1 && strings.Contains(part, line) {
			return part
		}
	}
	t.Fatalf("no block has %s", line)
	return ""
}

// inOrder reports whether the lines of a text, but the first, stand in a block.
func inOrder(t *testing.T, block, got string, atLeast int) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(got), "\n")[1:]
	if len(lines) < atLeast {
		t.Errorf("%d lines, want at least %d", len(lines), atLeast)
	}
	for _, line := range lines {
		if !strings.Contains(block, "\n"+line+"\n") {
			t.Errorf("the page does not have %s", line)
		}
	}
}

// The incident of the page is there in a smaller recording, too.
func TestDocumentedIncident(t *testing.T) {
	page := documentation(t, "recorded.md")
	dir := t.TempDir()
	file := filepath.Join(dir, "day.json")
	command(t, nil, "record", "--demo", "--start", "2024-01-01T08:20:00Z", "--stop", "2024-01-01T08:50:00Z", "--resolution", "10s", "-o", file).check(t, 0, "213 series, a point every 10s")
	program := filepath.Join(dir, "errors.flow")
	if err := os.WriteFile(program, []byte(strings.TrimPrefix(block(t, page, "# Percent of requests"), "signalflow\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	r := command(t, nil, "run", "--data", file, "--resolution", "5m", "-o", "csv", "-f", program)
	r.check(t, 0, "running on the recorded metrics of day.json")
	worst := regexp.MustCompile(`(?m)^1704098700000,.*search.*$`).FindString(r.stdout)
	if !strings.Contains(block(t, page, "sort -t,"), "\n"+worst+"\n") || worst == "" {
		t.Errorf("the page does not have %q", worst)
	}
	r = command(t, nil, "run", "-q", "--data", file, "--start", "2024-01-01T08:25:00Z", "--stop", "2024-01-01T08:30:00Z", "--resolution", "1m", "-o", "csv",
		"data('queue.depth', filter=filter('service', 'search')).publish('waiting')")
	inOrder(t, block(t, page, "publish('waiting')"), r.stdout, 5)
}

// The first days of the page's week, and the week from a file is the same as from the demo.
func TestDocumentedWeek(t *testing.T) {
	page := documentation(t, "recorded.md")
	made := block(t, page, "--demo --hosts 1000 --start 2024-01-01 --stop 2024-01-08 -o csv")
	r := command(t, nil, "run", "--demo", "--hosts", "1000", "--start", "2024-01-01", "--stop", "2024-01-03T09:00:00Z", "-o", "csv",
		"data('cpu.utilization').mean().mean(cycle='day').publish('daily')")
	r.check(t, 0, "7066 series, a point every 1m\n")
	inOrder(t, made, r.stdout, 3)
	inOrder(t, block(t, documentation(t, "../README.md"), "--demo --hosts 1000"), r.stdout, 3)
	file := filepath.Join(t.TempDir(), "week.csv")
	command(t, nil, "record", "--demo", "--hosts", "10", "--metric", "cpu.utilization", "--start", "2024-01-01", "--stop", "2024-01-08", "-o", file).
		check(t, 0, "10 series, a point every 1m\n")
	run := []string{"run", "-o", "csv", "data('cpu.utilization').mean().mean(cycle='day').publish('daily')"}
	fromFile := command(t, nil, append(run, "--data", file)...).stdout
	fromDemo := command(t, nil, append(run, "--demo", "--hosts", "10", "--start", "2024-01-01", "--stop", "2024-01-08")...).stdout
	inOrder(t, fromDemo, fromFile, 6)
	rows := block(t, page, "signalflow run --data week.csv")
	_, rows, _ = strings.Cut(rows, "dimensions,value\n")
	rows, _, _ = strings.Cut(rows, "\n\n")
	inOrder(t, made, "head\n"+rows, 6)
}

// The table with properties of the page, as it stands there.
func TestDocumentedProperties(t *testing.T) {
	text := block(t, documentation(t, "recorded.md"), "cat cpu.csv")
	_, table, _ := strings.Cut(text, "cat cpu.csv\n")
	table, want, _ := strings.Cut(table, "$ signalflow")
	_, want, _ = strings.Cut(want, "\n")
	file := filepath.Join(t.TempDir(), "cpu.csv")
	if err := os.WriteFile(file, []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
	r := command(t, nil, "run", "-q", "-o", "csv", "--data", file, "data('cpu.utilization').mean(by='env').publish()")
	if r.check(t, 0, ""); r.stdout != want {
		t.Errorf("got\n%swant\n%s", r.stdout, want)
	}
	r = command(t, nil, "run", "-q", "-o", "csv", "--data", file, "data('cpu.utilization', filter=filter('sf_tags', 'canary')).publish()")
	if !strings.HasSuffix(r.stdout, `"{""host"":""web-1""}",20`+"\n") || strings.Count(r.stdout, "\n") != 2 {
		t.Errorf("the series with the tag:\n%s", r.stdout)
	}
}

// shownProgram is a program in double quotes behind a command of the shell, perhaps on its next line.
var shownProgram = regexp.MustCompile(`signalflow (?:run|explain)(?: [^"\n]*| [^"\n]*\\\n *)"([^"]*)"`)

// Every program that a page or the help shows is one, unless the page shows the error that it makes.
func TestShownProgramsCompile(t *testing.T) {
	texts := map[string]string{"help": runExample + recordExample + explainExample + "```"}
	for _, page := range []string{"../README.md", "cli.md", "recorded.md"} {
		texts[page] = documentation(t, page)
	}
	shown := 0
	for page, text := range texts {
		for _, at := range shownProgram.FindAllStringSubmatchIndex(text, -1) {
			p := text[at[2]:at[3]]
			end := strings.Index(text[at[3]:], "```")
			if strings.Contains(text[at[3]:at[3]+end], "error: ") {
				continue
			}
			shown++
			if _, err := eval.Compile(p, eval.Options{}); err != nil {
				t.Errorf("%s: %s: %v", page, p, err)
			}
		}
	}
	if shown < 20 {
		t.Errorf("only %d programs are found", shown)
	}
}

// What the reference and the README show of this machine has the form of what is printed.
func TestDocumentedLiveRun(t *testing.T) {
	r := command(t, nil, "run", "--duration", "4s", "data('cpu.utilization').mean().publish('cpu')")
	number := regexp.MustCompile(`(":)[0-9.]+`)
	form := func(line string) string { return number.ReplaceAllString(line, "${1}N") }
	got := form(strings.SplitAfter(r.stdout, "\n")[0])
	for _, page := range []string{"cli.md", "../README.md"} {
		lines := strings.SplitAfter(block(t, documentation(t, page), `"label":"cpu"`), "\n")
		if last := form(lines[len(lines)-2]); last != got {
			t.Errorf("%s shows %sa run prints %s", page, last, got)
		}
	}
}
