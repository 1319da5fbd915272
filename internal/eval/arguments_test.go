package eval

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// samples holds, by what a parameter wants, arguments that it takes and does not take.
var samples = map[*want]struct{ good, bad []string }{
	wantText:          {[]string{"'max'", "''"}, []string{"5", "['x']", "True"}},
	wantName:          {[]string{"'x'", "'*'"}, []string{"5", "''", "['x']"}},
	wantBoolean:       {[]string{"True", "False"}, []string{"'yes'", "1"}},
	wantMetric:        {[]string{"'x'", "'*'"}, []string{"5", "''", "['x', 'y']"}},
	wantFilter:        {[]string{"filter('a', 'b')", "{'a': 'b', 'c': ['d', 'e*']}"}, []string{"'a:b'", "True", "[]", "{}", "{'a': 5}", "{5: 'a'}"}},
	wantInteger:       {[]string{"5", "-1", "4 / 2"}, []string{"1.5", "'5'", "True"}},
	wantPositive:      {[]string{"5", "4 / 2"}, []string{"0", "-1", "1.5", "'5'", "3000000000"}},
	wantNotNegative:   {[]string{"5", "0"}, []string{"-1", "1.5", "'5'"}},
	wantPosition:      {[]string{"0", "5"}, []string{"-1", "'5'"}},
	wantDuration:      {[]string{"'1h'", "5", "duration('1h')"}, []string{"'x'", "[5]", "True"}},
	wantLength:        {[]string{"'1h'", "5000", "duration('1h')"}, []string{"0", "'0s'", "'x'", "True"}},
	wantOffset:        {[]string{"'1h'", "0", "duration('1h')"}, []string{"-5", "duration(0) - duration('1h')", "'x'", "True"}},
	wantLasting:       {[]string{"'5m'", "0", "lasting('5m', 0.5)", "lasting('5m')"}, []string{"-5", "'x'", "True", "[]"}},
	wantNames:         {[]string{"'a'", "['a', 'b']", "('a',)", "[]"}, []string{"5", "''", "['a', 5]", "['']"}},
	wantNamesOrTrue:   {[]string{"'a'", "['a', 'b']", "True"}, []string{"5", "''", "['a', 5]"}},
	wantNamesOrNone:   {[]string{"'a'", "['a', 'b']", "None", "[]"}, []string{"5", "''", "['a', 5]"}},
	wantTerms:         {[]string{"'a'", "['a', 'b*']", "''"}, []string{"5", "['a', 5]", "None"}},
	wantNumber:        {[]string{"5", "-1.5"}, []string{"'5'", "True", "data('n')"}},
	wantPercent:       {[]string{"95", "0", "100", "99.9"}, []string{"-1", "100.5", "'95'"}},
	wantPercentAbove0: {[]string{"95", "0.1", "100"}, []string{"0", "101", "'95'"}},
	wantShare:         {[]string{"0.5", "0", "1"}, []string{"-0.1", "1.5", "'1'"}},
	wantAtLeast:       {[]string{"0.8", "0", "1"}, []string{"-0.1", "80", "101", "'1'"}},
	wantConstant:      {[]string{"5", "0.5"}, []string{"'0'", "[0]", "data('n')", "True"}},
	wantCycle:         {[]string{"'day'", "'hour'", "'week'", "'month'", "'quarter'"}, []string{"'year'", "'dya'", "5"}},
	wantCycleStart:    {[]string{"'5h'", "23"}, []string{"'24h'", "24", "-1", "'5'", "True"}},
	wantZone:          {[]string{"'UTC'", "'Europe/Berlin'"}, []string{"''", "'Mars/Phobos'", "5"}},
	wantRollup:        {[]string{"'max'", "'average'"}, []string{"'mean'", "'lates'", "''", "5"}},
	wantExtrapolation: {[]string{"'zero'", "'null'"}, []string{"'none'", "'lastvalue'", "5"}},
	wantKPSSMode:      {[]string{"'level'", "'trend'"}, []string{"'levl'", "5"}},
	wantDetectMode:    {[]string{"'paired'", "'split'"}, []string{"'pair'", "5"}},
	wantStream:        {[]string{"data('n')"}, []string{"5", "data('n') > 1", "histogram('n')", "[data('n')]"}},
	wantAnyStream:     {[]string{"data('n')", "data('n') > 1"}, []string{"5", "histogram('n')", "events('e')", "data", "None"}},
	wantOperand:       {[]string{"5", "data('n')", "0.5"}, []string{"'5'", "data('n') > 1", "[5]", "None"}},
	wantExpression:    {[]string{"data('n')", "data('n') > 1", "5", "None"}, []string{"'x'", "filter('a', 'b')", "histogram('n')"}},
	wantCondition:     {[]string{"data('n') > 1", "when(data('n') > 1, '5m')"}, []string{"data('n')", "True", "events('e')", "detect(data('n') > 1)"}},
	wantFunction:      {[]string{"lambda x: x", "abs"}, []string{"5", "data('n')", "'abs'"}},
	wantStatic:        {[]string{"5", "'x'", "None", "[1, 'a']", "duration('5m')", "{'a': 1}", "filter('a', 'b')"}, []string{"data('n')", "data", "histogram('n')"}},
	wantSized:         {[]string{"'abc'", "[1]", "()", "{}"}, []string{"5", "data('n')", "None"}},
	wantTexts:         {[]string{"{'a': 'b', 'c': 5}", "{}"}, []string{"'a'", "{'a': True}", "{5: 'a'}", "[]"}},
	wantNamePairs:     {[]string{"{'a': 'b'}", "{}"}, []string{"'a'", "{'a': 5}", "{'': 'a'}", "{'a': ''}"}},
	wantKeys:          {[]string{"{'a': 'b'}", "[{'a': 'b'}, {'a': 'c'}]"}, []string{"'a'", "[]", "{'a': None}", "['a']"}},
	wantTimeseries: {[]string{"[{'key': {'a': 'b'}, 'value': 5}]"},
		[]string{"{'key': {}, 'value': 5}", "[]", "[{'value': 5}]", "[{'key': {}, 'value': '5'}]", "[{'key': 'a', 'value': 5}]", "[{'key': {5: 'a'}, 'value': 5}]"}},
	wantAnnotations: {[]string{"[annotate(data('n'), 'A')]", "[]"}, []string{"data('n')", "['A']"}},
}

