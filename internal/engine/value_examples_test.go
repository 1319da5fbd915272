package engine_test

import (
	"fmt"
	"strings"
	"testing"
)

var dataL = []string{"l{} = - 5 10 15"}

// The examples of language.md 5.5, 5.4 and 2.8 for operators that compute each slot alone, or
// with a short memory.
func TestValueExamples(t *testing.T) {
	checkExamples(t, []example{
		{[]string{"v{} = -3 1.2 -1.2 1.8 - 16"}, `v = data('v')
v.abs().publish('abs')
v.ceil().publish('ceil')
v.floor().publish('floor')
v.sqrt().publish('sqrt')
v.scale(100).publish('scale')
(-v).publish('minus')`,
			"abs{} = 3 1.2 1.2 1.8 - 16\nceil{} = -3 2 -1 2 - 16\nfloor{} = -3 1 -2 1 - 16\n" +
				"minus{} = 3 -1.2 1.2 -1.8 - -16\nscale{} = -300 120 -120 180 - 1600\nsqrt{} = - 1.0954 - 1.3416 - 4"},
		{[]string{"v{} = 1 1000 0 -1 -"}, "data('v').log().publish('ln')\ndata('v').log10().publish('log')", "ln{} = 0 6.9078 - - -\nlog{} = 0 3 - - -"},
		{[]string{"v{} = 2 3 -"}, `v = data('v')
v.pow(2).publish('square')
v.pow(base=10).publish('base')
(v ** -1).publish('inverse')
pow(v, v).publish('self')
(v ** 4000).publish('overflow')`,
			"base{} = 100 1000 -\ninverse{} = 0.5 0.3333 -\noverflow{} = - - -\nself{} = 4 27 -\nsquare{} = 4 9 -"},
		{[]string{"v{} = -8 -"}, "(data('v') ** 0.5).publish('root')\nabs(data('v')).publish('abs')", "abs{} = 8 -\nroot{} = - -"},

		{dataL, "data('l').above(10).publish()", "{} = - - - 15"},
		{dataL, "data('l').above(10, inclusive=True).publish()", "{} = - - 10 15"},
		{dataL, "data('l').above(10, clamp=True).publish()", "{} = - 10 10 15"},
		{dataL, "data('l').below(10).publish()", "{} = - 5 - -"},
		{dataL, "data('l').below(10, inclusive=True).publish()", "{} = - 5 10 -"},
		{dataL, "data('l').below(10, clamp=True).publish()", "{} = - 5 10 10"},
		{dataL, "data('l').between(5, 15).publish()", "{} = - - 10 -"},
		{dataL, "data('l').between(5, 15, low_inclusive=True).publish()", "{} = - 5 10 -"},
		{dataL, "data('l').between(5, 15, high_inclusive=True).publish()", "{} = - - 10 15"},
		{dataL, "data('l').between(6, 12, clamp=True).publish()", "{} = - 6 10 12"},
		{dataL, "data('l').not_between(5, 10).publish()", "{} = - - - 15"},
		{dataL, "data('l').not_between(5, 10, low_inclusive=True).publish()", "{} = - 5 - 15"},
		{dataL, "data('l').not_between(5, 10, high_inclusive=True).publish()", "{} = - - 10 15"},
		{dataL, "data('l').equals(5).publish()", "{} = - 5 - -"},
		{dataL, "data('l').equals(5, replacement=1).publish()", "{} = - 5 1 1"},
		{dataL, "data('l').not_equals(5).publish()", "{} = - - 10 15"},
		{dataL, "data('l').not_equals(5, replacement=0).publish()", "{} = - 0 10 15"},

		{dataX, "data('x').delta().publish()", "{} = - 2 - - -2 7"},
		{dataX, "data('x').rateofchange().publish()", "{} = - 0.2 - - -0.2 0.7"},
		{dataX, "data('x').integrate().publish()", "{} = 100 120 - 200 180 250"},
		{dataX, "s = data('x')\n(s - s.delta()).publish()", "{} = - 10 - - 20 18"},
		{dataX, "data('x').ewma(0.5).publish()", "{} = 10 11 - 15.5 16.75 20.875"},
		{dataX, "data('x').ewma(over='30s').publish()", "{} = 10 11 - 15.5 16.75 20.875"},
		{[]string{"d{} = 10 12 14 16 18 20"}, `d = data('d')
d.double_ewma(0.5, 0.5).publish('level')
d.double_ewma(0.5, 0.5, forecast='20s').publish('ahead')
d.double_ewma(0.5, 0.5, forecast='20s', damping=0.5).publish('damped')`,
			"ahead{} = 10 12 15 18.25 21.3125 24.0156\ndamped{} = 10 11.375 13.3281 15.4434 17.5559 19.6256\nlevel{} = 10 11 12.75 14.9375 17.2969 19.6523"},
		{[]string{"d{} = 10 - 12 14"}, "data('d').double_ewma(over='30s', trend_over='30s').publish()", "{} = 10 - 11 12.75"},

		{dataX, "data('x').fill(0).publish()", "{} = 10 12 0 20 18 25"},
		{dataX, "data('x').fill().publish()", "{} = 10 12 12 20 18 25"},
		{[]string{"x{} = 5 - - -"}, "data('x').fill(duration='20s').publish()", "{} = 5 5 5 -"},
		{[]string{"x{} = 5 - - - 6 - -"}, "data('x').fill(maxCount=1).publish()", "{} = 5 5 - - 6 6 -"},
		{[]string{"x{} = - 5 - - 6"}, "data('x').fill(value=1, duration='15s').publish()", "{} = 1 5 1 - 6"},
		{[]string{"x{} = 1 - 0"}, "(data('x') > 0).fill(True).publish('t')\n(data('x') > 0).fill().publish('l')", "l{} = 1 1 0\nt{} = 1 1 0"},
		{[]string{"x{} = - 5 -"}, "data('x').fill().publish()", "{} = - 5 5"},

		{[]string{"x{} = 3 - 9"}, "data('x').map(lambda x: 1 if x > 5 else 0).publish()", "{} = 0 - 1"},
		{[]string{"x{} = 3 - 9"}, "data('x').map(lambda x: 1 if x > 5 else 0).fill(0).publish()", "{} = 0 0 1"},
		{[]string{"x{} = 3 - 9"}, "data('x').map(lambda x: 1 if x is not None else 0).publish()", "{} = 1 0 1"},
		{[]string{"x{} = 3 - 9"}, "data('x').map(lambda x: 7).publish('seven')\ndata('x').map(lambda x: None).publish('none')", "none{} = - - -\nseven{} = 7 7 7"},
		{[]string{"x{} = 3 - 9 -1"}, "data('x').map(lambda x: max(0, min(x, 5))).publish()", "{} = 3 5 5 0"},
		{[]string{"x{} = 3 - 9"}, "data('x').map(lambda x: x is 3 or x is None).publish('b')\n(data('x') > 5).map(lambda b: 2 if b is True else 1 if b is False else 0).publish('c')", "b{} = 1 1 0\nc{} = 1 0 2"},
		{[]string{"x{} = 4 - 9 -4"}, "data('x').map(lambda x: sqrt(x) + abs(x) / 2).publish()", "{} = 4 - 7.5 -"},

		{[]string{"s{} = 1 7 - 9"}, "s = data('s')\n(1 if s > 5 else 0).publish('zero')\n(1 if s > 5 else None).publish('none')", "none{} = - 1 - 1\nzero{} = 0 1 - 1"},
		{[]string{"s{} = 1 7 - 9"}, "s = data('s')\n(s is None).publish('is')\n(s is not None).publish('not')\n(s is 7).publish('7')\n(s is not 7).publish('not7')", "7{} = 0 1 0 0\nis{} = 0 0 1 0\nnot7{} = 1 0 1 1\nnot{} = 1 1 0 1"},
		{[]string{"s{} = 1 7 - 9"}, "b = data('s') > 5\n(b is True).publish('t')\n(b is False).publish('f')\n(b is not True).publish('nt')", "f{} = 1 0 0 0\nnt{} = 1 0 1 0\nt{} = 0 1 0 1"},
		{[]string{"s{} = 5 5 1"}, "((data('s') - 5) / (data('s') - 5).abs()).publish()", "{} = - - -1"},
		{dataM, "s = data('m')\n(1 if s > 4 else None).count().publish('A')", "A{} = 2 1 2 1"},
		{dataM, "data('m').map(lambda x: 0 if x is None else 1).sum().publish('up')", "up{} = 3 2 2 2"},
		{dataM, "data('m', filter=filter('dc', 'x') and not filter('host', 'b')).fill(0).publish('A')", "A{dc:x,host:a} = 1 2 0 4"},
		{dataM, "t = [filter('dc', d) for d in ['x', 'y']]\n[data('m', filter=f).sum().publish('dc' + str(i)) for i in range(1)  for f in t[i:i + 1]]", "dc0{} = 6 2 7 12"},
		{dataM, "def f(n):\n    if n == 0:\n        return data('m')\n    return f(n - 1).scale(2)\nf(3).sum().publish('A')", "A{} = 128 96 136 96"},
		{[]string{"h{} = 20 30"}, "data('h').rate().publish()", "{} = 2 3"},
		{[]string{"h{a:1,b:1} = 20", "h{a:2,b:1} = 10"}, "data('h').rate(by='b').publish()", "{b:1} = 3"},
	})
}

