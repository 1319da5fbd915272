package v2_test

import (
	"context"
	"errors"
	"time"

	"github.com/signalfx/signalflow-client-go/v2/signalflow"
)

// The code of docs/migrating.md as programs for the published client have it.

func averageBefore(ctx context.Context, client *signalflow.Client, program string, window time.Duration) (float64, error) {
	comp, err := client.Execute(ctx, &signalflow.ExecuteRequest{Program: program})
	if err != nil {
		return 0, err
	}
	go func() {
		for range comp.Info() { // kept for ever if nobody reads them; Events and Expirations, too
		}
	}()
	time.AfterFunc(window, func() { comp.Stop(context.Background()) })
	sum, n := 0.0, 0
	for msg := range comp.Data() {
		for _, p := range msg.Payloads {
			if v, ok := p.Value().(float64); ok {
				sum += v
				n++
			}
		}
	}
	if n == 0 {
		return 0, errNoData // or no rights, or no connection
	}
	return sum / float64(n), nil
}

var errNoData = errors.New("no data")
