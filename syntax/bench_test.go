package syntax_test

import (
	goparser "go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// The programs say the same in both languages, as far as they can, and are equally long.
const (
	flowProgram = `# how much is used
A = data('cpu.utilization', filter=filter('host', 'web*') and not filter('env', 'qa'), rollup='average').mean(by=['host', 'az'])
B = data('memory.utilization', extrapolation='last_value', maxExtrapolations=5).sum(over='10m').publish('B', enable=False)
C = (A / (A + B) * 100 if A is not None else 0).publish(label='C')  # in percent
def f(x, y=duration('15m'), *z):
    if x == 1 and y > 2:
        return [i + 1 for i in range(10) if i > 5]
    return {'a': x, 'b': [1, 2.5, 'c']}
`
	goProgram = `// how much is used
var A = data("cpu.utilization", filter("host", "web*") && !filter("env", "qa"), "average").mean(by{"host", "az"})
var B = data("memory.utilization", extrapolation.last_value, maxExtrapolations(5)).sum(over("10m")).publish("B", false)
var C = (A / (A + B) * 100).publish(label, "C") // in percent
func f(x int, y string, z ...any) any {
	if x == 1 && y > 2 {
		return list(i + 1, i, len(10), i > 5)
	}
	return map[string]any{"a": x, "b": []any{1, 2.5, "c"}}
}
`
	goPackage = "package p\n"
	repeats   = 20
)

// equallyLong returns the programs, the shorter one ended by a comment.
func equallyLong() (flow, golang string) {
	flow = strings.Repeat(flowProgram, repeats)
	golang = goPackage + strings.Repeat(goProgram, repeats)
	if n := len(flow) - len(golang); n > 0 {
		golang += "//" + strings.Repeat(" ", n-2)
	} else {
		flow += "#" + strings.Repeat(" ", -n-1)
	}
	return flow, golang
}

// BenchmarkParse parses programs of the same length with this package and with go/parser.
func BenchmarkParse(b *testing.B) {
	flow, golang := equallyLong()
	if len(flow) != len(golang) {
		b.Fatalf("%d and %d bytes", len(flow), len(golang))
	}
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(flow)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := syntax.Parse("", flow); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("go", func(b *testing.B) {
		b.SetBytes(int64(len(golang)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := goparser.ParseFile(token.NewFileSet(), "", golang, goparser.ParseComments|goparser.SkipObjectResolution); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkPrint(b *testing.B) {
	flow, _ := equallyLong()
	file, err := syntax.Parse("", flow)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(flow)))
	b.ReportAllocs()
	for b.Loop() {
		syntax.Print(file)
	}
}