// The examples of language.md 5.3: functions of several streams, and numbers among them.
func TestAcrossExamples(t *testing.T) {
	load := []string{"a{} = 4 -", "b{} = - -", "c{} = 10 -"}
	checkExamples(t, []example{
		{load, `a, b, c = data('a'), data('b', extrapolation='null'), data('c')
min(a, b, c).publish('min')
max(a, b, c).publish('max')
sum(a, b, c).publish('sum')
mean(a, b, c).publish('mean')
median(a, b, c).publish('median')
count(a, b, c).publish('count')
percentile(a, b, c, pct=100).publish('top')
(a + b + c).publish('plus')
max(0, b).publish('zero')
max(a).publish('one')
count(b).publish('none')`,
			"count{} = 2 0\nmax{} = 10 -\nmean{} = 7 -\nmedian{} = 7 -\nmin{} = 4 -\nnone{} = 0 0\none{} = 4 -\nplus{} = - -\nsum{} = 14 -\ntop{} = 10 -\nzero{} = 0 0"},
		// All of the streams must match one another, not only neighbours.
		{[]string{"x{h:1,z:1} = 1", "y{h:1} = 2", "z{z:1} = 3"}, "sum(data('x'), data('y')).publish('two')\nsum(data('x'), data('y'), data('z')).publish('three')", "two{h:1,z:1} = 3"},
		{[]string{"x{h:1,z:1} = 1", "x{h:2,z:1} = 5", "y{h:1,z:1} = 2", "z{z:1} = 3", "z{z:2} = 4"}, "max(data('y'), data('x'), data('z')).publish()", "{h:1,z:1} = 3"},
		{[]string{"m{dc:x} = 1", "n{dc:x,host:a} = 2", "n{dc:y,host:b} = 3"}, "(data('n') if data('m') > 0 else 5).publish()", "{dc:x,host:a} = 2"},
	})
}