// own holds arguments for parameters that the ones of their want do not do for.
var own = map[string][]string{"high_limit": {"9", "5.5"}, "index": {"1", "5"}, "size": {"5"}, "low_limit": {"5", "-5"}}

func goodFor(p param) []string {
	if list := own[p.name]; list != nil {
		return list
	}
	return samples[p.want].good
}

// tables holds every table of built-ins with what stands before a call.
var tables = []struct {
	name   string
	prefix string
	table  map[string]*builtin
}{
	{"functions", "", functions},
	{"methods", "data('m').", methods},
	{"histogram methods", "histogram('m').", histogramMethods},
	{"event methods", "events('e').", eventMethods},
	{"detect block methods", "detect(data('m') > 1).", detectorMethods},
	{"Args", "Args.", argsMethods},
}

// callers yields each built-in with the text that stands before its arguments.
func callers(yield func(prefix string, b *builtin) bool) {
	for _, t := range tables {
		for _, name := range slices.Sorted(maps.Keys(t.table)) {
			if !yield(t.prefix+name, t.table[name]) {
				return
			}
		}
	}
}

// call writes a call with the arguments that are given, by parameter, with those that are
// required besides them but for one, and with those that go with them.
func call(prefix string, b *builtin, given map[string]string, but string) string {
	set := map[string]string{}
	maps.Copy(set, given)
	sample := func(name string) {
		for _, p := range b.params {
			if p.name == name && set[name] == "" && name != but {
				set[name] = goodFor(p)[0]
			}
		}
	}
	for _, p := range b.params {
		if p.def == "" && !p.optional && !p.keywords {
			sample(p.name)
		}
	}
	needs := func() {
		for _, pair := range b.needs {
			if set[pair[0]] != "" {
				sample(pair[1])
			}
		}
	}
	needs()
	for _, pair := range b.either {
		if set[pair[0]] == "" && set[pair[1]] == "" && but != pair[0]+pair[1] {
			sample(pair[0])
		}
	}
	needs()
	return write(prefix, b, set)
}

