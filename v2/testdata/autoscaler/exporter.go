package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/v2/signalflow"
	"github.com/signalfx/signalflow-client-go/v2/signalflow/messages"
)

// An exporter keeps the latest value of each series of a program, and starts the program
// again when it ends.
type exporter struct {
	client *signalflow.Client
	query  string
	wait   time.Duration // before the program is started again

	mu     sync.Mutex
	gauges map[idtool.ID]gauge
}

type gauge struct {
	name   string
	labels map[string]string
	value  interface{}
}

// loop runs until the context ends.
func (e *exporter) loop(ctx context.Context) {
	for ctx.Err() == nil {
		if err := e.stream(ctx); err != nil {
			log.Println("stream ended:", err)
		}
		select {
		case <-time.After(e.wait):
		case <-ctx.Done():
		}
	}
}

func (e *exporter) stream(ctx context.Context) error {
	comp, err := e.client.Execute(ctx, &signalflow.ExecuteRequest{Program: e.query, ResolutionMs: 10})
	if err != nil {
		return err
	}
	defer comp.Detach(context.Background())
	for {
		select {
		case <-ctx.Done():
			return nil
		case msg, ok := <-comp.Data():
			if !ok {
				return comp.Err()
			}
			for _, payload := range msg.Payloads {
				if err := e.set(ctx, comp, payload); err != nil {
					return err
				}
			}
		case gone, ok := <-comp.Expirations():
			if ok {
				e.expire(gone)
			}
		}
	}
}

func (e *exporter) set(ctx context.Context, comp *signalflow.Computation, payload messages.DataPayload) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	meta, err := comp.TSIDMetadata(ctx, payload.TSID)
	if err == signalflow.ErrMetadataTimeout {
		return nil
	}
	if err != nil {
		return err
	}
	name := meta.OriginatingMetric
	if name == "" {
		name = meta.Metric
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gauges == nil {
		e.gauges = map[idtool.ID]gauge{}
	}
	e.gauges[payload.TSID] = gauge{strings.ReplaceAll(name, ".", "_"), meta.CustomProperties, payload.Value()}
	return nil
}

func (e *exporter) expire(msg *messages.ExpiredTSIDMessage) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.gauges, idtool.IDFromString(msg.TSID))
}

// write prints the gauges, one a line, sorted.
func (e *exporter) write(w io.Writer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var lines []string
	for _, g := range e.gauges {
		var labels []string
		for key, value := range g.labels {
			labels = append(labels, fmt.Sprintf("%s=%q", key, value))
		}
		sort.Strings(labels)
		lines = append(lines, fmt.Sprintf("%s{%s} %v\n", g.name, strings.Join(labels, ","), g.value))
	}
	sort.Strings(lines)
	for _, line := range lines {
		io.WriteString(w, line)
	}
}