// The examples of language.md 5.2 and 5.6.
func TestMetadataExamples(t *testing.T) {
	checkExamples(t, []example{
		{nil, "const(timeseries=[{'key': {'az': '1'}, 'value': 75}, {'key': {'az': '2'}, 'value': 85}]).publish()", "{az:1} = 75\n{az:2} = 85"},
		{dataX, "(const(5) + data('x')).publish('A')\n(data('x') + 5).publish('B')", "A{} = 15 17 - 25 23 30\nB{} = 15 17 - 25 23 30"},
		{dataX, "(0.5 * threshold(10)).publish('A')\nthreshold(data('x')).publish('B')", "A{} = 5 5 5 5 5 5\nB{} = 10 12 - 20 18 25"},
		{[]string{"l{host:a,az:1} = 10", "l{host:b,az:2} = 20"}, "(data('l') > const(15, key={'az': '2'})).publish()", "{az:2,host:b} = 1"},
		{nil, "union(const(1, key={'k':'a'}), const(2, key={'k':'b'})).sum().publish()", "{} = 3"},
		{dataM, "s = data('m')\nunion(s, s, s.sum(by='dc')).count().publish('n')\nunion(s, s).sum(by='dc').publish()", "n{} = 8 6 6 5\n{dc:x} = 12 4 14 24\n{dc:y} = 20 20 20 -"},
		{[]string{"e{svc:a} = 2", "n{svc:a} = 8", "n{svc:b} = 5"}, "e, n = data('e'), data('n')\ncombine(0 if e is None else e / (e + n)).publish()", "{svc:a} = 0.2\n{svc:b} = 0"},
		{[]string{"e{svc:a} = 2 0", "n{svc:b} = 5 5"}, "e, n = data('e'), data('n')\ncombine(0 if e is None else 0 if e is 0 else e / (e + 0 if n is None else e + n)).publish()", "{svc:a} = 1 0\n{svc:b} = 0 0"},
		{[]string{"e{svc:a} = 2 0"}, "combine(data('e') + data('none')).publish('plus')\ncombine(max(data('none'), data('e'))).publish('max')", "max{svc:a} = 2 0\nplus{svc:a} = - -"},
		{[]string{"m{host:a} = 5"}, "data('m').dimensions(aliases={'h': 'host'}).publish('alias')\ndata('m').dimensions(renames={'h': 'host'}).publish('rename')", "alias{h:a,host:a} = 5\nrename{h:a} = 5"},
		{[]string{"m{a:1,b:2} = 5", "m{a:3} = 6"}, "data('m').dimensions(renames={'a': 'b', 'b': 'a'}).publish('swap')\ndata('m').dimensions(renames={'c': 'b'}, allow_missing=True).publish('some')", "some{a:1,c:2} = 5\nsome{a:3} = 6\nswap{a:2,b:1} = 5"},
		{[]string{"m{a:1,b:2} = 5"}, "data('m').dimensions(aliases={'b': 'a'}).publish('collide')\ndata('m').dimensions(aliases={'x': 'nothing'}).publish('none')\ndata('m').dimensions(aliases={'c': 'a'}, renames={'d': 'c'}).publish('both')", "both{a:1,b:2,d:1} = 5\ncollide{a:1,b:1} = 5"},
		{[]string{"m{a:1,b:2} = 5", "m{b:3} = 7"}, "data('m').promote('a').publish('drop')\ndata('m').promote('a', 'b', allow_missing=True).publish('all')\ndata('m').promote('a').sum().publish('sum')", "all{a:1,b:2} = 5\nall{b:3} = 7\ndrop{a:1,b:2} = 5\nsum{} = 5"},
		{[]string{"m{a:1,b:2} = 5", "m{a:1,b:3} = 6"}, "(data('m') - data('m').sum().promote('a')).publish('A')", "A{a:1,b:2} = -6\nA{a:1,b:3} = -5"},
	})
}

