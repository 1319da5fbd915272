package graph

import (
	"math"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

func TestText(t *testing.T) {
	env := series.NewMatch("env", []string{"prod"}, false)
	null := ExtrapolateNull
	for _, tc := range []struct {
		op   Op
		want string
	}{
		{&Fetch{Metric: "m", Extrapolation: null, MaxExtrapolations: -1}, "data('m')"},
		{&Fetch{Metric: "it's", Filter: env, Rollup: RollupRate, Extrapolation: ExtrapolateZero, Resolution: 90 * time.Second},
			"data('it\\'s', filter=filter('env', 'prod'), rollup=rate, extrapolation=zero, maxExtrapolations=0, resolution=1m30s)"},
		{&Scalar{Value: 2.5}, "scalar(2.5)"},
		{&Scalar{Value: 1e21}, "scalar(1e+21)"},
		{&Binary{Op: LessEqual}, "<="},
		{&Binary{Op: Subtract}, "-"},
		{&Unary{Negate}, "neg"},
		{&Unary{Not}, "not"},
		{&Aggregate{Func: Sum}, "sum()"},
		{&Aggregate{Func: Mean, By: []string{"host", "a.b-c_1", "a b", ""}, AllowMissing: []string{"host"}},
			"mean(by=[host, a.b-c_1, 'a b', ''], allow_missing=[host])"},
		{&Window{Func: Max, Over: 26 * time.Hour}, "max(over=1d2h)"},
		{&Publish{Enabled: true}, "publish()"},
		{&Publish{Label: "A"}, "publish('A', enable=False)"},
	} {
		if got := tc.op.String(); got != tc.want {
			t.Errorf("%T\n got %s\nwant %s", tc.op, got, tc.want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                      "0s",
		time.Millisecond:                       "1ms",
		1500 * time.Microsecond:                "1.5ms",
		-90 * time.Second:                      "-1m30s",
		8*24*time.Hour + 2*time.Hour:           "1w1d2h",
		61*time.Minute + 1001*time.Millisecond: "1h1m1s1ms",
		math.MinInt64:                          "-15250w1d23h47m16s854.775808ms",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
}

func TestBuilder(t *testing.T) {
	var b Builder
	at := func(column int) Span { return Span{Line: 1, Column: column, EndLine: 1, EndColumn: column + 1} }
	fetch := &Fetch{Metric: "m", Extrapolation: ExtrapolateNull, MaxExtrapolations: -1}
	m := b.Add(fetch, at(1))
	if again := b.Add(&Fetch{Metric: "m", Extrapolation: ExtrapolateNull, MaxExtrapolations: -1}, at(2)); again != m {
		t.Errorf("an equal fetch is n%d", again)
	}
	sum := b.Add(&Aggregate{Func: Sum}, at(3), m)
	b.Add(&Binary{Op: Subtract}, at(4), m, sum)
	b.Add(&Binary{Op: Subtract}, at(5), sum, m)
	b.Add(&Publish{Label: "A", Enabled: true}, at(6), sum)
	b.Add(&Publish{Label: "A", Enabled: true}, at(7), sum)
	b.Add(&Aggregate{Func: Sum}, at(8), m)
	want := `n0 = data('m')  # 1:1
n1 = sum() n0  # 1:3
n2 = - n0 n1  # 1:4
n3 = - n1 n0  # 1:5
n4 = publish('A') n1  # 1:6
n5 = publish('A') n1  # 1:7
`
	if got := b.Graph().String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
