package resolve_test

import (
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/resolve"
	"github.com/signalfx/signalflow-client-go/syntax"
)

func TestCheck(t *testing.T) {
	builtins := []string{"data", "filter", "max"}
	for _, tc := range []struct{ program, want string }{
		{"a = data('x')\nb = a", ""},
		{"daat('x')", "line 1:1: name 'daat' is not defined (did you mean 'data'?)"},
		{"total = 1\ntotl", "line 2:1: name 'totl' is not defined (did you mean 'total'?)"},
		{"a = true", "line 1:5: name 'true' is not defined (write 'True')"},
		{"print(5)", "line 1:1: name 'print' is not defined (there is no print; publish() sends a stream out)"},
		{"a = Tru", "line 1:5: name 'Tru' is not defined (did you mean 'True'?)"},
		{"unknown", "line 1:1: name 'unknown' is not defined"},
		{"a = b\nb = 1", "line 1:5: name 'b' is not defined (it is bound only later, on line 2)"},
		{"a = a + 1", "line 1:5: name 'a' is not defined (it is bound by this very statement)"},
		{"a = 1\na = 2", "line 2:1: name 'a' is already bound (on line 1; a name is bound once)"},
		{"a, a = 1, 2", "line 1:4: name 'a' is already bound (on line 1; a name is bound once)"},
		{"max = data('x')\nmax", ""},
		{"u1(); u2(u3, k=u4).u5[u6:u7]; {u8: u9}; u10[u11]; (u12, [u13]); -u14 < u15\nassert u16, u17\nreturn u18", "" +
			"u1 u2 u3 u4 u6 u7 u8 u9 u10 u11 u12 u13 u14 u15 u16 u18"},

		// What may not be evaluated may hold any name.
		{"1 if True else u1", ""},
		{"1 if u1 else u2", "u1"},
		{"u1 and u2; u3 or u4", "u1 u3"},
		{"u1 < u2 < u3", "u1 u2"},
		{"lambda x: u1", ""},
		{"[u1 for x in u2 for y in u3 if u4]", "u2"},
		{"def f(a, b=u1):\n  return u2\nf()", "u1"},
		{"@u1\ndef f(): u2", "u1"},
		{"def f(a, a): a", "line 1:10: name 'a' is already bound (on line 1; a name is bound once)"},
		{"if u1:\n  u2\nelif u3:\n  a = 1\nelse:\n  a = 2\n  b = 3\na; b", "u1"},
		{"a = 1\nif True:\n  a = 2", ""},
		{"if True:\n  a = 2\na = 1", ""},
		{"if True:\n  def f(): b = 1\nf; b", "line 3:4: name 'b' is not defined"},
		{"if True:\n  from m import *\nb", ""},

		{"import a.b, c as d\nfrom e import f, g as h\na; d; f; h", ""},
		{"import a.b, c as d\nb; c", "b c"},
		{"import a\nfrom b import a", "line 2:15: name 'a' is already bound (on line 1; a name is bound once)"},
		{"from a import *\nanything", ""},
	} {
		file, err := syntax.Parse("", tc.program)
		if err != nil {
			t.Errorf("%q: %v", tc.program, err)
			continue
		}
		errs := resolve.Check(file, builtins)
		var texts, names []string
		for _, e := range errs {
			texts = append(texts, e.Error())
			_, name, _ := strings.Cut(e.Msg, "'")
			names = append(names, name[:strings.IndexByte(name, '\'')])
			if e.Kind != syntax.NameError {
				t.Errorf("%q: %s is a %s error", tc.program, e, e.Kind)
			}
		}
		// A list of names stands for one error each, in whatever words.
		got := strings.Join(texts, "\n")
		if tc.want != "" && !strings.HasPrefix(tc.want, "line") {
			got = strings.Join(names, " ")
		}
		if got != tc.want {
			t.Errorf("%q\n got %s\nwant %s", tc.program, got, tc.want)
		}
	}
}
