package graph

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// The describe methods of this file are about operators over many series or slots, and about
// what leaves the program.

// ---- reductions ----

// reduction returns a reduction as the name of what comes out.
func reduction(r Reduce, arg float64) string {
	switch r {
	case Min:
		return "smallest value"
	case Max:
		return "largest value"
	case Count:
		return "number of values"
	case Size:
		return "number of series, with a value or without,"
	case Percentile:
		return "percentile " + number(arg)
	case MeanPlusStddev:
		return "mean plus " + number(arg) + " standard deviations"
	case CDF:
		return "share of observations up to " + number(arg)
	case Stddev:
		return "standard deviation"
	case SampleStddev:
		return "sample standard deviation"
	case SampleVariance:
		return "sample variance"
	}
	return string(r)
}

// percent writes a share without the noise of binary fractions.
func percent(share float64) string { return strconv.FormatFloat(100*share, 'g', 12, 64) + " %" }

// groups says over what an aggregation goes.
func groups(in string, by, allowMissing []string) string {
	if len(by) == 0 {
		return "all series of " + in + " in each slot: one series comes out."
	}
	same := make([]string, len(by))
	for i, name := range by {
		same[i] = plain(name)
	}
	text := "the series of " + in + " with the same " + conjunction(same) + " in each slot."
	switch {
	case len(allowMissing) == 0:
		text += " Series that lack one of these are left out."
		if len(by) == 1 {
			text = strings.Replace(text, "lack one of these", "lack it", 1)
		}
	case len(allowMissing) < len(by):
		text += " Series that lack another than " + strings.Join(allowMissing, ", ") + " are left out."
	default:
		text += " Series that lack one are groups of their own."
	}
	return text
}

