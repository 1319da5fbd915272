package eval

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// What a program can double with every line, or with every call, is bounded.
func TestBudget(t *testing.T) {
	lines := func(first, again string) string {
		var b strings.Builder
		b.WriteString("a0 = " + first + "\n")
		for i := range 64 {
			fmt.Fprintf(&b, "a%d = %s\n", i+1, strings.ReplaceAll(again, "@", "a"+strconv.Itoa(i)))
		}
		return b.String()
	}
	calls := func(again, rest string) string {
		return "def f(x, n): return x if n == 0 else f(" + strings.ReplaceAll(again, "@", "x") + ", n - 1)\n" + rest
	}
	const (
		steps = "the program takes more than 100000 steps to compile"
		text  = "the text is longer than 1048576 bytes"
		list  = "the list is longer than 100000 elements"
	)
	keywords := make([]string, 2000)
	for i := range keywords {
		keywords[i] = fmt.Sprintf("'a%d': 1", i)
	}
	for name, tc := range map[string]struct{ program, want string }{
		"text":               {lines("'x'", "@ + @"), text},
		"list":               {lines("[1]", "@ + @"), list},
		"tuple":              {lines("(1,)", "@ + @"), list},
		"filter":             {lines("filter('k', 'v')", "@ and @"), steps},
		"compare":            {lines("[1]", "[@, @]") + "a64 == [a63, a63]", steps},
		"recursion of two":   {"def f(n): return 1 if n == 0 else f(n - 1) + f(n - 1)\nf(60)", "the program takes more than 1000000 steps to compile"},
		"streams of two":     {"def f(n): return data('m') if n == 0 else f(n - 1) + f(n - 1) * n\nf(60)", steps},
		"lists in lists":     {"def f(n): return [] if n == 0 else [f(n - 1), f(n - 1)]\nf(60)", steps},
		"list by calls":      {calls("@ + @", "f([1], 60)"), list},
		"text by calls":      {calls("@ + @", "f('abc', 60)"), text},
		"text of a list":     {calls("[@, @]", "assert 0, f([1], 60)"), text},
		"text of a dict":     {calls("{'a': @, 'b': @}", "assert 0, f({}, 60)"), steps},
		"key of a dict":      {calls("(@, @)", "a = {f((1,), 60): 1}"), steps},
		"index of a dict":    {calls("(@, @)", "{1: 2}[f((1,), 60)]"), steps},
		"keyword arguments":  {"def g(**named): return named\nd = {" + strings.Join(keywords, ", ") + "}\n" + calls("@ + @", "[g(**d) for x in f([1], 15)]"), steps},
		"star arguments":     {"def g(*rest): return rest\n" + calls("@ + @", "l = f([1], 16)\n[g(*l) for x in l]"), steps},
		"comprehension":      {"a = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n[0 for b in a for c in a for d in a for e in a for f in a for g in a]", list},
		"conditions":         {"a = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n[0 for b in a for c in a for d in a for e in a for f in a for g in a for h in a if 0]", steps},
		"long metric names":  {calls("@ + @", "t = f('x', 20)\n"+strings.Repeat("data(t)\n", 100)), steps},
		"long filter terms":  {calls("@ + @", "t = f('x', 19)\n[data('m', filter('k', [t, t])) for x in f([1], 16)]"), steps},
		"long filters":       {calls("@ + @", "t = f('x', 19)\ndef g(x, n): return x if n == 0 else g(x and x, n - 1)\ndata('m', g(filter('k', t), 14))"), steps},
		"long texts equal":   {calls("@ + @", "t = f('x', 19)\nu = f('x', 19)\n[0 for x in f([1], 16) if t == u]"), steps},
		"long texts ordered": {calls("@ + @", "t = f('x', 19)\nu = f('x', 19)\n[0 for x in f([1], 16) if t < u]"), steps},
		"long keys":          {calls("@ + @", "t = f('x', 19)\nd = {t: 1}\n[d[t] for x in f([1], 16)]"), steps},
		"length":             {strings.Repeat("#", 50_001), "the program has 50001 characters, more than 50000"},
	} {
		var o Options
		if tc.want == steps {
			o.MaxSteps = 100_000 // the million takes long under the race detector
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Compile(tc.program, o)
		runtime.ReadMemStats(&after)
		var e *syntax.Error
		if !errors.As(err, &e) || e.Kind != syntax.LimitError || e.Msg != tc.want {
			t.Errorf("%s: %.200s", name, fmt.Sprint(err))
		}
		if named := errors.Is(err, ErrBudget); named != (name != "length") {
			t.Errorf("%s: the budget is named: %v", name, named)
		}
		if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 256 {
			t.Errorf("%s: allocates %d MB", name, allocated)
		}
	}
	if _, err := Compile(strings.Repeat("é", 10)+"#", Options{MaxLength: 10}); err == nil || err.Error() != "line 1:1: the program has 11 characters, more than 10" {
		t.Errorf("a program of 11 characters: %v", err)
	}
	if _, err := Compile(strings.Repeat("#", 100_000), Options{MaxLength: -1}); err != nil {
		t.Errorf("without a limit: %v", err)
	}
	if _, err := Compile(lines("data('m')", "@ + @")+"a64.publish()", Options{}); err != nil {
		t.Errorf("a stream that is added to itself: %v", err)
	}
}

// The steps of a program are those of all the code that it runs, and can be limited.
func TestMaxSteps(t *testing.T) {
	const program = "from acme.limits import scaled\na = [scaled(x) for x in [1, 2, 3]]"
	ev, err := run(program, Options{Library: testLibrary()})
	if err != nil {
		t.Fatal(err)
	}
	least := ev.steps
	if _, err := Compile(program, Options{Library: testLibrary(), MaxSteps: least}); err != nil {
		t.Errorf("%d steps: %v", least, err)
	}
	_, err = Compile(program, Options{Library: testLibrary(), MaxSteps: least - 1})
	if !errors.Is(err, ErrBudget) || !strings.HasPrefix(err.Error(), "acme/limits.flow: line 6:") {
		t.Errorf("%d steps: %v", least-1, err)
	}
}

// A long text of the program is cut in a message, which stays on one line.
func TestLongMessages(t *testing.T) {
	for _, program := range []string{
		"def f(x, n): return x if n == 0 else f(x + x, n - 1)\nduration(f('x', 18))",
		"def f(x, n): return x if n == 0 else f(x + x, n - 1)\nassert 0, f('a\\nb', 18)",
		"def f(x, n): return x if n == 0 else f(x + x, n - 1)\n{}[f('x', 18)]",
	} {
		_, err := Compile(program, Options{})
		var e *syntax.Error
		if !errors.As(err, &e) || len(e.Msg) > maxMessage+10 || strings.Contains(e.Msg, "\n") {
			t.Errorf("%s: %d bytes", program, len(e.Msg))
		}
	}
}
