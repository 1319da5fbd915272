package series

import "testing"

func TestPath(t *testing.T) {
	for _, test := range []struct {
		pattern, metric string
		want            bool
	}{
		{"jvm.*", "jvm.foo", true},
		{"jvm.*", "jvm.foo.bar", false},
		{"jvm.*.bar", "jvm.foo.bar", true},
		{"*", "jvm", true},
		{"*", "a.b", false},
		{"a*c.b", "abbc.b", true},
		{"a*c.b", "ab.c.b", false},
		{"web[1-3].cpu", "web2.cpu", true},
		{"web[1-3].cpu", "web4.cpu", false},
		{"web[^1].cpu", "web2.cpu", true},
		{"{web,db*}.cpu", "db17.cpu", true},
		{"{web,db*}.cpu", "app.cpu", false},
		{"a.b", "axb", false},
		{"a[[].b", "a[.b", true},
		{"", "", true},
	} {
		p, err := NewPath(test.pattern, ".")
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
			continue
		}
		s := New(test.metric, Gauge)
		if got := p.Matches(s); got != test.want {
			t.Errorf("%s matches %s: %v", test.pattern, test.metric, got)
		}
		if test.want && !MatchPattern(p.Wide(), test.metric) {
			t.Errorf("%s does not select %s, which %s matches", p.Wide(), test.metric, test.pattern)
		}
	}
	for _, pattern := range []string{"a.[b", "a.{b,c", "a.[z-a]"} {
		if _, err := NewPath(pattern, "."); err == nil {
			t.Errorf("%s is no pattern", pattern)
		}
	}
}

func TestPathWithSlashes(t *testing.T) {
	p, err := NewPath("apps/*/cpu.*", "/")
	if err != nil {
		t.Fatal(err)
	}
	if !p.Matches(New("apps/web/cpu.user.time", Gauge)) || p.Matches(New("apps/web/x/cpu.user", Gauge)) {
		t.Error("a star stops at slashes, not at dots")
	}
}