func conjunction(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

func (a *Aggregate) describe(in string) string {
	return "The " + reduction(a.Func, a.Arg) + " over " + groups(in, a.By, a.AllowMissing)
}

func (w *Window) describe(in string) string {
	what := reduction(w.Func, w.Arg)
	if w.Func == Size {
		what = "number of slots, with a value or without,"
	}
	return "The " + what + " of each series of " + in + " over the last " + Duration(w.Over) + "; missing values are left out."
}

func (c *Calendar) describe(in string) string {
	zone := c.Timezone
	if zone == "" {
		zone = "the time zone of the job"
	}
	when := "a value at the end of each " + string(c.Cycle)
	switch {
	case c.Partial:
		when = "in each slot what the " + string(c.Cycle) + " has brought so far"
	case c.Shift == 1:
		when += ", of the one before it"
	case c.Shift > 1:
		when += fmt.Sprintf(", of the one %d before it", c.Shift)
	}
	return fmt.Sprintf("The %s of each series of %s over each %s in %s: %s.", reduction(c.Func, 0), in, string(c.Cycle)+c.begins(), zone, when)
}

// begins says where a cycle does not begin as calendars have it.
func (c *Calendar) begins() string {
	if c.Start == 0 {
		return ""
	}
	switch c.Cycle {
	case Day:
		return fmt.Sprintf(" from %02d:00", c.Start)
	case Week:
		return " from " + time.Weekday((c.Start+1)%7).String()
	case Month:
		return fmt.Sprintf(" from day %d", c.Start+1)
	case Quarter:
		return fmt.Sprintf(" from month %d of it", c.Start+1)
	}
	return ""
}

func (h *HistogramReduce) describe(in string) string {
	what := reduction(h.Func, h.Arg)
	if h.Func == Count {
		what = "number of observations"
	}
	window := ""
	if h.Over != 0 {
		window = "over the last " + Duration(h.Over) + ", "
		if h.By == nil {
			return "The " + what + " " + window + "of each histogram of " + in + "."
		}
	}
	return "The " + what + " " + window + "of one histogram made of " + groups(in, h.By, h.AllowMissing)
}

func (p *BucketPercentile) describe(in string) string {
	return fmt.Sprintf("The percentile %s, estimated from counts of values up to a bound: the series of %s that differ only in %s, which is the bound.",
		number(p.Percent), in, plain(p.Bucket))
}

func (s *Select) describe(in string) string {
	what := fmt.Sprintf("%d series", s.Count)
	if s.Count == 0 {
		what = percent(s.Share) + " of the series"
	}
	which := map[SelectFunc]string{Top: "with the highest values", Bottom: "with the lowest values", Random: "chosen by chance"}[s.Func]
	group := ""
	if len(s.By) > 0 {
		group = " for each " + conjunction(s.By)
	}
	return fmt.Sprintf("The %s of %s %s%s in each slot; the others have no value there.", what, in, which, group)
}

func (c *EventCount) describe(in string) string {
	if len(c.By) == 0 {
		return "The number of events of " + in + " in each slot, 0 included."
	}
	return "The number of events of " + in + " in each slot for each " + conjunction(c.By) + ", 0 included."
}

// ---- history ----

func (d *Delta) describe(in string) string {
	if d.PerSecond {
		return "The change of each series of " + in + " since the slot before, per second; missing if one of them is."
	}
	return "The change of each series of " + in + " since the slot before; missing if one of them is."
}

func (e *EWMA) describe(in string) string {
	weight := "the newest value has the weight " + number(e.Alpha)
	if e.Over != 0 {
		weight = "the weights are those of " + Duration(e.Over)
	}
	return "The moving average of each series of " + in + ", in which older values weigh less and less: " + weight + "."
}

func (d *DoubleEWMA) describe(in string) string {
	weight := "the weights are " + number(d.Alpha) + " and " + number(d.Beta)
	if d.Over != 0 {
		weight = "the weights are those of " + Duration(d.Over) + " and " + Duration(d.TrendOver)
	}
	ahead := ""
	if d.Forecast != 0 {
		ahead = ", carried on for " + Duration(d.Forecast) + " into the future"
	}
	return "The moving average of each series of " + in + " with its trend" + ahead + ": " + weight + "."
}

func (k *KPSS) describe(in string) string {
	around := "level"
	if k.Trend {
		around = "trend"
	}
	return "How far each series of " + in + " is from being stationary around a " + around + ", over the last " + Duration(k.Over) + " (KPSS)."
}

func (t *Timeshift) describe(in string) string {
	return in + " as it was " + Duration(t.Offset) + " before; what it reads is asked for once more, at that time."
}

// ---- metadata and output ----

func (p *Promote) describe(in string) string {
	text := "The series of " + in + ", with " + conjunction(p.Names) + " among their dimensions; "
	if p.AllowMissing {
		return text + "what a series lacks is passed over."
	}
	return text + "those that lack one are left out."
}

func (d *Dimensions) describe(in string) string {
	var changes []string
	for _, l := range d.Aliases {
		changes = append(changes, plain(l.Name)+" is a copy of "+plain(l.Value))
	}
	for _, l := range d.Renames {
		changes = append(changes, plain(l.Name)+" is the new name of "+plain(l.Value))
	}
	rest := "series that lack what is copied or renamed are left out"
	if d.AllowMissing {
		rest = "what a series lacks is passed over"
	}
	return "The series of " + in + " with other dimensions: " + strings.Join(changes, ", ") + "; " + rest + "."
}

func (p *Publish) describe(in string) string {
	label := "without a label"
	if p.Label != "" {
		label = "as " + series.Quote(p.Label)
	}
	if !p.Enabled {
		return "Declares " + in + " as an output " + label + ", which is hidden: nothing is sent."
	}
	return "Sends " + in + " out of the program " + label + "."
}

func (w *When) describe(in string) string {
	if w.AtLeast == 1 {
		return "True where " + in + " has been true in every slot of the last " + Duration(w.Lasting) + "; a missing slot is not true."
	}
	return fmt.Sprintf("True where %s has been true in at least %s of the slots of the last %s, missing ones counted.", in, percent(w.AtLeast), Duration(w.Lasting))
}

func (d *Detect) describe(in []string) string {
	var text string
	switch {
	case !d.Off:
		text = "An alert for each series of " + in[0] + ": raised where it is true, cleared where it is false."
	case d.Split:
		text = fmt.Sprintf("An alert for each series of %s: raised where it is true; from then on only %s counts, and clears it where it is true.", in[0], in[1])
	default:
		text = fmt.Sprintf("An alert for each series of %s: raised where it is true and %s is not, cleared where %s is true and it is not.", in[0], in[1], in[1])
	}
	if d.AutoResolveAfter != 0 {
		text += " It ends by itself when the condition has told nothing for " + Duration(d.AutoResolveAfter) + "."
	}
	return text
}