// The statistic of the specification's example, in which the rule for the lag is set aside.
func TestKPSSPrograms(t *testing.T) {
	r := example{[]string{"x{} = 1 2 3 4 3 2 5 5 5"}, "data('x').kpss(over='40s').publish('level')\ndata('x').kpss(over='30s', mode='trend').publish('trend')", ""}.run(t)
	// Windows of fewer than three values, and those that do not vary, have none.
	if got := strings.Fields(r.row("level{}")); got[0] != "-" || got[1] != "-" || got[3] == "-" {
		t.Errorf("level: %v", got)
	}
	if got := strings.Fields(r.row("trend{}")); got[2] != "-" || got[3] != "-" || got[4] == "-" || got[8] != "-" {
		t.Errorf("trend: %v", got)
	}
}

// The rules of language-detectors.md 2.3: a share of expected slots, missing ones among them.
func TestWhenExamples(t *testing.T) {
	load := []string{"x{} = 9 9 9 1 9 - 9 9 9 1 1 1 -"}
	checkExamples(t, []example{
		{load, "when(data('x') > 5).publish()", "{} = 1 1 1 0 1 - 1 1 1 0 0 0 -"},
		{load, "when(data('x') > 5, '30s').publish()", "{} = - - 1 0 0 0 - - 1 0 0 0 0"},
		{load, "when(data('x') > 5, lasting('30s', 0.5)).publish()", "{} = - 1 1 1 1 - 1 1 1 1 0 0 0"},
		{load, "when(data('x') > 5, '25s', at_least=0.01).publish()", "{} = 1 1 1 1 1 1 1 1 1 1 1 0 -"},
		{load, "when(data('x') > 5, '5s').publish()", "{} = 1 1 1 0 1 - 1 1 1 0 0 0 -"},
		{load, "when(when(data('x') > 5, '20s') or data('x') is None, '20s').publish()", "{} = - - 1 0 0 0 - - 1 0 0 0 0"},
		{load, "(1 if when(data('x') > 5, '30s') is None else 0).publish()", "{} = 1 1 0 0 0 0 1 1 0 0 0 0 0"},
	})
}

