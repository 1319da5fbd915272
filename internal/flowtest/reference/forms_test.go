package reference_test

import (
	"strings"
	"time"
)

// forms are the expressions of the language, each with all of its arguments. In braces stands what is
// put there: N a stream of numbers, B one of booleans, D a duration, T one of a slot at least, I
// a small count, R the resolution, C a cycle, DATA a data() call, and the names of fillings.
var forms = map[byte][]string{
	// The first ones are cheap: a fuzzer whose text is at its end chooses them.
	'S': concat(repeat("{DATA}", 16), list(`
		graphite({PATH}, {R}) | graphite({PATH}, role=1, {R}) | graphite({PATH}, role=1, what=2, rollup='max', extrapolation='last_value', {R}) | newrelic({NEWPATH}, role=1, extrapolation='zero', maxExtrapolations={I})
		const({F}) | const({F}, key={'dc': 'x'}) | const({F}, key=[{'dc': 'x'}, {'dc': 'y'}]) | const(timeseries=[{'key': {'dc': 'x'}, 'value': 1}, {'key': {'dc': 'y'}, 'value': 2}]) | threshold({F})`)),
	'N': concat(list(`
		(-{N}) | (+{N}) | ({N} if {B} else {N}) | ({N} if {B} else {F}) | ({F} if {B} else {N}) | ({F} if {B} else None) | (None if {B} else {N}) | ({N} if {B} else None) | ({F} if {B} else {F})
		({N} if {B} else {N} if {B} else {F}) | (1 if {N} is None else 0)
		abs({N}) | ceil({N}) | floor({N}) | sqrt({N}) | log({N}) | log10({N}) | pow({N}, {F}) | pow({F}, {N}) | pow({N}, {N})
		{N}.abs() | {N}.ceil() | {N}.floor() | {N}.sqrt() | {N}.log() | {N}.log10() | {N}.scale({F}) | {N}.pow(2) | {N}.pow(exponent={F}) | {N}.pow(base=2)
		{N}.integrate() | {N}.rate() | {N}.rate(by={BY}) | {N}.rate(by={BY}, allow_missing=True)
		{N}.equals({F}) | {N}.equals({F}, replacement={F}) | {N}.not_equals({F}) | {N}.not_equals({F}, {F})
		{N}.fill() | {N}.fill({F}) | {N}.fill(duration={D}) | {N}.fill({F}, duration={D}) | {N}.fill(maxCount={I}) | {N}.fill({F}, maxCount={I})
		{N}.map(lambda x: x) | {N}.map(lambda x: 7) | {N}.map(lambda x: x * {F} + 1) | {N}.map(lambda x: 1 if x > {F} else 0) | {N}.map(lambda x: 0 if x is None else x) | {N}.map(lambda x: x if x is not None else {F})
		{N}.map(lambda x: max(x, {F}) - abs(x)) | {N}.map(lambda x: min(x, {F}, 3)) | {N}.map(lambda x: pow(x, 2) / {F}) | {N}.map(lambda x: None if x < {F} else -x) | {N}.map(lambda x: ceil(x) + floor(x) * sqrt(x))
		{B}.map(lambda x: 2 if x is True else 1 if x is False else 0) | {B}.map(lambda x: 1 if x else 0) | {N}.map(lambda x: 1 if x > {F} and not x is 3 or x == {F} else 0)
		{N}.delta() | {N}.rateofchange() | {N}.ewma(0.5) | {N}.ewma(alpha=1) | {N}.ewma(over={D}) | {N}.double_ewma(0.5, 0.25) | {N}.double_ewma(0.5, 0.5, forecast={D}, damping=0.5) | {N}.double_ewma(over={D}) | {N}.double_ewma(over={D}, trend_over={D}, forecast={D})
		{N}.kpss({D}) | {N}.kpss({D}, mode='trend') | {N}.timeshift({T}) | {N}.timeshift(0)
		{N}.promote('dc') | {N}.promote('dc', 'host', allow_missing=True) | {N}.promote('env') | {N}.promote(['env', 'dc'], allow_missing=True) | {N}.promote(None)
		{N}.dimensions(aliases={'d': 'dc'}) | {N}.dimensions(renames={'d': 'dc'}, allow_missing=True) | {N}.dimensions(aliases={'e': 'env'}, renames={'d': 'dc'}, allow_missing=True) | {N}.dimensions(renames={'d': 'dc'})
		union({N}) | union({N}, {N}) | union({N}, {N}, {N}) | combine({N} + {N}) | combine({F} if {N} is None else {N}) | combine({N} if {B} else {N}) | combine(max({N}, {N}, {F})) | combine(1 if {B} or {N} is None else 0)
		({N} - 0.5 * threshold({F})) | threshold({N}) | ({N} + const({F}, key={'dc': 'x'})) | data('*', {R}).sum(by='sf_metric')
		data('h', {R}).histogram_percentile({Q}) | histogram_percentile(data('h', {R}), pct={Q}) | data('h', {R}).dimensions(renames={'upper': 'le'}, allow_missing=True).histogram_percentile({Q}, bucket_name='upper', infinity_bucket_name='4') | data('h', {R}).histogram_percentile(pct={Q}, infinity_bucket_name='none')`),
		each("({N} % {N}) | ({N} % {F}) | ({F} % {N})", "+ - * / **"),
		each("{N}.%(1) | {N}.%({F}, inclusive=True) | {N}.%({F}, clamp=True) | {N}.%({F}, True, True)", "above below"),
		each("{N}.%(-1, 4) | {N}.%(0, 3, low_inclusive=True) | {N}.%(0, 3, high_inclusive=True) | {N}.%(0, 3, True, True)", "between not_between"),
		list(`{N}.between(-1, 4, clamp=True) | {N}.between(-1, 4, low_inclusive=True, high_inclusive=True, clamp=True)`),
		each("%({N}) | %({N}, {N}) | %({N}, {F}) | %({F}, {N}, {N})", "min max sum mean median count"),
		list(`percentile({N}, {N}, pct={P}) | percentile({N}, {F}, {N}, pct={P}) | percentile({N}, pct={P})`),
		each("{N}.% | {N}.%+by={BY}) | {N}.%+by={BY}, allow_missing=True) | {N}.%+by={BY}, allow_missing={MISSING}) | {N}.%+by={BY}, allow_all_missing=True) | {N}.%+over={D})", statistics),
		each("{B}.%() | {B}.%(by={BY}) | {B}.%(over={D})", "sum mean min max count size"),
		each("{N}.%(cycle={C}) | {N}.%(cycle={C}, partial_values=True) | {N}.%(cycle={C}, shift_cycles=1) | {N}.%(cycle={C}, shift_cycles=2)", "sum mean min max count"),
		each("histogram({H}, {R}).% | histogram({H}, {R}).%+by={BY}) | histogram({H}, {R}).%+by={BY}, allow_missing=True) | histogram({H}, {R}).%+over={D}) | histogram({H}, {R}).%+by={BY}, over={D})", "count() sum() mean() min() max() percentile() percentile({P}) cumulative_distribution_function({F})"),
		each("{N}.%(count={I}) | {N}.%(percentage=0.5) | {N}.%(percentage=30) | {N}.%() | {N}.%({I}, by={BY}) | {N}.%(percentage=0.5, by={BY})", "top bottom random")),
	'B': concat(list(`
		(not {B}) | ({N} is None) | ({N} is not None) | ({B} is True) | ({B} is not True) | ({B} is False) | ({B} is not False) | ({B} is None) | ({N} is {F}) | ({N} is not {F})
		({F} < {N} < {F}) | ({B} if {B} else {B}) | (True if {B} else {B}) | {N}.map(lambda x: x > {F}) | {B}.map(lambda x: not x) | {B}.fill() | {B}.fill(True) | {B}.fill(False, duration={D}) | {B}.fill(duration={D}) | {B}.timeshift({T})
		when({B}) | when({B}, {D}) | when({B}, {D}, at_least=0.5) | when({B}, {D}, 0.28) | when({B}, lasting({D}, 0.6)) | union({B}, {B}) | {B}.promote('dc', allow_missing=True) | combine({B} and {B}) | combine({N} > {N}) | combine(not ({B} or {B}))`),
		each("({N} % {N}) | ({N} % {F}) | ({F} % {N})", "< <= > >= == != <>"),
		each("({B} % {B}) | ({B} % True) | ({B} % False)", "and or == !="),
		list(`(True and {B}) | (False or {B}) | (True == {B}) | (False != {B}) | (False and (data('a', {R}) > {F})) | (True or (data('a', {R}) > {F}))`)),
}

