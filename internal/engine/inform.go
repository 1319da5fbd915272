package engine

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
	for _, f := range j.plan.fetches {
		found := &Info{Code: codeFetched}
		found.NumInput, found.Series = f.op.census()
		if found.NumInput == 0 {
			messages = append(messages, at(f, &Info{Code: codeNothingMatched, Level: levelWarning, Contents: map[string]any{"query": f.op.call()}}))
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
