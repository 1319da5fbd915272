package e2e

import (
	"context"
	"fmt"
	"sync"
	"time"

	peersf "github.com/signalfx/signalflow-client-go/v2/signalflow"
	peer "github.com/signalfx/signalflow-client-go/v2/signalflow/messages"

	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// The two clients below are the same program, once for each import path: start the
// computations, read Data() of each in a goroutine, leave the other channels alone.

// startTimeout bounds the start of a client of the benchmarks.
const startTimeout = 10 * time.Second

// openOurs starts n computations. ended, which is to be called when all the data was read,
// tells how they ended.
func openOurs(url string, n int, options ...signalflow.ClientParam) (data []<-chan *messages.DataMessage, ended func() error, err error) {
	client, err := signalflow.NewClient(append(options, signalflow.StreamURL(url), signalflow.AccessToken("T"))...)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	var comps []*signalflow.Computation
	for range n {
		comp, err := client.Execute(ctx, &signalflow.ExecuteRequest{Program: "data('m').publish()"})
		if err != nil {
			return nil, nil, err
		}
		comps = append(comps, comp)
		data = append(data, comp.Data())
	}
	ended = func() error {
		defer client.Close()
		for _, comp := range comps {
			if err := comp.Err(); err != nil {
				return fmt.Errorf("%s: %w", comp.Channel(), err)
			}
		}
		return nil
	}
	return data, ended, nil
}

func openPeer(url string, n int, options ...peersf.ClientParam) (data []<-chan *peer.DataMessage, ended func() error, err error) {
	client, err := peersf.NewClient(append(options, peersf.StreamURL(url), peersf.AccessToken("T"))...)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	var comps []*peersf.Computation
	for range n {
		comp, err := client.Execute(ctx, &peersf.ExecuteRequest{Program: "data('m').publish()"})
		if err != nil {
			return nil, nil, err
		}
		comps = append(comps, comp)
		data = append(data, comp.Data())
	}
	ended = func() error {
		defer client.Close()
		for _, comp := range comps {
			if err := comp.Err(); err != nil {
				return err
			}
		}
		return nil
	}
	return data, ended, nil
}

// total is what a reader makes of its messages, to have done something with each point.
type total struct {
	Messages, Points int
	Sum              float64
}

func sumOurs(data <-chan *messages.DataMessage) (t total) {
	for m := range data {
		t.Messages++
		t.Points += len(m.Payloads)
		for i := range m.Payloads {
			switch v := m.Payloads[i].Value().(type) {
			case int64:
				t.Sum += float64(v)
			case float64:
				t.Sum += v
			case int32:
				t.Sum += float64(v)
			}
		}
	}
	return t
}

func sumPeer(data <-chan *peer.DataMessage) (t total) {
	for m := range data {
		t.Messages++
		t.Points += len(m.Payloads)
		for i := range m.Payloads {
			switch v := m.Payloads[i].Value().(type) {
			case int64:
				t.Sum += float64(v)
			case float64:
				t.Sum += v
			case int32:
				t.Sum += float64(v)
			}
		}
	}
	return t
}

// delaysOurs reads messages that carry their time of sending and returns how long each took,
// taking its time with each.
func delaysOurs(data <-chan *messages.DataMessage, pause time.Duration) (delays []time.Duration) {
	for m := range data {
		delays = append(delays, time.Since(time.Unix(0, m.Payloads[0].Value().(int64))))
		time.Sleep(pause)
	}
	return delays
}

func delaysPeer(data <-chan *peer.DataMessage, pause time.Duration) (delays []time.Duration) {
	for m := range data {
		delays = append(delays, time.Since(time.Unix(0, m.Payloads[0].Value().(int64))))
		time.Sleep(pause)
	}
	return delays
}

// each reads every channel in a goroutine of its own and returns what the readers returned.
func each[M, R any](data []<-chan M, read func(i int, data <-chan M) R) []R {
	results := make([]R, len(data))
	var readers sync.WaitGroup
	for i := range data {
		readers.Go(func() { results[i] = read(i, data[i]) })
	}
	readers.Wait()
	return results
}
