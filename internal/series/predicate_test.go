package series

import (
	"strings"
	"testing"
)

// one returns a series of metric m with dimensions given as k=v, sorted by name.
func one(dims ...string) *Series {
	s := &Series{Metric: "cpu.idle"}
	for _, d := range dims {
		k, v, _ := strings.Cut(d, "=")
		s.Dimensions = append(s.Dimensions, Label{k, v})
	}
	return s
}

func match(key string, terms ...string) *Match { return NewMatch(key, terms, false) }

func TestPredicate(t *testing.T) {
	prod, qa, none := one("env=prod"), one("env=qa"), one()
	all := []*Series{prod, qa, none}
	env, host := match("env", "prod"), match("host", "a*", "b")
	for _, tc := range []struct {
		p    Predicate
		text string
		want []*Series
	}{
		// language.md 5.2, the example of filter.
		{env, "filter('env', 'prod')", []*Series{prod}},
		{&Not{env}, "not filter('env', 'prod')", []*Series{qa, none}},
		{NewMatch("env", []string{"prod"}, true), "filter('env', 'prod', match_missing=True)", []*Series{prod, none}},

		{match("env", "*"), "filter('env', '*')", []*Series{prod, qa}},
		{&Not{match("env", "*")}, "not filter('env', '*')", []*Series{none}},
		{match("env", "prod", "qa"), "filter('env', 'prod', 'qa')", []*Series{prod, qa}},
		{match("env", "PROD"), "filter('env', 'PROD')", nil},
		{match("sf_metric", "cpu.*"), "filter('sf_metric', 'cpu.*')", all},
		{match("sf_metric", "mem*"), "filter('sf_metric', 'mem*')", nil},
		{&And{env, host}, "filter('env', 'prod') and filter('host', 'a*', 'b')", nil},
		{&Or{env, host}, "filter('env', 'prod') or filter('host', 'a*', 'b')", []*Series{prod}},
		{&And{&Or{env, host}, env}, "(filter('env', 'prod') or filter('host', 'a*', 'b')) and filter('env', 'prod')", []*Series{prod}},
		{&And{env, &And{host, env}}, "filter('env', 'prod') and (filter('host', 'a*', 'b') and filter('env', 'prod'))", nil},
		{&Or{&Or{env, host}, &And{env, host}}, "filter('env', 'prod') or filter('host', 'a*', 'b') or filter('env', 'prod') and filter('host', 'a*', 'b')", []*Series{prod}},
		{&Not{&And{env, host}}, "not (filter('env', 'prod') and filter('host', 'a*', 'b'))", all},
		{&And{&Not{env}, &Not{host}}, "not filter('env', 'prod') and not filter('host', 'a*', 'b')", []*Series{qa, none}},
		{match("it's", "a\\b\n\x01é"), `filter('it\'s', 'a\\b\n\001é')`, nil},
	} {
		if got := tc.p.String(); got != tc.text {
			t.Errorf("got  %s\nwant %s", got, tc.text)
		}
		wanted := map[*Series]bool{}
		for _, s := range tc.want {
			wanted[s] = true
		}
		for _, s := range all {
			if got := tc.p.Matches(s); got != wanted[s] {
				t.Errorf("%s selects %v: %v, want %v", tc.text, s.Dimensions, got, wanted[s])
			}
		}
	}
}

func TestPattern(t *testing.T) {
	for _, tc := range []struct {
		pattern  string
		yes, not []string
	}{
		{"", []string{""}, []string{"a"}},
		{"a", []string{"a"}, []string{"", "A", "aa", "*"}},
		{"*", []string{"", "a", "a.b"}, nil},
		{"**", []string{"", "a"}, nil},
		{"a*", []string{"a", "ab", "a*"}, []string{"", "ba"}},
		{"*a", []string{"a", "ba"}, []string{"", "ab"}},
		{"a*a", []string{"aa", "aba", "aaa"}, []string{"a", "ab"}},
		{"kafka*east", []string{"kafkaeast", "kafka-1.us-east"}, []string{"kafka", "kafkaeas", "kafkaeast1"}},
		{"*b*c*", []string{"bc", "abxcx", "bbcc"}, []string{"cb", "b", "c"}},
		{"a*b*b", []string{"abb", "axbxb"}, []string{"ab", "axb"}},
		{"^aws.*", []string{"^aws.x"}, []string{"aws.x"}},
		{"é*", []string{"éa"}, []string{"ea"}},
	} {
		p := NewPattern(tc.pattern)
		for _, s := range tc.yes {
			if !p.Matches(s) {
				t.Errorf("%q does not match %q", tc.pattern, s)
			}
		}
		for _, s := range tc.not {
			if p.Matches(s) {
				t.Errorf("%q matches %q", tc.pattern, s)
			}
		}
		if p.Exact() == strings.Contains(tc.pattern, "*") || !strings.HasPrefix(tc.pattern, p.Prefix()) || p.String() != tc.pattern {
			t.Errorf("%q: exact %v, prefix %q, text %q", tc.pattern, p.Exact(), p.Prefix(), p)
		}
	}
}

func TestPatternIsLinear(t *testing.T) {
	// A matcher that backtracks would not come back from this.
	p := NewPattern(strings.Repeat("a*", 200) + "b")
	if p.Matches(strings.Repeat("a", 20_000)) {
		t.Error("a text without b matches")
	}
}

// Properties and tags are seen by filters, behind the dimensions.
func TestMatchMetadata(t *testing.T) {
	s := New("m", Gauge, Label{"host", "a"})
	s.Properties = NewLabels(map[string]string{"env": "prod", "host": "other"})
	s.Tags = []string{"web", "critical"}
	bare := New("m", Gauge)
	for _, tc := range []struct {
		p       *Match
		s, bare bool
	}{
		{match("env", "p*"), true, false},
		{match("env", "qa"), false, false},
		{NewMatch("env", []string{"qa"}, true), false, true},
		{match("host", "a"), true, false},
		{match("host", "other"), false, false},
		{match("sf_tags", "crit*", "x"), true, false},
		{match("sf_tags", "x"), false, false},
		{match("sf_tags", "*"), true, false},
		{NewMatch("sf_tags", []string{"x"}, true), false, true},
	} {
		if got, gotBare := tc.p.Matches(s), tc.p.Matches(bare); got != tc.s || gotBare != tc.bare {
			t.Errorf("%s: %v, and without metadata %v", tc.p, got, gotBare)
		}
	}
	if got := s.Metadata().String(); got != "{env=prod, host=a}" {
		t.Errorf("metadata %s", got)
	}
	if same := New("m", Gauge, Label{"host", "a"}); !s.SameIdentity(same) || s.ID != same.ID {
		t.Error("properties are part of the identity")
	}
}