// write writes a call with some arguments, by keyword where that is possible.
func write(prefix string, b *builtin, set map[string]string) string {
	rest := slices.ContainsFunc(b.params, func(p param) bool { return p.rest })
	var args []string
	for _, p := range b.params {
		switch text := set[p.name]; {
		case text == "":
		case p.rest || rest && !p.named:
			args = append(args, text)
		default:
			args = append(args, p.name+"="+text)
		}
	}
	return prefix + "(" + strings.Join(args, ", ") + ")"
}

func compileError(program string) *syntax.Error {
	_, all := Check(program, Options{})
	for _, d := range all {
		if !d.Warning {
			return d.Error
		}
	}
	return nil
}

// misuse is a program with a wrong argument.
type misuse struct {
	what    string
	program string
	column  int      // of the mistake
	says    []string // parts of the message
}

// misuses returns the wrong ways to call a built-in: each argument missing, given twice, of
// each wrong type or value; one that it does not have; too many; and each forbidden pair.
func misuses(prefix string, b *builtin) (list []misuse) {
	name := prefix[strings.LastIndex(prefix, ".")+1:]
	start := len(prefix) - len(name) + 1
	add := func(what, program, at string, says ...string) {
		column := start
		for _, before := range []string{what[strings.Index(what, " ")+1:] + "=", ""} { // a value, after the name
			if i := strings.LastIndex(program, before+at); at != "" && i >= 0 {
				column = i + len(before) + 1
				break
			}
		}
		list = append(list, misuse{what, program, column, append(says, name+"()")})
	}
	valid := call(prefix, b, nil, "")
	more := func(arg string) string { return strings.Replace(valid[:len(valid)-1]+", "+arg+")", "(, ", "(", 1) }
	open := slices.ContainsFunc(b.params, func(p param) bool { return p.rest })
	keywords := slices.ContainsFunc(b.params, func(p param) bool { return p.keywords })
	if !keywords {
		add("unknown argument", more("nonsense=1"), "nonsense", "has no argument 'nonsense'")
	}
	if !open {
		var all []string
		for _, p := range b.params {
			if !p.named && !p.keywords {
				all = append(all, goodFor(p)[0])
			}
		}
		add("too many", prefix+"("+strings.Join(append(all, "77"), ", ")+")", "77", "takes", fmt.Sprintf("got %d", len(all)+1))
	}
	for _, p := range b.params {
		if p.def == "" && !p.optional && !p.keywords {
			program := call(prefix, b, nil, p.name)
			if open && !p.named && !p.rest {
				program = prefix + "()"
			}
			add("missing "+p.name, program, "", "'"+p.name+"'", "missing")
		}
		for _, bad := range samples[p.want].bad {
			if p.keywords {
				add("wrong "+p.name, more("role="+bad), bad, "argument 'role'")
				continue
			}
			add("wrong "+p.name, call(prefix, b, map[string]string{p.name: bad}, ""), bad, "argument '"+p.name+"'")
		}
		if p.rest || p.keywords {
			continue
		}
		again := p.name + "=" + goodFor(p)[0]
		program := call(prefix, b, map[string]string{p.name: goodFor(p)[0]}, "")
		at := again
		if open && !p.named { // by place, which is bound after the keyword
			at = goodFor(p)[0]
			program = program[:len(program)-1] + ", " + again + ")"
			list = append(list, misuse{p.name + " twice", program, len(prefix) + 2, []string{"'" + p.name + "'", "twice"}})
			continue
		}
		add(p.name+" twice", program[:len(program)-1]+", "+again+")", at, "'"+p.name+"'", "twice")
	}
	for _, pair := range b.excludes {
		set := map[string]string{}
		for _, p := range b.params {
			if p.name == pair[0] || p.name == pair[1] || p.def == "" {
				set[p.name] = goodFor(p)[0]
			}
		}
		program := write(prefix, b, set)
		at := max(strings.Index(program, pair[0]+"=")+len(pair[0]), strings.Index(program, pair[1]+"=")+len(pair[1])) + 2
		list = append(list, misuse{pair[0] + " with " + pair[1], program, at, []string{pair[0], pair[1], "cannot be combined in " + name + "()"}})
	}
	for _, pair := range b.needs {
		for _, p := range b.params {
			if p.name == pair[0] {
				add("lonely "+p.name, write(prefix, b, map[string]string{p.name: goodFor(p)[0]}), goodFor(p)[0], "needs '"+pair[1]+"'")
			}
		}
	}
	for _, pair := range b.either {
		add("neither "+pair[0]+" nor "+pair[1], call(prefix, b, nil, pair[0]+pair[1]), "", "needs '"+pair[0]+"' or '"+pair[1]+"'")
	}
	return list
}

