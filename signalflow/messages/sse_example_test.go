package messages_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// The body of a response to POST …/execute.
func ExampleSSEReader() {
	body := strings.NewReader(": keep-alive\n\n" +
		"event: data\nid: data-1751328000000\ndata: {\"logicalTimestampMs\" : 1751328000000,\ndata:  \"data\" : [ {\"tsId\" : \"AAAAAFx9Hi8\", \"value\" : 12.5} ]}\n\n" +
		"event: control-message\ndata: {\"event\" : \"END_OF_CHANNEL\"}\n\n")
	r := messages.NewSSEReader(body, 1<<20)
	var d messages.Decoder
	for {
		event, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		m, err := d.DecodeSSE(event)
		if err != nil {
			fmt.Println(err) // this one message only
			continue
		}
		switch m := m.(type) {
		case *messages.DataMessage:
			fmt.Println(m.Payloads[0].TSID, m.Payloads[0].Value())
		case *messages.EndOfChannelControlMessage:
			fmt.Println("complete; resume behind", r.LastID())
		}
	}
	// Output:
	// AAAAAFx9Hi8 12.5
	// complete; resume behind data-1751328000000
}
