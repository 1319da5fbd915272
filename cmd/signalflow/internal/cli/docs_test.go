package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/hostmetrics"
	"github.com/signalfx/signalflow-client-go/internal/memstore"
)

// The reference mentions every flag, variable and metric: what is added is documented.
func TestReferenceIsComplete(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	mentioned := func(what, name string) {
		t.Helper()
		if !bytes.Contains(text, []byte(name)) {
			t.Errorf("docs/cli.md does not mention the %s %s", what, name)
		}
	}
	a := &app{}
	a.runCommand().Flags().VisitAll(func(f *pflag.Flag) { mentioned("flag", "--"+f.Name) })
	for _, names := range [][]string{tokenNames, urlNames, realmNames} {
		for _, name := range names {
			mentioned("variable", "`"+name+"`")
		}
	}
	for _, metric := range metricsOfThisMachine(t) {
		family, last, _ := strings.Cut(metric, ".")
		if bytes.Contains(text, []byte("`"+metric+"`")) {
			continue
		}
		mentioned("metric family of "+metric, "`"+family) // listed as `if_octets`, … each `.rx`
		mentioned("metric "+metric, "`."+last+"`")
	}
}

func metricsOfThisMachine(t *testing.T) []string {
	t.Helper()
	store := memstore.New(memstore.Options{})
	if err := hostmetrics.New(hostmetrics.Options{Store: store, Host: "web-1"}).Prime(t.Context()); err != nil {
		t.Fatal(err)
	}
	return metricNames(allSeries(store))
}
