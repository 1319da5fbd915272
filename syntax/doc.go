// Package syntax reads and prints SignalFlow programs: it scans text into tokens, parses
// tokens into a syntax tree, and prints a tree in one style. It knows the published grammar
// and nothing of what names mean; it needs only the standard library, so that editors,
// formatters and linters can use it as the evaluator of this module does.
//
//	file, err := syntax.Parse("program.flow", text)
//	text, err := syntax.Format("program.flow", text)
//
// # Positions
//
// A [Pos] is a byte offset into the text. Every node of the tree and every token has a
// [Span] of two of them: the offset of its first byte and the offset after its last one.
// [Source.Position] turns an offset into a line and a column, and [Source.Offset] turns
// them back; both count from 1, and the column counts characters, not bytes. The span of a
// node lies in that of the node above it; it leaves out the parentheses around the node,
// which are a [Paren] of their own, and the end of the line behind a statement.
//
// # Trees
//
// [Walk] visits a tree in the order of its text, [Path] finds the nodes around an offset.
// Nodes are plain structs; a tree may be read by many goroutines at once.
//
// # Comments
//
// Comments are no part of the tree. They stand in [File.Comments] in the order of the
// text, and in the token stream of a [Scanner] as [COMMENT] tokens. [Attach] tells to which
// node each belongs.
//
// # Errors
//
// Every phase of the compiler reports an [*Error]: what kind of mistake, where, what was
// found, what was expected and what helps. A call that can find several returns [Errors];
// errors.As finds the first *Error in it. [Error.Render] draws the source line with a caret
// under the mistake. With the mistakes of a text [Parse] returns the tree of all else, in
// which [Bad] stands for the statements that could not be read.
//
// # Bounds
//
// The time and memory that a text takes grow with its length and with nothing else: what is
// nested deeper than [MaxDepth] or longer than [MaxChain] is refused, and after [MaxErrors]
// mistakes reading ends. No text makes a call of this package panic.
//
// # Layout
//
// The end of a line ends a statement except in brackets and behind a backslash; blocks are
// indented. Unlike in Python a line may go back to a column where no block began (language.md
// 1.4): it then belongs to the innermost block that is not indented more.
package syntax
