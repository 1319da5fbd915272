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

// A formatter prints programs in one style.
func ExampleFormat() {
	text, err := syntax.Format("", `cpu=data("cpu.utilization", filter = filter('host','web*') and not filter('env', 'qa'), rollup='average').mean(by=['host']) # all
if cpu is not None: cpu.publish( 'cpu' )`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(text)
	// Output:
	// cpu = data(
	//     'cpu.utilization',
	//     filter=filter('host', 'web*') and not filter('env', 'qa'),
	//     rollup='average',
	// ).mean(by=['host'])  # all
	// if cpu is not None:
	//     cpu.publish('cpu')
}

// A linter lists every mistake of a text, and an editor shows what is right of it.
func ExampleParse_errors() {
	file, err := syntax.Parse("cpu.flow", `cpu = data('cpu.utilization'
memory = data('memory.utilization')
for x in [cpu, memory]:
    x.mean(over=5m).publish()
`)
	var all syntax.Errors
	if errors.As(err, &all) {
		for _, e := range all {
			fmt.Println(e)
		}
	}
	fmt.Println(len(file.Stmts), "statements")
	// Output:
	// cpu.flow: line 2:1: unexpected 'memory', expected ',' or ')' (the '(' at 1:11 is not closed)
	// cpu.flow: line 3:1: unexpected 'for', expected a statement (there are no loop statements; write a comprehension, or a function that calls itself)
	// cpu.flow: line 4:18: unexpected 'm', expected ',' or ')' (a duration is a text: '5m')
	// 3 statements
}

// A documentation tool shows what an author wrote above a definition.
func ExampleAttach() {
	file, err := syntax.Parse("", `# The part of the hosts that are busy.
# :param limit percent
def busy(limit): return data('cpu.utilization') > limit
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range syntax.Attach(file)[file.Stmts[0]].Above {
		fmt.Println(c.Text)
	}
	// Output:
	// # The part of the hosts that are busy.
	// # :param limit percent
}

// An editor asks what is under the cursor.
func ExamplePath() {
	file, err := syntax.Parse("", "data('cpu').mean(by='host')")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range syntax.Path(file, file.Source.Offset(syntax.Position{Line: 1, Column: 14})) {
		fmt.Printf("%T %s\n", n, file.Source.Slice(n.Range()))
	}
	// Output:
	// *syntax.File data('cpu').mean(by='host')
	// *syntax.ExprStmt data('cpu').mean(by='host')
	// *syntax.Call data('cpu').mean(by='host')
	// *syntax.Attribute data('cpu').mean
	// *syntax.Ident mean
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
