package syntax

// Work parses a text and counts the tokens that were scanned for it, each time that one was.
func Work(text string) (tokens int, err error) {
	p := &parser{src: NewSource("", text)}
	var list []Stmt
	p.run(func() { p.statements(&list) })
	return p.scan.tokens, p.err()
}
