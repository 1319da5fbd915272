package lint

import "github.com/signalfx/signalflow-client-go/syntax"

func pos(n int) syntax.Pos { return syntax.Pos(n) }

func newSource(text string) *syntax.Source { return syntax.NewSource("", text) }
