package eval

import (
	"math"
	"strconv"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/graph"
)

// numberFrom makes a want that takes the numbers of a range, which the text describes.
func numberFrom(low, high float64, lowInclusive bool, text string) *want {
	return &want{name: "number", take: func(v value) (value, string) {
		n, ok := number(v)
		switch {
		case !ok:
			return nil, ""
		case n < low || n > high || n == low && !lowInclusive:
			return nil, strconv.FormatFloat(n, 'g', -1, 64) + " is not " + text
		}
		return v, ""
	}}
}

// integerFrom makes a want that takes the integers from a lowest one on.
func integerFrom(low integer, text string) *want {
	return &want{name: "integer", take: func(v value) (value, string) {
		n, problem := wantInteger.take(v)
		if i, ok := n.(integer); ok && (i < low || i > math.MaxInt32) {
			return nil, strconv.FormatInt(int64(i), 10) + " is not " + text
		}
		return n, problem
	}}
}

var (
	wantNumber        = numberFrom(math.Inf(-1), math.Inf(1), true, "")
	wantPercent       = numberFrom(0, 100, true, "between 0 and 100")
	wantPercentAbove0 = numberFrom(0, 100, false, "above 0 and at most 100")
	wantShare         = numberFrom(0, 1, true, "between 0 and 1")
	wantPositive      = integerFrom(1, "a positive number")
	wantNotNegative   = integerFrom(0, "0 or more")

	// wantAtLeast takes a share; a percentage is what people write by mistake.
	wantAtLeast = &want{name: "number", take: func(v value) (value, string) {
		got, problem := wantShare.take(v)
		if n, ok := number(v); ok && n > 1 && n <= 100 {
			problem += ": of " + strconv.FormatFloat(n, 'g', -1, 64) + " % the share is " + strconv.FormatFloat(n/100, 'g', -1, 64)
		}
		return got, problem
	}}

	// wantPosition takes the place of a node in a path.
	wantPosition = integerFrom(0, "0 or more")

	// wantOffset takes a duration that is not negative.
	wantOffset = &want{name: "duration", take: func(v value) (value, string) {
		d, problem := wantDuration.take(v)
		if d, ok := d.(duration); ok && d < 0 {
			return nil, graph.Duration(time.Duration(d)) + " is negative"
		}
		return d, problem
	}}

	// wantLasting takes a duration, or a duration with a share: lasting().
	wantLasting = &want{name: "duration or lasting", take: func(v value) (value, string) {
		if l, ok := v.(lasting); ok {
			return l, ""
		}
		return wantOffset.take(v)
	}}

	// wantCycleStart takes a place in a cycle; which there are depends on the cycle.
	wantCycleStart = &want{name: "string or integer", take: func(v value) (value, string) {
		if t, ok := v.(text); ok {
			return t, ""
		}
		return wantInteger.take(v)
	}}

	// wantZone takes the name of a time zone.
	wantZone = &want{name: "string", take: func(v value) (value, string) {
		t, ok := v.(text)
		switch {
		case !ok:
			return nil, ""
		case !knownZone(string(t)):
			return nil, "unknown time zone '" + string(t) + "'"
		}
		return t, ""
	}}

	// wantConstant takes what may stand in a stream of numbers or of booleans.
	wantConstant = &want{name: "number", take: func(v value) (value, string) {
		switch v.(type) {
		case boolean, integer, float:
			return v, ""
		}
		return nil, ""
	}}
)
