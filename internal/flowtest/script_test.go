package flowtest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/flowtest"
)

const small = `# A comment.
load 10s
  m{h=a}  1 2 _
  m{h=b}  3 4 5

program
  # kept
  if True:
    data('m').sum().publish('A')
want
  A  4 6 5
`

func TestParseErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "x: no program"},
		{"load 10s\n  m 1", "x: no program"},
		{"sum 1\n", `x:1: "sum" is none of epoch, load, program, want, metadata, messages, expired and error`},
		{"  m 1\n", `x:1: "" is none of epoch, load, program, want, metadata, messages, expired and error`},
		{"want\n  A 1\n", "x:1: want stands before every program"},
		{"load\n", "x:1: load is written: load 10s, or load 10s at -1m"},
		{"load 10x\n", `x:1: "10x" is no step such as 10s`},
		{"load 10s at noon\n", `x:1: "noon" is no time such as -1m or 2024-01-01T00:00:00Z`},
		{"load 10s\n  m 1\n  m x\n", `x:3: value "x": no number`},
		{"epoch now\n", "x:1: epoch needs a time such as 2024-01-01T00:00:00Z"},
		{"program\n  data('m')\nwant\n", "x:1: the program begins at 2024-01-01T00:00:00Z and ends at 2024-01-01T00:00:00Z: load something, or give start= and stop="},
		{"program stop=1m step=1\n", `x:1: program takes history, live, start=, stop=, resolution=, maxdelay=, inactivity=, timezone= and arg.NAME=, not "step=1"`},
		{"program stop=1m\n  data('m')\n", "x:1: the program has no want or error behind it"},
	} {
		if _, err := flowtest.Parse("x", test.text); err == nil || err.Error() != test.want {
			t.Errorf("%q:\ngot  %v\nwant %s", test.text, err, test.want)
		}
	}
}

// TestFailures shows that a script that does not hold fails, and how that reads.
func TestFailures(t *testing.T) {
	if got := failures(t, small); got != "" {
		t.Fatalf("the script holds, but:\n%s", got)
	}
	for _, test := range []struct{ name, from, to, want string }{
		{"a value", "A  4 6 5", "A  4 7 5", "not A  4 7 5\n\tbut A 4 6 5"},
		{"a value where there is none", "A  4 6 5", "A  4 6 _", "not A  4 6 _\n\tbut A 4 6 5"},
		{"a missing line", "  A  4 6 5\n", "", "want\n\tbut A 4 6 5"},
		{"a line too many", "A  4 6 5", "A  4 6 5\n  B  1 1 1", "not B  1 1 1"},
		{"too few values", "A  4 6 5", "A  4 6", "line 11: 2 values for 3 slots"},
		{"rounded wrongly", "A  4 6 5", "A  4 6 ~5.1", "not A  4 6 ~5.1"},
		{"no want", "want\n  A  4 6 5", "messages\n  none", "messages is\n\t(nothing)\nnot\n\tnone"},
		{"metadata", "want\n  A  4 6 5", "metadata\n  A sf_metric=n", "metadata is\n\tA sf_metric=m\nnot"},
		{"expired", "want\n  A  4 6 5", "expired\n  0s A", "expired is\n\t(nothing)\nnot\n\t0s A"},
		{"an error expected", "want\n  A  4 6 5", "error\n  bad", "error is\n\t(nothing)\nnot\n\tbad"},
		{"an error not expected", "data('m')", "dta('m')", "line 3:3: name 'dta' is not defined"},
	} {
		got := failures(t, strings.Replace(small, test.from, test.to, 1))
		if !strings.Contains(got, test.want) || strings.Count(got, "x:") != 3 {
			t.Errorf("%s: got\n%s\nwant in each way of running\n%s", test.name, got, test.want)
		}
	}
}

func failures(t *testing.T, text string) string {
	t.Helper()
	s, err := flowtest.Parse("x", text)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range s.Run(context.Background()) {
		all = append(all, s.String(f))
	}
	return strings.Join(all, "\n")
}

func TestUpdate(t *testing.T) {
	wrong := strings.Replace(small, "  A  4 6 5\n", "  # a remark\n  B  1\n\nexpired\n  0s C\nmessages\n", 1)
	s, err := flowtest.Parse("x", wrong)
	if err != nil {
		t.Fatal(err)
	}
	got := s.Update(s.Run(context.Background()))
	want := strings.Replace(small, "  A  4 6 5\n", "  A 4 6 5\n\nexpired\nmessages\n", 1)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if text := failures(t, got); text != "" {
		t.Errorf("after an update:\n%s", text)
	}
}

// TestLoadsAddUp: loads before a program add up, one behind it begins anew, and programs share.
func TestLoadsAddUp(t *testing.T) {
	text := `load 10s
  m{h=a}  1 1
load 10s at 10s
  m{h=b}  2 2
program history
  data('m').sum().publish()
want
  ''  1 3 2
program resolution=20s history
  data('m', rollup='sum').sum().publish()
want
  ''  4 2
load 1m
  n  1
program
  data('*').publish('A')
want
  A  1
`
	if got := failures(t, text); got != "" {
		t.Error(got)
	}
}
