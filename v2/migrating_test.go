package v2_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// The code of docs/migrating.md as it is here.

// average returns the mean of what a program with one series put out in the last minutes.
func average(ctx context.Context, client *signalflow.Client, program string, window time.Duration) (float64, error) {
	result, err := client.Query(ctx, program, signalflow.Options{Start: time.Now().Add(-window)})
	if err != nil {
		return 0, err // no rights, no connection, a mistake in the program, …
	}
	return result.Scalar(signalflow.Mean) // ErrNoData says why there is none
}

// newest returns the newest complete value, which is not older than a minute.
func newest(ctx context.Context, client *signalflow.Client, program string) (float64, error) {
	result, err := client.Latest(ctx, program, time.Minute, signalflow.Options{})
	if err != nil {
		return 0, err
	}
	return result.Scalar(signalflow.Latest)
}

// A client of the one import path is a client of the other, too.
func TestNumbers(t *testing.T) {
	_, client := queueServer(t)
	before, err := averageBefore(t.Context(), client, queueProgram, 100*time.Millisecond)
	for errors.Is(err, errNoData) { // a slow machine: it has no better way to know
		before, err = averageBefore(t.Context(), client, queueProgram, 100*time.Millisecond)
	}
	if before != 42 || err != nil {
		t.Errorf("before: %v, %v; want 42", before, err)
	}
	if v, err := average(t.Context(), client, queueProgram, time.Minute); v != 42 || err != nil {
		t.Errorf("average: %v, %v; want 42", v, err)
	}
	if v, err := newest(t.Context(), client, queueProgram); v != 42 || err != nil {
		t.Errorf("newest: %v, %v; want 42", v, err)
	}
	if _, err := average(t.Context(), client, "data('nothing').publish()", time.Minute); !errors.Is(err, signalflow.ErrNoData) {
		t.Errorf("a program without series: %v", err)
	}
}

// scrape writes the newest value of each series. Series that have expired are not in it, and
// a lost connection needs no code: the stream goes on by itself.
func scrape(w io.Writer, stream *signalflow.Stream) {
	for _, sample := range stream.Latest() {
		fmt.Fprintln(w, sample.Series.Name(), sample.Value)
	}
}

// follow shows each step of a program as one line.
func follow(ctx context.Context, client *signalflow.Client, program string, o signalflow.Options, out io.Writer) error {
	stream, err := client.Stream(ctx, program, o)
	if err != nil {
		return err
	}
	defer stream.Close()
	for batch, err := range stream.Batches() {
		if err != nil {
			return err
		}
		fmt.Fprint(out, batch.Time.Format(time.TimeOnly))
		for series, value := range batch.All() {
			fmt.Fprint(out, " ", series.Name(), "=", value)
		}
		fmt.Fprintln(out)
	}
	return nil
}

// threeSteps are a second's steps of a past that the fake knows.
func threeSteps() signalflow.Options {
	start := time.Date(2025, 7, 1, 12, 0, 0, 0, time.UTC)
	return signalflow.Options{Start: start, Stop: start.Add(2 * time.Second), Resolution: time.Second}
}

func TestFollow(t *testing.T) {
	_, client := queueServer(t)
	var out strings.Builder
	err := follow(t.Context(), client, queueProgram, threeSteps(), &out)
	const want = "12:00:00 queue=42\n12:00:01 queue=42\n12:00:02 queue=42\n"
	if err != nil || out.String() != want {
		t.Errorf("wrote %q and %v, want %q", out.String(), err, want)
	}
	var failure *signalflow.ComputationError
	if err := follow(t.Context(), client, brokenProgram, threeSteps(), &out); !errors.As(err, &failure) {
		t.Errorf("a program that is refused: %v", err)
	}
}

func TestScrape(t *testing.T) {
	_, client := queueServer(t)
	stream, err := client.Stream(t.Context(), queueProgram, threeSteps())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	for _, err := range stream.Batches() {
		if err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if scrape(&out, stream); out.String() != "queue 42\n" {
		t.Errorf("wrote %q", out.String())
	}
}

const (
	queueProgram  = "data('queue.length').sum().publish('queue')"
	brokenProgram = "data(queue).publish()"
)

// queueServer starts a server with one program, whose one series is always 42, and another
// one that it refuses, and connects a client.
func queueServer(t *testing.T) (*signalflow.FakeBackend, *signalflow.Client) {
	fake := signalflow.NewRunningFakeBackend()
	t.Cleanup(fake.Stop)
	fake.AddProgramError(brokenProgram, "no such name")
	fake.AddProgramTSIDs(queueProgram, []idtool.ID{7})
	fake.AddTSIDMetadata(7, &messages.MetadataProperties{
		OriginatingMetric:  "queue.length",
		InternalProperties: map[string]any{"sf_streamLabel": "queue"},
	})
	fake.SetTSIDFloatData(7, 42)
	client, err := fake.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return fake, client
}

// TestMigratingCode asks that the Go code of the page is code of these files, so it compiles.
func TestMigratingCode(t *testing.T) {
	var source strings.Builder
	for _, name := range []string{"migrating_before_test.go", "migrating_test.go", "migrating_http_test.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	page, err := os.ReadFile("../docs/migrating.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```go\n")[1:]
	if len(blocks) < 5 {
		t.Errorf("the page has %d blocks of Go code", len(blocks))
	}
	for _, block := range blocks {
		code, _, closed := strings.Cut(block, "```")
		if !closed || !strings.Contains(source.String(), code) {
			t.Errorf("this code of docs/migrating.md is not in its test:\n%s", code)
		}
	}
}
