package engine

import (
	"cmp"
	"slices"
	"strings"
)

// maxNamed is the most series, or sets of dimensions, that one message names.
const maxNamed = 100

// silence counts the series of a fetch that have become inactive, and how many were told of.
type silence struct{ gone, told int }

// introduce sends the information that belongs after the first slot (language.md 7.5). The
// resolution comes first: clients learn from the first message how many batches make a slot.
func (j *job) introduce(slot int64) error {
	j.started = true
	messages := []*Info{
		{Code: codeResolution, Contents: map[string]any{"resolutionMs": j.grid.step}},
		{Code: codeMaxDelay, Contents: map[string]any{"maxDelayMs": j.maxDelay, "deadlineType": "AUTOMATIC"}},
	}
	if !j.autoDelay {
		messages[1].Contents["deadlineType"] = "EXPLICIT"
	}
	if j.asked > 0 && j.native > j.asked {
		messages = append(messages, &Info{Code: codeNative, Series: j.coarse, Contents: map[string]any{
			"detectedResolutionMs": j.native, "originalResolutionMs": j.asked,
		}})
	}
	for _, f := range j.plan.fetches {
		found := &Info{Code: codeFetched}
		found.NumInput, found.Series = f.op.census()
		if found.NumInput == 0 {
			messages = append(messages, at(f, &Info{Code: codeNothingMatched, Level: levelWarning, Contents: map[string]any{"query": f.op.call()}}))
		} else {
			messages = append(messages, at(f, &Info{Code: codeDimensions, NumInput: found.NumInput, Contents: map[string]any{"dimensionCounts": f.op.dimensionSets()}}))
		}
		messages = append(messages, at(f, found))
	}
	for _, p := range j.plan.outputs {
		messages = append(messages, at(p, &Info{Code: codeOutputs, NumInput: p.op.size()}))
	}
	if err := j.tell(slot, messages...); err != nil {
		return err
	}
	return j.inform(slot)
}

// inform sends what has come up since the last slot.
func (j *job) inform(slot int64) error {
	for i, f := range j.plan.fetches {
		if err := j.informLimit(slot, i); err != nil {
			return err
		}
		if err := j.informSilence(slot, i); err != nil {
			return err
		}
		late := f.op.live.late
		f.op.live.late = 0
		if late > j.lag {
			j.lag = late
			if err := j.tell(slot, at(f, &Info{Code: codeLag, Contents: map[string]any{"lagMs": late}})); err != nil {
				return err
			}
		}
	}
	for _, a := range j.plan.groupings {
		names := a.op.missing
		if len(names) == 0 {
			continue
		}
		a.op.reported = append(a.op.reported, names...)
		a.op.missing = nil
		if err := j.tell(slot, at(a, &Info{Code: codeMissing, Level: levelWarning, Contents: map[string]any{"propertyNames": names}})); err != nil {
			return err
		}
	}
	return nil
}

// informLimit says once of each fetch that it has more series than the limit.
func (j *job) informLimit(slot int64, i int) error {
	f := j.plan.fetches[i]
	if j.limited[i] || f.op.matched <= f.op.limit && f.op.live.refused == 0 || f.op.limit == 0 {
		return nil
	}
	j.limited[i] = true
	matched := max(f.op.matched, f.op.limit+1)
	return j.tell(slot, at(f, &Info{
		Code: codeLimited, Level: levelWarning,
		Contents: map[string]any{"matchedSize": matched, "limitSize": f.op.limit},
	}))
}

// informSilence says how many series of a fetch have become inactive, again when that number has
// doubled.
func (j *job) informSilence(slot int64, i int) error {
	f, s := j.plan.fetches[i], &j.silent[i]
	s.gone += len(f.op.out.left)
	if s.gone == 0 || s.gone < 2*s.told {
		return nil
	}
	s.told = s.gone
	return j.tell(slot, at(f, &Info{Code: codeInactive, Level: levelWarning, NumInput: s.gone, Contents: map[string]any{
		"maxExtrapolations": max(-1, f.op.op.MaxExtrapolations), "numInactiveMembers": s.gone,
	}}))
}

// dimensionSets counts which names of dimensions the members have together, the most frequent
// first.
func (f *fetch) dimensionSets() []any {
	counts := make(map[string]int)
	var names []string
	f.out.live.each(func(i int) {
		names = names[:0]
		for _, l := range f.tracks[i].series.Dimensions {
			names = append(names, l.Name)
		}
		counts[strings.Join(names, "\x00")]++
	})
	type set struct {
		names string
		count int
	}
	sets := make([]set, 0, len(counts))
	for names, count := range counts {
		sets = append(sets, set{names, count})
	}
	slices.SortFunc(sets, func(a, b set) int { return cmp.Or(b.count-a.count, cmp.Compare(a.names, b.names)) })
	told := make([]any, 0, min(len(sets), maxNamed))
	for _, s := range sets[:min(len(sets), maxNamed)] {
		dimensions := []string{}
		if s.names != "" {
			dimensions = strings.Split(s.names, "\x00")
		}
		told = append(told, map[string]any{"count": s.count, "dimensions": dimensions})
	}
	return told
}

// at gives a message its place in the program.
func at[T any](where located[T], i *Info) *Info {
	i.Spans = append(i.Spans, where.span)
	i.Blocks = append(i.Blocks, where.node)
	return i
}

func (j *job) tell(slot int64, messages ...*Info) error {
	for _, i := range messages {
		i.Time = slot
		if i.Level == "" {
			i.Level = levelInfo
		}
		if err := j.sink.Info(i); err != nil {
			return err
		}
	}
	return nil
}
