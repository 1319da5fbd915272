package cli

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/programs"
	"github.com/signalfx/signalflow-client-go/internal/graph"
	"github.com/signalfx/signalflow-client-go/syntax"
)

const (
	explainWidth = 100 // characters of a line
	explainMost  = 400 // characters of one thing that is told; the JSON form has all
)

// step is a node of the graph at its place in a file.
type step struct {
	id     graph.NodeID
	module bool
	at     programs.Place
}

// text tells about each line of the program, in the order of the text, what steps come of
// it, and then what is true of all.
func (e *explained) text(titled bool) string {
	l := &lines{}
	steps := e.steps()
	if titled {
		l.add("", "== "+printable(e.title())+" ==")
		l.add("", "")
	}
	if len(steps) == 0 {
		l.add("", "The program reads nothing, computes nothing and publishes nothing.")
		return l.String()
	}
	histories, published := e.graph.Histories(), e.graph.Published()
	var shown programs.Place
	for i, s := range steps {
		if i == 0 || s.at.File != shown.File || s.at.Start.Line != shown.Start.Line {
			shown = s.at
			l.source(s)
		}
		l.step(e.graph, s, histories[s.id], published[s.id])
	}
	e.rest(l)
	return l.String()
}

// steps returns the nodes that are steps, those of the program before those of modules, in
// the order of the text.
func (e *explained) steps() []step {
	sources := map[string]*syntax.Source{}
	var steps []step
	for i, n := range e.graph.Nodes {
		id := graph.NodeID(i)
		if e.graph.Static(id) {
			continue
		}
		s := step{id: id, module: n.Span.File != ""}
		start, end := syntax.Position{Line: n.Span.Line, Column: n.Span.Column}, syntax.Position{Line: n.Span.EndLine, Column: n.Span.EndColumn}
		if s.module {
			s.at = programs.Place{File: n.Span.File, Start: start, End: end, Line: e.moduleLine(sources, n.Span.File, start.Line)}
		} else {
			s.at = e.At(start, end)
		}
		steps = append(steps, s)
	}
	order := func(s step) int {
		if s.module {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(steps, func(a, b step) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a.at.File, b.at.File), cmp.Compare(a.at.Start.Line, b.at.Start.Line))
	})
	return steps
}

// moduleLine returns a line of a module, empty if it cannot be read any more.
func (e *explained) moduleLine(sources map[string]*syntax.Source, name string, line int) string {
	if sources[name] == nil {
		text := ""
		for _, folder := range e.folders {
			if content, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name))); err == nil {
				text = string(content)
				break
			}
		}
		sources[name] = syntax.NewSource(name, text)
	}
	return sources[name].Line(line)
}

// lines is a text for a person.
type lines struct{ strings.Builder }

// add appends a text, broken into lines that all begin with a margin.
func (l *lines) add(margin, text string) { l.item(margin, margin, text) }

// item appends a text whose first line begins with something else.
func (l *lines) item(first, margin, text string) {
	text = cut(printable(text), explainMost)
	line := first
	empty := true
	for _, word := range strings.Split(text, " ") {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > explainWidth {
			l.WriteString(strings.TrimRight(line, " ") + "\n")
			line, empty = margin, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	l.WriteString(strings.TrimRight(line, " ") + "\n")
}

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// source appends a line of the program, or of a module.
func (l *lines) source(s step) {
	place := fmt.Sprint(s.at.Start.Line)
	if s.module {
		place = s.at.File + ":" + place
	}
	l.gap()
	l.WriteString(strings.TrimRight(printable(place)+" | "+cut(strings.Map(visible, s.at.Line), explainWidth), " ") + "\n")
}

// gap appends an empty line between two things.
func (l *lines) gap() {
	if l.Len() > 0 && !strings.HasSuffix(l.String(), "\n\n") {
		l.WriteByte('\n')
	}
}

const (
	stepMargin = "       "
	factMargin = stepMargin + "         " // behind the longest word of fact
)

func (l *lines) step(g *graph.Graph, s step, history graph.History, published bool) {
	n := g.Nodes[s.id]
	l.gap()
	l.item(fmt.Sprintf("  %-4s ", g.Ref(s.id)), stepMargin+"  ", g.Expression(s.id))
	l.add(stepMargin, g.Describe(s.id))
	fact := func(name, text string) {
		l.item(fmt.Sprintf("%s%-9s", stepMargin, name), factMargin, text)
	}
	fact("columns", columns(s.at))
	fact("gives", gives(n))
	if r, ok := graph.RollupOf(n.Op); ok {
		fact("rollup", r.String())
	}
	if gaps := graph.Gaps(n.Op); gaps != "" {
		fact("gaps", gaps)
	}
	if w, ok := graph.WindowOf(n.Op); ok {
		fact("window", w.String())
	}
	if !history.IsZero() {
		fact("history", history.String()+" before the first value")
	}
	if !published {
		fact("note", "nothing that is published needs it, so it is not computed")
	}
}

// gives says what comes out of a node.
func gives(n graph.Node) string {
	kind := map[graph.Kind]string{
		graph.Numbers: "numbers", graph.Booleans: "true, false or unknown", graph.Histograms: "histograms",
		graph.Events: "events", graph.Alerts: "alerts",
	}[n.Kind]
	var by []string
	by = append(by, n.Key.Names...)
	for _, name := range n.Key.Optional {
		by = append(by, name+" if there")
	}
	if n.Key.Open && len(by) == 0 {
		return kind + ", in series by the dimensions of the data"
	}
	if n.Key.Open {
		by = append(by, "the other dimensions of the data")
	}
	if len(by) == 0 {
		return kind + ", in a series without dimensions"
	}
	return kind + ", in series by " + strings.Join(by, ", ")
}

// columns says where on its lines something stands, the last column included.
func columns(at programs.Place) string {
	if at.End.Line > at.Start.Line {
		return fmt.Sprintf("%d to line %d", at.Start.Column, at.End.Line)
	}
	return fmt.Sprintf("%d to %d", at.Start.Column, max(at.Start.Column, at.End.Column-1))
}

// rest appends what is true of the whole program.
func (e *explained) rest(l *lines) {
	l.gap()
	l.add("", "Resolution")
	for _, r := range e.graph.Resolution() {
		about := ""
		if r.Node >= 0 {
			about = e.graph.Ref(r.Node) + ": "
		}
		l.item("  ", "    ", about+r.Text)
	}
	calls, _ := e.graph.Calls(math.MaxInt)
	queries, _ := e.graph.Queries(maxQueries)
	more := ""
	if queries > maxQueries {
		more = "more than "
	}
	l.gap()
	l.add("", "Size")
	l.add("  ", fmt.Sprintf("%s, %s%s of the store.", plural(calls, "function call"), more, plural(min(queries, maxQueries), "read")))
	if len(e.Guesses) > 0 {
		var names []string
		for _, g := range e.Guesses {
			names = append(names, g.Name)
		}
		slices.Sort(names)
		l.gap()
		l.add("", "Not known")
		l.item("  ", "    ", strings.Join(slices.Compact(names), ", ")+": something that fits is in its place; --var and --var-file give values.")
	}
	if len(e.said) > 0 {
		l.gap()
		for _, d := range e.said {
			l.WriteString(e.diagnostic(d))
		}
	}
}

// maxQueries is how far queries are counted: the service takes 200 of a program.
const maxQueries = 1000
