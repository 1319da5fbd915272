package deptest

// What the packages may import of others. A third-party package stands for itself and
// what lies below it.
const (
	idtool    = "github.com/signalfx/signalfx-go/idtool"
	websocket = "github.com/gorilla/websocket"
	cobra     = "github.com/spf13/cobra"
	pflag     = "github.com/spf13/pflag"
	bubbletea = "charm.land/bubbletea/v2"
	lipgloss  = "charm.land/lipgloss/v2"
	charmTerm = "github.com/charmbracelet/x/term"
	gopsutil  = "github.com/shirou/gopsutil/v4"
	unified   = "github.com/rogpeppe/go-internal/diff"
	hcl       = "github.com/hashicorp/hcl/v2"
	cty       = "github.com/zclconf/go-cty"
)

// A row says what the code of one folder may import, tests apart; the standard library is
// always allowed. docs/architecture.md prints the same table.
type row struct {
	folder string
	ours   []string // folders of this repository
	others []string // third-party packages
	why    string   // the reason for the limit
}

const (
	leaf     = "a leaf, so that anybody may build on it"
	language = "the language never sees the network, a store or the engine"
)

var table = []row{
	{"internal/spell", nil, nil, leaf},
	{"internal/memnet", nil, nil, leaf},
	{"internal/series", nil, nil, leaf},
	{"syntax", nil, nil, "public and small: a formatter or an editor needs nothing else; " + language},

	{"signalflow/messages", nil, []string{idtool},
		"the codec is the cheapest part of the library: no JSON library, no transport"},
	{"internal/wire", []string{"signalflow/messages"}, []string{idtool, websocket},
		"the protocol serves any backend, so it knows none: what runs behind it is an interface"},
	{"signalflow", []string{"signalflow/messages", "internal/wire"}, []string{idtool, websocket},
		"whoever imports the client inherits only the client, not the language and not the engine"},

	{"internal/graph", []string{"internal/series"}, nil, "a graph is plain data without its makers and its runners"},
	{"internal/resolve", []string{"syntax", "internal/spell"}, nil, language},
	{"internal/eval", []string{"syntax", "internal/resolve", "internal/graph", "internal/series", "internal/spell"}, nil, language},
	{"internal/lint", []string{"syntax", "internal/resolve", "internal/eval", "internal/graph", "internal/series", "internal/spell"}, nil, language},
	{"internal/engine", []string{"internal/graph", "internal/series"}, nil,
		"the engine is given a graph, a Source and a Clock; it never sees the parser, the store or the wire"},
	{"internal/memstore", []string{"internal/series"}, nil,
		"a store satisfies engine.Source by its shape; it never sees the engine"},

	{"internal/flowtest", []string{"internal/engine", "internal/eval", "internal/graph", "internal/memstore", "internal/series"}, nil,
		"the test language puts language, engine and store together, for tests of any of them; it knows no files and no network"},
	{"internal/flowtest/reference", []string{"internal/graph", "internal/series"}, nil,
		"a second reading of the language must not share anything with the engine that it checks"},

	{"cmd/signalflow", []string{"cmd/signalflow/internal/cli"}, nil,
		"main only starts the command, which tests start as well"},
	{"cmd/signalflow/internal/cli", []string{
		"signalflow", "signalflow/messages", "syntax",
		"internal/eval", "internal/graph", "internal/lint", "internal/memnet", "internal/memstore", "internal/resolve", "internal/series", "internal/spell", "internal/wire",
		"cmd/signalflow/internal/demo", "cmd/signalflow/internal/hostmetrics", "cmd/signalflow/internal/ingest", "cmd/signalflow/internal/programs", "cmd/signalflow/internal/replay", "cmd/signalflow/internal/server", "cmd/signalflow/internal/term",
	}, []string{cobra, pflag, unified, idtool}, "the command line puts the parts together; cobra stays here"},
	{"cmd/signalflow/internal/server", []string{
		"signalflow/messages", "syntax",
		"internal/engine", "internal/eval", "internal/graph", "internal/resolve", "internal/series", "internal/wire",
	}, []string{idtool}, "the one place where the engine meets the wire; it is given its store and its clock"},
	{"cmd/signalflow/internal/demo", []string{"internal/series"}, nil,
		"a source of samples knows where they go, not who reads them"},
	{"cmd/signalflow/internal/replay", []string{"internal/memstore", "internal/series", "cmd/signalflow/internal/ingest"}, nil,
		"recorded data with their clock are a source as any other; the engine is not known to it"},
	{"cmd/signalflow/internal/ingest", []string{"internal/series"}, nil,
		"a format gives samples; it knows neither the store that takes them nor the engine"},
	{"cmd/signalflow/internal/hostmetrics", []string{"internal/series"}, []string{gopsutil},
		"a source of samples knows where they go, not who reads them; gopsutil stays here"},
	{"cmd/signalflow/internal/programs", []string{"syntax"}, []string{hcl, cty},
		"it finds programs in files and knows nothing of what they mean; the libraries of Terraform's language stay here"},
	{"cmd/signalflow/internal/term", nil, []string{bubbletea, lipgloss, charmTerm},
		"the view is given rows to show; the terminal libraries stay here"},

	{"v2/signalflow", []string{"signalflow"}, nil,
		"aliases of the library under the path of the published client, and nothing else"},
	{"v2/signalflow/messages", []string{"signalflow/messages"}, []string{idtool},
		"aliases of the library under the path of the published client, and nothing else"},
	{"v2/internal/aliases", nil, nil, "it writes the aliases and must run when they do not compile"},

	{"examples/stream", []string{"signalflow", "signalflow/messages"}, []string{idtool},
		"an example imports what a user can import"},
}

