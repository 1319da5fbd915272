// This program uses every documented name of the client. It is compiled against the
// published client and ours, and never run.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client, err := connect()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if err := watch(ctx, client); err != nil {
		log.Print(err)
	}
	fake(ctx)
	requests()
}

func connect() (*signalflow.Client, error) {
	var report signalflow.OnErrorFunc = func(err error) { log.Print(err) }
	options := []signalflow.ClientParam{
		signalflow.AccessToken(os.Getenv("SFX_TOKEN")),
		signalflow.OnError(report),
		signalflow.OnError(func(err error) { log.Print(err) }),
		signalflow.ReadTimeout(time.Minute),
		signalflow.WriteTimeout(5 * time.Second),
		signalflow.StreamURL("wss://stream.us1.signalfx.com/v2/signalflow"),
		signalflow.StreamURLForRealm("us1"),
		signalflow.UserAgent("documented/1.0"),
		func(c *signalflow.Client) error { return nil },
	}
	return signalflow.NewClient(options...)
}

// watch runs one computation and reads everything that it says.
func watch(ctx context.Context, client *signalflow.Client) error {
	comp, err := client.Execute(ctx, &signalflow.ExecuteRequest{
		Program:    "data('demo.requests').sum(by=['az']).publish('A')",
		Channel:    "ch-1",
		Start:      time.Now().Add(-time.Hour),
		Stop:       time.Now(),
		Resolution: time.Second,
		MaxDelay:   2 * time.Second,
		Immediate:  true,
		Timezone:   "Europe/Oslo",
	})
	if err != nil {
		return err
	}
	var readers sync.WaitGroup
	for _, read := range []func(context.Context, *signalflow.Computation){data, events, info, expirations} {
		readers.Add(1)
		go func() {
			defer readers.Done()
			read(ctx, comp)
		}()
	}
	if err := facts(ctx, comp); errors.Is(err, signalflow.ErrMetadataTimeout) {
		log.Print(err)
	}
	handle, err := comp.Handle(ctx)
	if err != nil {
		return err
	}
	_ = comp.Stop(ctx)
	_ = comp.StopWithReason(ctx, "done")
	_ = comp.Detach(ctx)
	_ = comp.DetachWithReason(ctx, "done")
	_ = client.Stop(ctx, &signalflow.StopRequest{Handle: handle, Reason: "done"})
	_ = client.Detach(ctx, &signalflow.DetachRequest{Channel: "ch-1", Reason: "done"})
	readers.Wait()

	var failed *signalflow.ComputationError
	if errors.As(comp.Err(), &failed) {
		fmt.Println(failed.Code, failed.ErrorType, failed.Message, failed.Error())
	}
	client.Lock()
	client.Unlock()
	comp.Mutex.Lock()
	comp.Mutex.Unlock()
	return comp.Err()
}

func data(ctx context.Context, comp *signalflow.Computation) {
	var stream <-chan *messages.DataMessage = comp.Data()
	for m := range stream {
		fmt.Println(m.Type(), m.Channel(), m.Timestamp(), m.TimestampMillis, m.String())
		for _, p := range m.Payloads {
			show(p)
			var properties *messages.MetadataProperties
			properties, err := comp.TSIDMetadata(ctx, p.TSID)
			if err == nil {
				showProperties(properties)
			}
		}
	}
}

func show(p messages.DataPayload) {
	switch v := p.Value().(type) {
	case int64, float64, int32, nil:
		fmt.Println(p.TSID, p.Type, v)
	}
	var raw [8]byte = p.Val
	switch p.Type {
	case messages.ValTypeLong:
		fmt.Println(p.Int64(), raw)
	case messages.ValTypeDouble:
		fmt.Println(p.Float64(), raw)
	case messages.ValTypeInt:
		fmt.Println(p.Int32(), raw)
	}
	var kind messages.ValType = messages.DataPayload{Type: messages.ValTypeLong, TSID: idtool.ID(1), Val: raw}.Type
	fmt.Println(kind.String())
}

func showProperties(p *messages.MetadataProperties) {
	fmt.Println(p.Metric, p.OriginatingMetric, p.ResolutionMS, p.CreatedOnMS)
	var internal map[string]interface{} = p.InternalProperties
	var custom map[string]string = p.CustomProperties
	fmt.Println(internal["sf_streamLabel"], custom["az"])
	text, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(text, p)
	}
	if err == nil {
		_, err = p.MarshalJSON()
	}
	if err == nil {
		err = p.UnmarshalJSON(text)
	}
	log.Print(err)
}

func events(_ context.Context, comp *signalflow.Computation) {
	var stream <-chan *messages.EventMessage = comp.Events()
	for m := range stream {
		fmt.Println(m.Type(), m.Channel(), m.RawData()["properties"], m.String())
	}
}

