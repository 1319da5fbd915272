package messages_test

import (
	"fmt"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// A client decodes what it receives.
func Example() {
	frames := []string{
		`{"type":"control-message","channel":"ch-1","event":"JOB_START","handle":"GzExampleAA","timestampMs":1751328000002}`,
		`{"type":"metadata","channel":"ch-1","tsId":"AAAAAFx9Hi8","properties":{"sf_metric":"demo.requests","az":"a1"}}`,
		`{"type":"data","channel":"ch-1","logicalTimestampMs":1751328000000,"data":[{"tsId":"AAAAAFx9Hi8","value":12.5}]}`,
		`{"type":"control-message","channel":"ch-1","event":"END_OF_CHANNEL","timestampMs":1751328000005}`,
		`{"type":"metadata","channel":"ch-1","tsId":"AAA"}`,
	}
	var decoder messages.Decoder
	for _, frame := range frames {
		m, err := decoder.Decode([]byte(frame), true)
		if err != nil {
			fmt.Println(err)
			continue
		}
		switch m := m.(type) {
		case *messages.JobStartControlMessage:
			fmt.Println("started", m.Handle)
		case *messages.MetadataMessage:
			fmt.Println(m.TSID, m.Properties.Metric, m.Properties.CustomProperties)
		case *messages.DataMessage:
			for _, p := range m.Payloads {
				if v, ok := p.AsFloat(); ok {
					fmt.Println(m.Timestamp().UTC(), p.TSID, v)
				}
			}
		case *messages.EndOfChannelControlMessage:
			fmt.Println("end")
		}
	}
	// Output:
	// started GzExampleAA
	// AAAAAFx9Hi8 demo.requests map[az:a1]
	// 2025-07-01 00:00:00 +0000 UTC AAAAAFx9Hi8 12.5
	// end
	// bad metadata message on channel "ch-1": bad_tsid: tsId "AAA" does not hold 8 bytes: want 11 characters of URL-safe base64
}

// A view reads the points of a binary frame without copying them.
func ExampleViewData() {
	frame, err := messages.AppendBinary(nil, messages.NewData(1751328000000, []messages.DataPayload{
		messages.DoublePayload(42, 98.6), messages.LongPayload(1, 7),
	}), "ch-1", messages.BinaryOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	view, err := messages.ViewData(frame)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s at %d\n", view.Channel(), view.TimestampMillis())
	for i := range view.Len() {
		p := view.At(i)
		v, ok := p.AsFloat()
		fmt.Println(p.TSID, p.Type, v, ok)
	}
	// Output:
	// ch-1 at 1751328000000
	// AAAAAAAAACo double 98.6 true
	// AAAAAAAAAAE long 7 true
}

// A server encodes messages for the channel of a client.
func ExampleAppendText() {
	text, err := messages.AppendText(nil, messages.NewChannelAbort("STOPPED", "enough", 1751328000004), "ch-1")
	fmt.Println(string(text), err)
	// Output:
	// {"type":"control-message","channel":"ch-1","event":"CHANNEL_ABORT","timestampMs":1751328000004,"abortInfo":{"sf_job_abortState":"STOPPED","sf_job_abortReason":"enough"}} <nil>
}
