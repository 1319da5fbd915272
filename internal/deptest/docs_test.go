package deptest

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"
)

const picture = "docs/architecture.md"

func TestPicture(t *testing.T) {
	r := open(t)
	report(t, checkPicture(r))
	report(t, checkDecisions(r))
}

// checkPicture asks that the document prints the table that is tested here, row by row.
func checkPicture(r *repo) (faults []string) {
	printed := map[string]bool{}
	for line := range strings.Lines(string(r.files[picture])) {
		printed[strings.TrimSpace(line)] = true
	}
	for _, row := range table {
		if line := row.markdown(); !printed[line] {
			faults = append(faults, fmt.Sprintf("%s: the import table has no line\n%s", picture, line))
		}
	}
	return faults
}

// markdown prints a row as a line of a table: package, ours, others.
func (row row) markdown() string {
	cell := func(names []string, short func(string) string) string {
		if len(names) == 0 {
			return "–"
		}
		var shorts []string
		for _, name := range names {
			shorts = append(shorts, short(name))
		}
		return strings.Join(shorts, ", ")
	}
	ours := cell(row.ours, func(folder string) string {
		return strings.TrimPrefix(strings.TrimPrefix(folder, "cmd/signalflow/"), "internal/")
	})
	version := regexp.MustCompile(`/v\d+$`)
	others := cell(row.others, func(importPath string) string {
		importPath = version.ReplaceAllString(importPath, "")
		if importPath == websocket {
			return "gorilla/websocket"
		}
		return path.Base(importPath)
	})
	return fmt.Sprintf("| `%s` | %s | %s |", row.folder, ours, others)
}

// checkDecisions asks that the records are numbered without a gap and have a title that
// carries the number.
func checkDecisions(r *repo) (faults []string) {
	var numbers []string
	record := regexp.MustCompile(`^docs/decisions/(\d{4})-[a-z0-9-]+\.md$`)
	for name, text := range r.files {
		if !strings.HasPrefix(name, "docs/decisions/") || name == "docs/decisions/README.md" {
			continue
		}
		m := record.FindStringSubmatch(name)
		switch {
		case m == nil:
			faults = append(faults, name+": a record is named NNNN-a-few-words.md")
		case !strings.HasPrefix(string(text), "# "+m[1]+": "):
			faults = append(faults, fmt.Sprintf("%s: does not start with its title, `# %s: …`", name, m[1]))
		default:
			numbers = append(numbers, m[1])
		}
	}
	for i := range numbers {
		if want := fmt.Sprintf("%04d", i+1); strings.Count(strings.Join(numbers, " "), want) != 1 {
			faults = append(faults, fmt.Sprintf("docs/decisions: not exactly one record %s", want))
		}
	}
	if len(numbers) == 0 {
		faults = append(faults, "docs/decisions: no records")
	}
	return faults
}
