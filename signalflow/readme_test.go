package signalflow_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/signalfx/signalflow-client-go/signalflow"
)

func watch(ctx context.Context, token string) error {
	c, err := signalflow.NewClient(signalflow.StreamURLForRealm("us1"), signalflow.AccessToken(token))
	if err != nil {
		return err
	}
	defer c.Close()
	s, err := c.Stream(ctx, "data('cpu.utilization').mean(by='host').publish('cpu')", signalflow.Options{})
	if err != nil {
		return err // a wrong token says so here, at once
	}
	for batch, err := range s.Batches() { // goes on through lost connections
		if err != nil {
			return err
		}
		for series, value := range batch.All() {
			fmt.Println(batch.Time, series.Name(), value)
		}
	}
	return nil
}

func backlog(ctx context.Context, c *signalflow.Client) (float64, error) {
	r, err := c.Latest(ctx, "data('queue.length').sum().publish()", 2*time.Minute, signalflow.Options{})
	if err != nil {
		return 0, err
	}
	return r.Scalar(signalflow.Latest) // an ErrNoData says why
}

var _, _ = watch, backlog // they need the service: that they compile is what is tested

// The Go code of the README is the code above, so it compiles.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, part := range strings.Split(string(readme), "```go\n")[1:] {
		code, _, _ := strings.Cut(part, "```")
		if n++; !strings.Contains(string(source), code) {
			t.Errorf("this code of README.md is not in readme_test.go:\n%s", code)
		}
	}
	if n == 0 {
		t.Error("README.md has no Go code")
	}
}
