package flowtest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Failure is a block of a script that does not hold.
type Failure struct {
	Case  *Case
	Check *Check // nil: the program has failed
	Mode  Mode
	Text  string // what is wrong, a line or several
	Got   string // the body of the block as it would hold
}

// Run runs all cases of a script in all their ways, and returns what does not hold.
func (s *Script) Run(ctx context.Context) (failures []*Failure) {
	for _, c := range s.Cases {
		for _, mode := range c.Modes() {
			failures = append(failures, c.Verify(mode, c.Run(ctx, mode))...)
		}
	}
	return failures
}

// String returns name:line: mode: text.
func (s *Script) String(f *Failure) string {
	line := f.Case.Line
	if f.Check != nil {
		line = f.Check.from
	}
	return fmt.Sprintf("%s:%d: %s: %s", s.Name, line, f.Mode, f.Text)
}

// Verify compares a result with what the script says.
func (c *Case) Verify(mode Mode, r *Result) (failures []*Failure) {
	expectsError := slices.ContainsFunc(c.Checks, func(k *Check) bool { return k.Kind == "error" })
	if r.Err != nil && !expectsError {
		return []*Failure{{Case: c, Mode: mode, Text: r.Err.Error()}}
	}
	for _, check := range c.Checks {
		if text := check.verify(r); text != "" {
			failures = append(failures, &Failure{c, check, mode, text, strings.Join(check.body(r), "\n")})
		}
	}
	return failures
}

// verify returns what is wrong with a result, or nothing.
func (k *Check) verify(r *Result) string {
	if k.Kind == "want" {
		return k.verifyRows(r)
	}
	var want []string
	for _, l := range k.lines {
		want = append(want, l.text)
	}
	if got := k.body(r); !slices.Equal(got, want) {
		return fmt.Sprintf("%s is\n%s\nnot\n%s", k.Kind, indented(got), indented(want))
	}
	return ""
}

// verifyRows compares values. The order of the lines plays no part.
func (k *Check) verifyRows(r *Result) string {
	left := slices.Clone(r.Rows)
	var wrong []string
	for _, l := range k.lines {
		label, key, rest, err := ParseSeries(l.text)
		if err != nil {
			return fmt.Sprintf("line %d: %v", l.number, err)
		}
		steps, err := ParseSteps(rest)
		if err != nil {
			return fmt.Sprintf("line %d: %v", l.number, err)
		}
		if len(steps) != r.Slots {
			return fmt.Sprintf("line %d: %d values for %d slots", l.number, len(steps), r.Slots)
		}
		if at := findRow(left, label, key, steps); at >= 0 {
			left = slices.Delete(left, at, at+1)
		} else {
			wrong = append(wrong, "not "+l.text)
		}
	}
	if len(wrong)+len(left) == 0 {
		return ""
	}
	for _, row := range left {
		wrong = append(wrong, "but "+row.line(0))
	}
	return k.Kind + "\n" + indented(wrong)
}

// findRow returns the place of a row with a name and these values, or -1.
func findRow(rows []*Row, label string, key series.Labels, steps []Step) int {
	return slices.IndexFunc(rows, func(r *Row) bool {
		if r.Label != label || !r.Key.Equal(key) {
			return false
		}
		for i, s := range steps {
			if !s.matches(r.Values[i]) {
				return false
			}
		}
		return true
	})
}

// Codes of messages that every job sends that reads data. A messages block tells of them only where it names them.
var routine = []string{"JOB_RUNNING_RESOLUTION", "JOB_INITIAL_MAX_DELAY", "FIND_MATCHED_DIMENSIONS", "FETCH_NUM_TIMESERIES", "ID_NUM_TIMESERIES"}

// body returns what would stand in the block for a result.
func (k *Check) body(r *Result) (lines []string) {
	switch k.Kind {
	case "want":
		width := 0
		for _, row := range r.Rows {
			width = max(width, len([]rune(row.Name())))
		}
		for _, row := range r.Rows {
			lines = append(lines, row.line(width))
		}
	case "metadata":
		for _, row := range r.Rows {
			lines = append(lines, row.metadata())
		}
	case "messages":
		for _, m := range r.Messages {
			code := strings.Fields(m)[1]
			if !slices.Contains(routine, code) || slices.ContainsFunc(k.lines, func(l numbered) bool { return strings.Contains(l.text, code) }) {
				lines = append(lines, m)
			}
		}
	case "expired":
		return r.Expired
	case "error":
		if r.Err != nil {
			for l := range strings.SplitSeq(r.Err.Error(), "\n") {
				lines = append(lines, strings.TrimSpace(l))
			}
		}
	}
	return lines
}

// line writes a row as in a want block, its name padded to a width.
func (r *Row) line(width int) string {
	name := r.Name()
	text := name + strings.Repeat(" ", max(0, width-len([]rune(name))))
	for _, v := range r.Values {
		text += " " + formatValue(v)
	}
	return text
}

// metadata writes a row as in a metadata block: the metric and what is known beside the key.
func (r *Row) metadata() string {
	text := r.Name()
	if r.Metric != "" {
		text += " " + series.MetricKey + "=" + quoteWord(r.Metric)
	}
	for _, l := range r.Metadata {
		if _, ok := r.Key.Get(l.Name); !ok {
			text += " " + quoteWord(l.Name) + "=" + quoteWord(l.Value)
		}
	}
	return text
}

func indented(lines []string) string {
	if len(lines) == 0 {
		return "\t(nothing)"
	}
	return "\t" + strings.Join(lines, "\n\t")
}

// Update returns the text of the script with the blocks of failures as they would hold; of
// several failures of one block the first counts. All else stays as it is.
func (s *Script) Update(failures []*Failure) string {
	lines := slices.Clone(s.lines)
	slices.SortStableFunc(failures, func(a, b *Failure) int { return b.from() - a.from() })
	done := map[*Check]bool{}
	for _, f := range failures {
		if f.Check == nil || done[f.Check] {
			continue
		}
		done[f.Check] = true
		var body []string
		if f.Got != "" {
			for l := range strings.SplitSeq(f.Got, "\n") {
				body = append(body, "  "+l)
			}
		}
		lines = slices.Replace(lines, f.Check.from, f.Check.to, body...)
	}
	return strings.Join(lines, "\n")
}

func (f *Failure) from() int {
	if f.Check == nil {
		return 0
	}
	return f.Check.from
}
