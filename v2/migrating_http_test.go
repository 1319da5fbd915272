package v2_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// The code of docs/migrating.md for event streams.

// connect returns a client that speaks HTTP.
func connect(url, token string) (*signalflow.Client, error) {
	return signalflow.NewClient(
		signalflow.StreamURL(url), // such as https://stream.us1.signalfx.com/v2/signalflow
		signalflow.AccessToken(token))
}

func TestConnectOverHTTP(t *testing.T) {
	fake, _ := queueServer(t)
	client, err := connect(strings.Replace(fake.URL(), "ws", "http", 1)+"/v2/signalflow", fake.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	comp, err := client.Execute(t.Context(), &signalflow.ExecuteRequest{Program: queueProgram, StartMs: 1000, StopMs: 2000, ResolutionMs: 1000})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for msg := range comp.Data() {
		n += len(msg.Payloads)
	}
	if n != 2 || comp.Err() != nil {
		t.Errorf("%d points and %v, want 2", n, comp.Err())
	}
}

// printPoints shows the points of a program whose event stream is body.
func printPoints(out io.Writer, body io.Reader) error {
	events := messages.NewSSEReader(body, 0) // 0: an event has at most 64 MiB
	var decoder messages.Decoder
	for {
		event, err := events.Next()
		if err != nil { // io.EOF, too: a stream that is complete has said so before
			return fmt.Errorf("lost after %q: %w", events.LastID(), err)
		}
		msg, err := decoder.DecodeSSE(event)
		if err != nil {
			return err
		}
		switch msg := msg.(type) {
		case *messages.DataMessage:
			for _, p := range msg.Payloads {
				fmt.Fprintln(out, msg.Timestamp().UnixMilli(), p.TSID, p.Value())
			}
		case *messages.ErrorMessage:
			return errors.New(msg.Message)
		case *messages.ChannelAbortControlMessage:
			return fmt.Errorf("aborted: %s", msg.AbortInfo.Reason)
		case *messages.EndOfChannelControlMessage:
			return nil
		}
	}
}

// An event stream of the real server half, asked for without the client.
func TestPrintPointsOfServer(t *testing.T) {
	fake, _ := queueServer(t)
	url := strings.Replace(fake.URL(), "ws", "http", 1) + "/v2/signalflow/execute?start=1000&stop=2000&resolution=1000"
	req, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(queueProgram))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-SF-Token", fake.AccessToken)
	req.Header.Set("Content-Type", "text/plain")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out strings.Builder
	err = printPoints(&out, resp.Body)
	const want = "1000 AAAAAAAAAAc 42\n2000 AAAAAAAAAAc 42\n"
	if err != nil || out.String() != want || resp.StatusCode != http.StatusOK {
		t.Errorf("%s: printed %q and %v, want %q", resp.Status, out.String(), err, want)
	}
}

func TestPrintPoints(t *testing.T) {
	stream := func(msgs ...messages.Message) string {
		var text []byte
		for _, m := range msgs {
			var err error
			if text, err = messages.AppendSSE(text, m, messages.SSEOptions{Pretty: true}); err != nil {
				t.Fatal(err)
			}
		}
		return string(text)
	}
	data := messages.NewData(1000, []messages.DataPayload{messages.DoublePayload(1, 1.5), messages.LongPayload(2, math.MaxInt64)})
	const points = "1000 AAAAAAAAAAE 1.5\n1000 AAAAAAAAAAI 9223372036854775807\n"
	for _, test := range []struct{ body, want, err string }{
		{stream(data, messages.NewEndOfChannel(1)), points, "<nil>"},
		{": keep-alive\n\n" + stream(data), points, `lost after "data-1000": EOF`},
		{stream(messages.NewChannelAbort("STOPPED", "enough", 1)), "", "aborted: enough"},
		{stream(messages.NewError(400, "", "no such name", nil)), "", "no such name"},
	} {
		var out strings.Builder
		err := printPoints(&out, strings.NewReader(test.body))
		if got := fmt.Sprint(err); out.String() != test.want || got != test.err {
			t.Errorf("%q: printed %q and %v, want %q and %q", test.body, out.String(), err, test.want, test.err)
		}
	}
}