// Packages that linked code never imports, nor anything below them; tests may.
var banned = map[string]string{
	"testing":           "it registers flags and belongs to test binaries",
	"net/http/httptest": "it registers a flag and panics where an error is due; listen with package net",
	"net/http/pprof":    "it adds handlers to the default mux of every program that links it",
	"expvar":            "it adds a handler to the default mux of every program that links it",
	"C":                 "the binaries are built without a C compiler",
}

// Libraries for tests: the application's module may use them in test files. The library's
// tests use nothing but the standard library and its two requirements, because the
// requirements of a test are those of the module.
var testLibraries = map[string][]string{
	".":              {idtool, websocket},
	"cmd/signalflow": {"github.com/rogpeppe/go-internal/testscript", cobra, pflag, bubbletea, lipgloss, charmTerm, gopsutil, hcl, cty, idtool},
	"v2":             {ourModule + "/v2", idtool},
}

// anything marks the module of comparisons, which may import whatever it compares.
const anything = "internal/e2e"

// A wall holds over every path of imports, also when a row above is loosened.
type wall struct {
	from  []string // folders
	never []string // folders, and packages of the standard library
	why   string
}

var walls = []wall{
	{
		from:  []string{"signalflow", "signalflow/messages", "internal/wire"},
		never: []string{"syntax", "internal/resolve", "internal/eval", "internal/graph", "internal/engine", "internal/memstore"},
		why:   "the client is drop-in: it brings neither the language nor the engine into a user's program",
	},
	{
		from:  []string{"syntax", "internal/resolve", "internal/eval", "internal/graph"},
		never: []string{"signalflow", "signalflow/messages", "internal/wire", "net", "net/http", "os"},
		why:   "the language turns text into a graph; it never sees the network or the machine",
	},
	{
		from:  []string{"internal/engine"},
		never: []string{"syntax", "internal/resolve", "internal/eval", "signalflow/messages", "internal/wire", "internal/memstore", "net", "net/http", "os"},
		why:   "the engine sees a graph, a Source and a Clock, all of them given to it",
	},
	{
		from:  []string{"internal/memstore"},
		never: []string{"internal/engine", "internal/graph", "syntax", "signalflow/messages", "internal/wire"},
		why:   "a store is a source of series for anybody",
	},
}

// Names that say nothing about what is inside.
var emptyNames = []string{"util", "utils", "common", "types", "helper", "helpers", "pkg", "misc", "base", "shared"}
