package cli

import (
	"context"
	"fmt"
	"net/http"
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
	has     func() []*series.Series  // the series that it has; nil when that is not known
	close   func()                   // ends what runs for it, and waits
}

// open opens the session of a target, and tells the range that the flags ask for.
func (a *app) open(ctx context.Context, t target, f *sourceFlags, notes *notices) (*session, timeRange, error) {
	if len(f.files) > 0 {
		return a.openRecorded(ctx, f, notes)
	}
	span, err := f.during(time.Now())
	if err != nil {
		return nil, span, err
	}
	if now := time.Now(); span.start.After(now) && (!f.demo || span.stop.IsZero()) {
		notes.warn(fmt.Sprintf("--start lies ahead; nothing comes before %s", span.start.UTC().Format(time.RFC3339)))
	}
	if t.local && !f.demo && !span.start.IsZero() && span.start.Before(time.Now()) {
		notes.warn("this machine's metrics are read from now on; nothing comes of the time before")
	}
	var s *session
	switch {
	case f.demo:
		s, err = openDemo(f, span, notes)
	case t.local:
		s, err = a.openLocal(ctx)
	default:
		s = a.openCloud(t)
	}
	return s, span, err
}

func (a *app) openCloud(t target) *session {
	options := t.options()
	if a.dial != nil {
		options = append(options, signalflow.Dialer(a.dial))
	}
	return &session{options: options, close: func() {}}
}

// localPoints bounds the store of a local session to some 40 MB: half a day of the metrics
// of an ordinary machine.
const localPoints = 2_000_000

// openLocal starts an engine on metrics of this machine, behind the same protocol as the cloud
// but over connections in memory. The context bounds only the start.
func (a *app) openLocal(ctx context.Context) (*session, error) {
	store, feed, err := a.collect(ctx)
	if err != nil {
		return nil, err
	}
	return serve(server.Options{Source: store}, feed), nil
}

// collect returns a store of this machine's metrics with what fills it from now on.
func (a *app) collect(ctx context.Context) (*memstore.Store, func(context.Context), error) {
	store := memstore.New(memstore.Options{MaxPoints: localPoints})
	collector := hostmetrics.New(hostmetrics.Options{Store: store, Reader: a.machine, Host: a.host})
	if err := collector.Prime(ctx); err != nil {
		return nil, nil, err
	}
	return store, collector.Run, nil
}

// patience is how long the engine waits for an output that does not take what it has. Who
// reads a whole recording may take long over a part of it.
const patience = time.Hour

// serve starts an engine on a source, behind the protocol, over connections in memory, and
// what feeds the source.
func serve(o server.Options, feed func(context.Context)) *session {
	listener := memnet.Listen("engine")
	streams := wire.NewServer(server.New(o), wire.Options{SlowConsumerAfter: patience})
	web := &http.Server{Handler: streams, ReadHeaderTimeout: 10 * time.Second}
	running, cancel := context.WithCancel(context.Background())
	var owned sync.WaitGroup
	owned.Go(func() { feed(running) })
	owned.Go(func() { web.Serve(listener) })
	return &session{
		options: []signalflow.ClientParam{
			signalflow.StreamURL("ws://engine" + streamPath),
			signalflow.AccessToken("local"), // the engine lets everybody in who is in this process
			signalflow.Dialer(listener.DialContext),
			signalflow.Proxy(nil),
		},
		has: func() []*series.Series { return allSeries(o.Source) },
		close: func() { // jobs first, then the connections, then their data
			streams.Close()
			web.Close()
			cancel()
			owned.Wait()
		},
	}
}

// allSeries returns the series of a source of data.
func allSeries(source interface {
	Select(context.Context, series.Query) (series.Selection, error)
}) []*series.Series {
	selection, err := source.Select(context.Background(), series.Query{Kind: series.AnyKind, Metric: "*"})
	if err != nil {
		return nil
	}
	return selection.Series
}
