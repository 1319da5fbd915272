package deptest

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"
)

// Texts that must not be in any file. The patterns are put together from pieces, so that
// this file does not hold what it looks for.
var forbiddenTexts = []struct {
	pattern *regexp.Regexp
	why     string
}{
	{
		regexp.MustCompile(`\.\./` + `shared\b`),
		"a folder outside the repository, which a user does not have; copy what is needed into docs/ or testdata/",
	},
	{
		regexp.MustCompile("(?:^|[\\s\"'`(=:,])/(?:" + `work|` + `tmp|` + `root|` + `home/\w+|` + `Users/\w+)/`),
		"a path of one machine; use a path relative to the file, or t.TempDir",
	},
	{
		regexp.MustCompile(`\b(?:` + `proxy\.` + `golang|` + `sum\.` + `golang|` + `goproxy\.` + `\w+|` + `registry\.` + `npmjs|` +
			`registry\.` + `yarnpkg|` + `deb\.` + `debian|` + `index\.` + `crates|` + `files\.` + `pythonhosted)\.\w+`),
		"the host of a package registry; leave the choice of the host to the tool's own configuration",
	},
	{
		regexp.MustCompile(`\bgo (?:get|install|run) (?:-\S+ )*` + `github\.com/signalfx/signalflow-client-go`),
		"a command that fetches the published project instead of this one; describe the replace line",
	},
	{
		regexp.MustCompile(`\b(?:` + `TO` + `DO|` + `FIX` + `ME)\b`),
		"a note about unfinished work; finish it, or open an issue",
	},
}

func TestTexts(t *testing.T) {
	report(t, checkTexts(open(t)))
}

func checkTexts(r *repo) (faults []string) {
	for _, name := range slices.Sorted(maps.Keys(r.files)) {
		text := r.files[name]
		for _, forbidden := range forbiddenTexts {
			for _, span := range forbidden.pattern.FindAllIndex(text, -1) {
				found := bytes.TrimSpace(text[span[0]:span[1]])
				line := 1 + bytes.Count(text[:span[1]], []byte("\n"))
				faults = append(faults, fmt.Sprintf("%s:%d: holds %q: %s", name, line, found, forbidden.why))
			}
		}
	}
	return faults
}