// How many slots have to be true: the table of language-detectors.md 2.3.
func TestWhenNeeds(t *testing.T) {
	for _, test := range []struct{ slots, spare, percent int }{
		{36, 0, 100}, {36, 9, 75}, {30, 15, 50}, {30, 0, 100}, {6, 1, 80}, {5, 1, 80}, {5, 0, 90}, {2, 0, 100}, {1, 0, 100}, {60, 9, 85}, {25, 18, 28}, {5, 4, 1},
	} {
		for _, missing := range []int{test.spare, test.spare + 1} {
			values := strings.Repeat("1 ", test.slots-missing) + strings.Repeat("0 ", missing)
			if missing > test.slots {
				continue
			}
			program := fmt.Sprintf("when(data('x') > 0, '%ds', %g).publish()", 10*test.slots, float64(test.percent)/100)
			row := strings.Fields(example{[]string{"x{} = " + values}, program, ""}.run(t).row("{}"))
			if got, want := row[len(row)-1], map[bool]string{true: "1", false: "0"}[missing == test.spare]; got != want {
				t.Errorf("%s with %d false: got %s, want %s", program, missing, got, want)
			}
		}
	}
}

// The examples of language.md 5.2 for paths.
func TestPathExamples(t *testing.T) {
	load := []string{"snc.role1.server3.cpu{} = 1", "snc.role1.server4.cpu{} = 3", "snc.role2.server3.cpu{dc:x} = 5", "snc.role1.server3.cpu.idle{} = 9", "apps/web/cpu.user{} = 7"}
	checkExamples(t, []example{
		{load, "graphite('snc.*.*.cpu', role=1, host=2).mean(by=['role']).publish()", "{role:role1} = 2\n{role:role2} = 5"},
		{load, "graphite('snc.*.server3.cpu').publish()", "{dc:x,node0:snc,node1:role2,node2:server3,node3:cpu} = 5\n{node0:snc,node1:role1,node2:server3,node3:cpu} = 1"},
		{load, "graphite('snc.role[1-2].{server3,none}.cpu', filter=filter('dc', 'x'), r=1, far=9).publish()", "{dc:x,r:role2} = 5"},
		{load, "newrelic('apps/*/cpu.*', app=1).publish()", "{app:web} = 7"},
	})
	r := example{load, "graphite('other.*').publish()", ""}.run(t)
	if found := r.info("FIND_MATCHED_NO_TIMESERIES"); len(found) != 1 || !strings.HasPrefix(found[0].Contents["query"].(string), "graphite('other.*'") {
		t.Errorf("got %v", found)
	}
}

// The example of language.md 5.7 for families of counters.
func TestBucketPercentileExamples(t *testing.T) {
	family := []string{"h{le:10} = 5 5 0 5", "h{le:50} = 20 20 0 20", "h{le:100} = 24 - 0 24", "h{le:Inf} = 25 25 0 -"}
	checkExamples(t, []example{
		{family, "data('h').histogram_percentile(90).publish()", "{} = 81.25 50 - -"},
		{family, "histogram_percentile(data('h'), 10).publish()", "{} = 5 5 - -"},
		{family, "data('h').histogram_percentile(100).publish()", "{} = 100 50 - -"},
		{family, "data('h').histogram_percentile(20).publish()", "{} = 10 10 - -"},
		{[]string{"h{b:-5,s:x} = 4", "h{b:5,s:x} = 8", "h{b:+Inf,s:x} = 8", "h{b:+Inf,s:y} = 3", "h{b:bad,s:x} = 9", "h{s:x} = 1"},
			"data('h').histogram_percentile(50, bucket_name='b', infinity_bucket_name='+Inf').publish('half')\ndata('h').histogram_percentile(75, 'b', '+Inf').publish('three')", "half{s:x} = -5\nhalf{s:y} = -\nthree{s:x} = 0\nthree{s:y} = -"},
	})
}

// A static value, on either side, leaves all that is known of a series as it is.
func TestStaticValuesTellOfNothing(t *testing.T) {
	load := []string{"m{host:a,dc:x} = 1", "m{host:b,dc:x} = 2"}
	for _, expression := range []string{"2 * s", "s * 2", "max(1, s)", "s if s > 0 else 1", "1 if s > 0 else s", "combine(1 + s)", "s.pow(base=2)", "0 - s"} {
		got := example{load, "s = data('m').sum()\n(" + expression + ").count(by='dc').publish()", ""}.run(t).rows()
		if got != "{dc:x} = 1" {
			t.Errorf("%s: %q", expression, got)
		}
	}
}