func expirations(_ context.Context, comp *signalflow.Computation) {
	var stream <-chan *messages.ExpiredTSIDMessage = comp.Expirations()
	for m := range stream {
		fmt.Println(m.Channel(), m.TSID, idtool.IDFromString(m.TSID))
	}
}

func info(_ context.Context, comp *signalflow.Computation) {
	var stream <-chan *messages.InfoMessage = comp.Info()
	for m := range stream {
		var logical time.Time = m.LogicalTimestamp()
		fmt.Println(logical, m.LogicalTimestampMillis, m.Timestamp(), m.Code, m.Level, m.NumInputTimeseries)
		showContents(m.MessageBlock)
		_ = m.UnmarshalJSON([]byte("{}"))
	}
}

func showContents(block messages.MessageBlock) {
	switch c := block.Contents.(type) {
	case messages.JobRunningResolutionContents:
		fmt.Println(messages.JobRunningResolution, c.ResolutionMS(), c["resolutionMs"])
	case messages.JobDetectedLagContents:
		fmt.Println(messages.JobDetectedLag, c.LagMS())
	case messages.JobInitialMaxDelayContents:
		fmt.Println(messages.JobInitialMaxDelay, c.MaxDelayMS())
	case messages.FindLimitedResultSetContents:
		fmt.Println(messages.FindLimitedResultSet, c.MatchedSize(), c.LimitSize())
	case messages.FindMatchedNoTimeseriesContents:
		fmt.Println(messages.FindMatchedNoTimeseries, c.MatchedNoTimeseriesQuery())
	case messages.GroupByMissingPropertyContents:
		fmt.Println(messages.GroupByMissingProperty, c.GroupByMissingProperties())
	case map[string]interface{}:
		fmt.Println(c, block.ContentsRaw)
	}
}

func facts(ctx context.Context, comp *signalflow.Computation) error {
	var resolution, lag, maxDelay time.Duration
	resolution, err := comp.Resolution(ctx)
	if err != nil {
		return err
	}
	if lag, err = comp.Lag(ctx); err != nil {
		return err
	}
	if maxDelay, err = comp.MaxDelay(ctx); err != nil {
		return err
	}
	var matched, limit int
	if matched, err = comp.MatchedSize(ctx); err != nil {
		return err
	}
	if limit, err = comp.LimitSize(ctx); err != nil {
		return err
	}
	var query string
	if query, err = comp.MatchedNoTimeseriesQuery(ctx); err != nil {
		return err
	}
	var missing []string
	if missing, err = comp.GroupByMissingProperties(ctx); err != nil {
		return err
	}
	fmt.Println(resolution, lag, maxDelay, matched, limit, query, missing)
	return nil
}

// requests encodes every request.
func requests() {
	execute := signalflow.ExecuteRequest{
		Type: signalflow.ExecuteType("execute"), Program: "data('x').publish()", Channel: "ch-1",
		StartMs: 1, StopMs: 2, ResolutionMs: 1000, MaxDelayMs: 2000, Immediate: true, Timezone: "UTC",
	}
	_, _ = execute.MarshalJSON()
	_, _ = execute.Type.MarshalJSON()
	for _, request := range []interface{}{
		&execute,
		execute,
		&signalflow.AuthRequest{Type: signalflow.AuthType(""), Token: "T", UserAgent: "documented/1.0"},
		&signalflow.DetachRequest{Type: signalflow.DetachType(""), Channel: "ch-1", Reason: "done"},
		&signalflow.StopRequest{Type: signalflow.StopType(""), Handle: "h", Reason: "done"},
	} {
		text, err := json.Marshal(request)
		fmt.Println(string(text), err)
	}
}

// fake is a program's own test against the fake server.
func fake(ctx context.Context) {
	var backend *signalflow.FakeBackend = signalflow.NewRunningFakeBackend()
	var logger *log.Logger = log.Default()
	backend.SetLogger(logger)
	defer backend.Stop()
	backend.Stop()
	backend.Restart()
	backend.Stop()
	backend.Start()
	backend.AccessToken = "efgh"
	backend.AddProgramError("bad", "no such metric")
	backend.AddProgramTSIDs("good", []idtool.ID{1, 2})
	backend.AddTSIDMetadata(1, &messages.MetadataProperties{
		Metric:             "demo.requests",
		OriginatingMetric:  "demo.requests",
		ResolutionMS:       1000,
		CreatedOnMS:        1,
		InternalProperties: map[string]interface{}{"sf_type": "MetricTimeSeries"},
		CustomProperties:   map[string]string{"az": "a1"},
	})
	backend.SetTSIDFloatData(1, 4.5)
	backend.RemoveTSIDData(2)
	backend.KillExistingConnections()
	fmt.Println(backend.URL(), backend.RunningJobsForProgram("good"))
	var handler http.Handler = backend
	handler.ServeHTTP(nil, nil)
	var serve func(http.ResponseWriter, *http.Request) = backend.ServeHTTP
	_ = serve
	backend.Lock()
	backend.Unlock()
	client, err := backend.Client()
	if err == nil {
		_ = watch(ctx, client)
	}
}