// Every wrong argument of every built-in is refused at its place, in the words of
// testdata/arguments.flow. A case that is not there is a fault of the file.
func TestArgumentErrors(t *testing.T) {
	const path = "testdata/arguments.flow"
	head, list := chunks(t, path)
	have := map[string]chunk{}
	for _, c := range list {
		have[c.program] = c
	}
	var texts []string
	for prefix, b := range callers {
		for _, m := range misuses(prefix, b) {
			e := compileError(m.program)
			if e == nil {
				t.Errorf("%s: %s is accepted", m.what, m.program)
				continue
			}
			for _, part := range m.says {
				if !strings.Contains(e.Message(), part) {
					t.Errorf("%s: %s: %q does not say %q", m.what, m.program, e.Message(), part)
				}
			}
			if e.Start.Line != 1 || e.Start.Column != m.column {
				t.Errorf("%s: %s: the error is at %d, not at %d: %s", m.what, m.program, e.Start.Column, m.column, e.Message())
			}
			if e.Kind != syntax.ArgumentError && e.Kind != syntax.TypeError {
				t.Errorf("%s: %s: kind %s", m.what, m.program, e.Kind)
			}
			text := fmt.Sprintf("%s\n#~ %d %s: %s", m.program, e.Start.Column, e.Kind, e.Message())
			c, ok := have[m.program]
			switch {
			case *update:
			case !ok:
				t.Errorf("%s has no case for %s: %s", path, m.what, m.program)
			case c.text != text:
				t.Errorf("%s:%d: got\n%s\nwant\n%s", path, c.line, text, c.text)
			}
			delete(have, m.program)
			if !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
	}
	for program, c := range have {
		if !*update {
			t.Errorf("%s:%d: no built-in asks for %s", path, c.line, program)
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+"---\n"+strings.Join(texts, "\n---\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if len(texts) < 500 {
		t.Errorf("only %d cases", len(texts))
	}
}

// Every parameter of every built-in takes what it should, None and its default where it is
// optional.
func TestArguments(t *testing.T) {
	for prefix, b := range callers {
		accepted := func(program string) {
			t.Helper()
			if e := compileError(program); e != nil {
				t.Errorf("%s: %v", program, e)
			}
		}
		accepted(call(prefix, b, nil, ""))
		for _, p := range b.params {
			if _, ok := samples[p.want]; !ok {
				t.Fatalf("no samples for argument %s of %s()", p.name, b.name)
			}
			if p.keywords {
				continue
			}
			for _, good := range goodFor(p) {
				accepted(call(prefix, b, map[string]string{p.name: good}, ""))
			}
			asked := func(pair [2]string) bool { return slices.Contains(pair[:], p.name) }
			if p.def != "" && !slices.ContainsFunc(b.either, asked) && !slices.ContainsFunc(b.needs, asked) {
				accepted(call(prefix, b, map[string]string{p.name: "None"}, ""))
				accepted(call(prefix, b, map[string]string{p.name: p.def}, ""))
			}
		}
	}
}
