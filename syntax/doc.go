// Package syntax reads the text of a SignalFlow program: it scans text into tokens and
// parses tokens into a syntax tree. It knows the published grammar and nothing of what
// names mean; it needs only the standard library, so that editors, formatters and linters
// can use it as the evaluator of this module does.
//
//	file, err := syntax.Parse("program.flow", text)
//
// # Positions
//
// A [Pos] is a byte offset into the text. Every node of the tree and every token has a
// [Span] of two of them: the offset of its first byte and the offset after its last one.
// [Source.Position] turns an offset into a line and a column; both count from 1, and the
// column counts characters, not bytes.
//
// # Comments
//
// Comments are no part of the tree. They stand in [File.Comments] in the order of the
// text, and in the token stream of a [Scanner] as [COMMENT] tokens.
//
// # Errors
//
// Every phase of the compiler reports an [*Error]: what kind of mistake, where, what was
// found and what helps. A call that can find several returns [Errors]; errors.As finds the
// first *Error in it. [Error.Render] draws the source line with a caret under the mistake.
package syntax
