package signalflow_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/signalflow"
)

func watch(ctx context.Context, token string) error {
	c, err := signalflow.NewClient(signalflow.StreamURLForRealm("us1"), signalflow.AccessToken(token))
	if err != nil {
		return err
	}
	defer c.Close()
	comp, err := c.Execute(ctx, &signalflow.ExecuteRequest{Program: "data('cpu.utilization').mean(by='host').publish()"})
	if err != nil {
		return err // a wrong token says so here, at once
	}
	for msg := range comp.Data() {
		for _, p := range msg.Payloads {
			fmt.Println(p.TSID, p.Value())
		}
	}
	return comp.Err() // nil only if the run is complete
}

var _ = watch // it needs the service: that it compiles is what is tested

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
