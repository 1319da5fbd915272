package lint

// Rule is a rule by which programs are checked.
type Rule struct {
	Name     string
	Severity Severity
	Doc      string // what it finds, one line
}

// Rules are all rules, in the order of docs/rules.md: first the mistakes that the compiler
// finds.
var Rules = []Rule{
	{"syntax", Error, "a text that is no program"},
	{"name", Error, "a name, function or method that does not exist, or a second binding"},
	{"type", Error, "an operand or argument of the wrong type"},
	{"argument", Error, "an unknown, missing or excluded argument, or one with a bad value"},
	{"by-with-over", Error, "by and over in one call"},
	{"assertion", Error, "an assert that does not hold"},
	{"unsupported", Error, "a part of the language that is not supported"},
	{"limit", Warning, "more than the service takes"},

	{"label-not-found", Error, "a rule, chart option or SLO that names a label which is not published"},
	{"label-without-rule", Warning, "a detect block of a detector for which no rule is there"},
	{"duplicate-label", Error, "two detect blocks with one label"},
	{"nothing-published", Warning, "a program of which nothing comes out"},
	{"detect-not-published", Warning, "a detect block that is not published"},
	{"unused-variable", Warning, "a name that is bound and never used"},

	{"never-correlates", Warning, "an operator over streams of which no two series can be paired"},
	{"chained-comparison", Warning, "a < b < c"},
	{"boolean-numbers", Warning, "booleans where numbers belong"},
	{"no-filter", Warning, "None and a filter"},
	{"single-stream", Warning, "a function of several streams that is given one"},
	{"joined-texts", Warning, "texts in a list or filter without a comma between them"},
	{"by-time", Warning, "a time in place of the dimensions to group by"},
	{"percentile-share", Warning, "a percentile that is written as a share of 1"},
	{"window-below-resolution", Warning, "a window that is shorter than one slot"},
	{"fill-zero-ratio", Warning, "fill(0) of a ratio"},
	{"heartbeat-auto-resolve", Warning, "an alert about silence that never ends by itself"},
	{"threshold-order", Warning, "a severe alert that is easier to reach than a mild one"},
	{"on-off-overlap", Warning, "an alert that the same values raise and clear"},
	{"never-true", Warning, "a condition that no value can meet"},
	{"deprecated", Warning, "an old name"},

	{"missing-library", Warning, "an import of which the library is not given"},
	{"unknown-value", Info, "a value that is not known where the program is checked"},
	{"unknown-rule", Warning, "a comment that switches off a rule which does not exist"},
	{"file", Error, "a file that cannot be read, or has no program"},
}

var severities = func() map[string]Severity {
	m := map[string]Severity{}
	for _, r := range Rules {
		m[r.Name] = r.Severity
	}
	return m
}()
