package syntax_test

import (
	"errors"
	"fmt"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// A linter finds every metric that a program reads.
func ExampleWalk() {
	const program = `A = data('cpu.utilization', filter=filter('env', 'prod'))  # all hosts
B = data('memory.utilization')
(A + B).mean(by='host').publish('load')
`
	file, err := syntax.Parse("load.flow", program)
	if err != nil {
		fmt.Println(err)
		return
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		call, ok := n.(*syntax.Call)
		if !ok {
			return true
		}
		name, ok := call.Func.(*syntax.Ident)
		if !ok || name.Name != "data" || len(call.Args) == 0 {
			return true
		}
		metric := call.Args[0]
		at := file.Source.Position(metric.From)
		fmt.Printf("%d:%d %s\n", at.Line, at.Column, file.Source.Slice(metric.Span))
		return true
	})
	fmt.Println(file.Comments[0].Text)
	// Output:
	// 1:10 'cpu.utilization'
	// 2:10 'memory.utilization'
	// # all hosts
}

// An editor shows what is wrong, and where.
func ExampleError_Render() {
	_, err := syntax.Parse("", "a = data('cpu.utilization').mean(over=5m)")
	var e *syntax.Error
	if errors.As(err, &e) {
		fmt.Println(e)
		fmt.Print(e.Render())
	}
	// Output:
	// line 1:40: unexpected 'm', expected ',' or ')' (a duration is a text: '5m')
	// error: unexpected 'm', expected ',' or ')' (a duration is a text: '5m')
	//   1:40 | a = data('cpu.utilization').mean(over=5m)
	//        |                                        ^
}

// A highlighter reads tokens; comments are among them.
func ExampleScanner() {
	scanner := syntax.NewScanner(syntax.NewSource("", "data('cpu') # all"))
	for tok := scanner.Next(); tok.Kind != syntax.EOF; tok = scanner.Next() {
		fmt.Println(tok.Kind, tok.Value)
	}
	// Output:
	// name data
	// ( (
	// string cpu
	// ) )
	// comment # all
}
