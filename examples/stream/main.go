// Command stream runs a SignalFlow program for a while and logs what comes.
//
//	go run ./examples/stream -realm us1 -access-token TOKEN -program "data('cpu.utilization').mean().publish()"
package main

import (
	"context"
	"flag"
	"io"
	"log"
	"os"
	"sync"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	logger := log.New(out, "", 0)
	flags := flag.NewFlagSet("stream", flag.ContinueOnError)
	flags.SetOutput(out)
	realm := flags.String("realm", "us0", "realm of the organization")
	url := flags.String("url", "", "stream URL, instead of a realm")
	token := flags.String("access-token", "", "organization access token with API scope")
	program := flags.String("program", "data('cpu.utilization').count().publish()", "SignalFlow program to run")
	duration := flags.Duration("duration", 30*time.Second, "how long to run it before it is stopped")
	if err := flags.Parse(args); err != nil {
		return err
	}
	endpoint := signalflow.StreamURLForRealm(*realm)
	if *url != "" {
		endpoint = signalflow.StreamURL(*url)
	}

	client, err := signalflow.NewClient(endpoint,
		signalflow.AccessToken(*token),
		signalflow.OnError(func(err error) { logger.Println("client:", err) }))
	if err != nil {
		logger.Println(err)
		return err
	}
	defer client.Close()

	comp, err := client.Execute(context.Background(), &signalflow.ExecuteRequest{Program: *program})
	if err != nil {
		logger.Println(err) // a wrong token, for example
		return err
	}
	time.AfterFunc(*duration, func() {
		if err := comp.Stop(context.Background()); err != nil {
			logger.Println("stop:", err)
		}
	})

	logProperties(logger, comp)
	var others sync.WaitGroup
	others.Go(func() {
		for msg := range comp.Expirations() {
			logger.Println("gone:", msg.TSID)
		}
	})
	others.Go(func() {
		for msg := range comp.Info() {
			logger.Println("info:", msg.Code, msg.ContentsRaw)
		}
	})
	for msg := range comp.Data() {
		for _, point := range msg.Payloads {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			meta, err := comp.TSIDMetadata(ctx, point.TSID)
			cancel()
			if err != nil {
				logger.Println(err)
				continue
			}
			logger.Println(meta.OriginatingMetric, meta.CustomProperties, point.Value())
		}
	}
	others.Wait()
	if err := comp.Err(); err != nil {
		logger.Println("ended:", err)
		return err
	}
	logger.Println("done")
	return nil
}

// logProperties logs how the server runs the computation, waiting for it at most 20 seconds.
func logProperties(logger *log.Logger, comp *signalflow.Computation) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	resolution, err := comp.Resolution(ctx)
	logger.Println("resolution:", resolution, err)
	maxDelay, err := comp.MaxDelay(ctx)
	logger.Println("max delay:", maxDelay, err)
	lag, err := comp.Lag(ctx)
	logger.Println("lag:", lag, err)
}
