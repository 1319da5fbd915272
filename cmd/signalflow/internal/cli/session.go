package cli

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/hostmetrics"
	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/server"
	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
	"github.com/signalfx/signalflow-client-go/internal/series"
	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow"
)

// session is a service that programs can be sent to.
type session struct {
	options []signalflow.ClientParam // how a client reaches it
	metrics func() []string          // the metrics that it has; nil when that is not known
	close   func()                   // ends what runs for it, and waits
}

func (a *app) open(ctx context.Context, t target) (*session, error) {
	if t.local {
		return a.openLocal(ctx)
	}
	options := t.options()
	if a.dial != nil {
		options = append(options, signalflow.Dialer(a.dial))
	}
	return &session{options: options, close: func() {}}, nil
}

// localPoints bounds the store of a local session to some 40 MB: half a day of the metrics
// of an ordinary machine.
const localPoints = 2_000_000

// openLocal starts an engine on metrics of this machine, behind the same protocol as the
// cloud but over connections in memory. The context bounds only the start.
func (a *app) openLocal(ctx context.Context) (*session, error) {
	store := memstore.New(memstore.Options{MaxPoints: localPoints})
	collector := hostmetrics.New(hostmetrics.Options{Store: store, Reader: a.machine, Host: a.host})
	if err := collector.Prime(ctx); err != nil {
		return nil, err
	}
	listener := memnet.Listen("engine")
	streams := wire.NewServer(server.New(server.Options{Source: store}), wire.Options{})
	web := &http.Server{Handler: streams, ReadHeaderTimeout: 10 * time.Second}
	running, cancel := context.WithCancel(context.Background())
	var owned sync.WaitGroup
	owned.Go(func() { collector.Run(running) })
	owned.Go(func() { web.Serve(listener) })
	return &session{
		options: []signalflow.ClientParam{
			signalflow.StreamURL("ws://engine" + streamPath),
			signalflow.AccessToken("local"), // the engine lets everybody in who is in this process
			signalflow.Dialer(listener.DialContext),
			signalflow.Proxy(nil),
		},
		metrics: func() []string { return metricNames(store) },
		close: func() { // jobs first, then the connections, then their data
			streams.Close()
			web.Close()
			cancel()
			owned.Wait()
		},
	}, nil
}

// metricNames returns the metrics of a store in order.
func metricNames(store *memstore.Store) []string {
	selection, err := store.Select(context.Background(), series.Query{Metric: "*"})
	if err != nil {
		return nil
	}
	names := make([]string, len(selection.Series))
	for i, s := range selection.Series {
		names[i] = s.Metric
	}
	slices.Sort(names)
	return slices.Compact(names)
}