// parse reads messages without a client.
func parse(frame []byte, isText bool) error {
	var m messages.Message
	m, err := messages.ParseMessage(frame, isText)
	if err != nil {
		return err
	}
	if m, ok := m.(messages.ChannelMessage); ok {
		fmt.Println(m.Channel())
	}
	if m, ok := m.(messages.JSONMessage); ok {
		fmt.Println(m.JSONBase().RawData(), m.RawData()["event"], m.Base().Typ)
	}
	switch m := m.(type) {
	case *messages.AuthenticatedMessage:
		fmt.Println(m.OrgID, m.UserID)
	case *messages.JobStartControlMessage:
		fmt.Println(m.Handle, m.Event, m.Chan, m.Timestamp())
	case *messages.EndOfChannelControlMessage:
		fmt.Println(m.Event, m.BaseControlMessage.Channel())
	case *messages.ChannelAbortControlMessage:
		fmt.Println(m.Event, m.BaseControlMessage.TimestampedMessage.TimestampMillis)
	case *messages.BaseControlMessage:
		fmt.Println(m.Event, m.BaseJSONChannelMessage.String())
	case *messages.MetadataMessage:
		fmt.Println(m.TSID, m.Properties.Metric)
	case *messages.ErrorMessage:
		var where messages.ErrorContext = m.Context
		fmt.Println(m.Error, m.ErrorType, m.Message, where.BindingName, where.Column, where.Line,
			where.ProgramText, where.Reference, where.Traceback)
	case *messages.DataMessage:
		fmt.Println(m.BaseMessage.Type(), m.BaseChannelMessage.Channel(), m.Base().String())
	case *messages.BaseJSONMessage:
		fmt.Println(m.BaseMessage.Base(), m.String())
	}
	switch m.Type() {
	case messages.AuthenticatedType, messages.ControlMessageType, messages.ErrorType, messages.MetadataType,
		messages.MessageType, messages.DataType, messages.EventType, messages.WebsocketErrorType, messages.ExpiredTSIDType:
	}
	switch fmt.Sprint(m) {
	case messages.StreamStartEvent, messages.JobStartEvent, messages.JobProgressEvent,
		messages.ChannelAbortEvent, messages.EndOfChannelEvent:
	}
	return nil
}

// build makes messages, as the test of a program does.
func build() []messages.Message {
	header := messages.BinaryMessageHeader{Version: 1, MessageType: 5, Flags: 0, Reserved: 0, Channel: [16]byte{'c'}}
	body := messages.DataMessageHeader{TimestampMillis: 1, ElementCount: 0}
	fmt.Println(header.Version, body.ElementCount)
	return []messages.Message{
		&messages.DataMessage{
			BaseMessage:        messages.BaseMessage{Typ: messages.DataType},
			BaseChannelMessage: messages.BaseChannelMessage{Chan: "ch-1"},
			TimestampedMessage: messages.TimestampedMessage{TimestampMillis: 1},
			Payloads:           []messages.DataPayload{{}},
		},
		&messages.InfoMessage{
			BaseJSONChannelMessage: messages.BaseJSONChannelMessage{
				BaseJSONMessage:    messages.BaseJSONMessage{BaseMessage: messages.BaseMessage{Typ: messages.MessageType}},
				BaseChannelMessage: messages.BaseChannelMessage{Chan: "ch-1"},
			},
			LogicalTimestampMillis: 1,
			MessageBlock: messages.MessageBlock{
				Code: messages.JobRunningResolution, Level: "INFO", NumInputTimeseries: 1,
				Contents:    messages.JobRunningResolutionContents{"resolutionMs": 1000.0},
				ContentsRaw: map[string]interface{}{"resolutionMs": 1000.0},
			},
		},
		&messages.MetadataMessage{TSID: 1, Properties: messages.MetadataProperties{Metric: "m"}},
		&messages.ExpiredTSIDMessage{TSID: idtool.ID(1).String()},
		&messages.EventMessage{},
		&messages.ErrorMessage{Error: 400, ErrorType: "T", Message: "m", Context: messages.ErrorContext{Line: 1}},
		&messages.JobStartControlMessage{
			BaseControlMessage: messages.BaseControlMessage{Event: messages.JobStartEvent},
			Handle:             "h",
		},
	}
}
