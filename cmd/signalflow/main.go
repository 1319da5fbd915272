// Command signalflow runs SignalFlow programs on this machine's metrics or in the cloud.
package main

import (
	"os"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/cli"
)

func main() {
	ctx, release := cli.SignalContext()
	code := cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	release()
	os.Exit(code)
}
