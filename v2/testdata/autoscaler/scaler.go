package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/signalfx/signalflow-client-go/v2/signalflow"
)

// A scaler reduces what a program says within a window to one number.
type scaler struct {
	client *signalflow.Client
	query  string
	window time.Duration
	reduce string // min, max or avg
}

var errNoPoints = errors.New("query returned no data points")

func (s *scaler) metric(ctx context.Context) (float64, error) {
	comp, err := s.client.Execute(ctx, &signalflow.ExecuteRequest{
		Program:    s.query,
		Resolution: 10 * time.Millisecond,
	})
	if err != nil {
		return 0, fmt.Errorf("execute: %w", err)
	}
	stop := time.AfterFunc(s.window, func() {
		if err := comp.Stop(ctx); err != nil {
			fmt.Println("stop:", err)
		}
	})
	defer stop.Stop()

	var lowest, highest, sum float64
	count := 0
	for msg := range comp.Data() {
		for _, payload := range msg.Payloads {
			value, ok := payload.Value().(float64)
			if !ok {
				return 0, fmt.Errorf("series %v: %v is not a float64", payload.TSID, payload.Value())
			}
			if count == 0 {
				lowest, highest = value, value
			}
			lowest, highest = min(lowest, value), max(highest, value)
			sum += value
			count++
		}
	}
	switch err := comp.Err(); {
	case err != nil:
		return 0, err
	case count == 0:
		return 0, errNoPoints
	}
	switch s.reduce {
	case "min":
		return lowest, nil
	case "max":
		return highest, nil
	case "avg":
		return sum / float64(count), nil
	}
	return 0, fmt.Errorf("unknown reduction %q", s.reduce)
}
