// Command autoscaler asks a SignalFlow program for one number, as an autoscaler does at every
// poll, until it has one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/signalfx/signalflow-client-go/v2/signalflow"
)

func main() {
	url := flag.String("url", "wss://stream.us0.signalfx.com/v2/signalflow", "stream endpoint")
	token := flag.String("token", "", "access token")
	query := flag.String("query", "", "SignalFlow program")
	flag.Parse()

	client, err := signalflow.NewClient(
		signalflow.StreamURL(*url),
		signalflow.AccessToken(*token),
		signalflow.UserAgent("autoscaler"),
		signalflow.OnError(func(err error) { log.Println(err) }))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	s := &scaler{client: client, query: *query, window: 100 * time.Millisecond, reduce: "avg"}
	for {
		value, err := s.metric(context.Background())
		if errors.Is(err, errNoPoints) {
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(value)
		return
	}
}