// fillings are what may stand for a name in braces.
var fillings = map[string][]string{
	"F":       strings.Fields("1 0 2 3 (-1) 0.5 1.5"),
	"P":       strings.Fields("50 0 10 75 95 100 33.3"),
	"Q":       strings.Fields("90 1 50 100 0.1"),
	"BY":      {"['dc']", "'host'", "['host', 'dc']", "['dc', 'none']", "'env'", "['env', 'host']", "'sf_metric'"},
	"MISSING": {"'dc'", "['host', 'none']", "'env'"},
	"H":       {"'t'", "'*'", "'t', filter=filter('dc', 'x')"},
	"PATH":    {"'s.*.cpu'", "'s.x.*'", "'*.*.cpu'", "'s.[xz].cpu'", "'s.{x,z}.*'"},
	"NEWPATH": {"'q/*/cpu'", "'*/x/cpu'", "'q/[xz]/*'"},
}

var (
	statistics = "sum() mean() min() max() count() size() median() percentile({P}) variance() stddev() sample_variance() sample_stddev() mean_plus_stddev() mean_plus_stddev({F})"

	rollups        = strings.Fields("average sum min max count latest delta rate lag")
	extrapolations = []string{"", "'null'", "'zero'", "'last_value'", "'zero', maxExtrapolations=1", "'zero', maxExtrapolations=-1", "'last_value', maxExtrapolations=2", "'last_value', maxExtrapolations=0"}
	filters        = []string{"filter('dc', 'x')", "not filter('dc', 'x') or filter('host', '1') and filter('dc', '*')", "filter('host', '1', '2', match_missing=True)",
		"filter('env', 'prod')", "not filter('env', 'qa')", "filter('sf_tags', 'w*')", "filter('sf_metric', 'a*', '*b')", "{'dc': 'x', 'host': ['1', '2']}", "(partition_filter(1, 2) or filter('n', 'silent'))", "None"}
	spans = []string{"a multiple of a slot", "no multiple of a slot", "less than a slot"}
	zones = []string{"UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "America/Havana"}

	cycles = []string{"'hour'", "'hour', cycle_start='0m'", "'day'", "'day', cycle_start='5h'", "'day', cycle_start=23", "'week'", "'week', cycle_start='tuesday'", "'week', cycle_start=7",
		"'month'", "'month', cycle_start='28d'", "'quarter'", "'quarter', cycle_start='february'", "'quarter', cycle_start=3"}

	// Days on which something begins, and days of 23 and of 25 hours.
	starts = []time.Time{
		time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 4, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2024, 3, 10, 0, 0, 0, 0, time.UTC), time.Date(2024, 3, 31, 0, 0, 0, 0, time.UTC), time.Date(2024, 10, 27, 0, 0, 0, 0, time.UTC), time.Date(2024, 11, 3, 0, 0, 0, 0, time.UTC),
		time.Date(2023, 12, 25, 0, 0, 0, 0, time.UTC), time.Date(2024, 6, 17, 0, 0, 0, 0, time.UTC),
	}
)

func location(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// list cuts a text at its bars and line ends.
func list(text string) (forms []string) {
	for form := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '|' || r == '\n' }) {
		if form = strings.TrimSpace(form); form != "" {
			forms = append(forms, form)
		}
	}
	return forms
}

// each puts every word in place of %; a call of which only its first arguments are wanted, before more, is
// written with a plus.
func each(text, words string) (forms []string) {
	for word := range strings.FieldsSeq(words) {
		for _, form := range list(text) {
			call, more := strings.CutSuffix(word, ")")
			if more && !strings.HasSuffix(call, "(") {
				call += ", "
			}
			forms = append(forms, strings.ReplaceAll(strings.ReplaceAll(form, "%+", call), "%", word))
		}
	}
	return forms
}

func repeat(form string, n int) (forms []string) {
	for range n {
		forms = append(forms, form)
	}
	return forms
}

func concat(lists ...[]string) (all []string) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
