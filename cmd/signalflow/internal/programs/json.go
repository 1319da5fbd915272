package programs

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// maxNesting bounds how deep values of JSON are looked into.
const maxNesting = 200

// json reads the programs of detectors, charts and SLOs in a JSON file, wherever in it they
// are. It reports whether the file counts: one of a folder does only with a program.
func (r *reader) json(name, content string, named bool) bool {
	if !named && !strings.Contains(content, `"programText"`) {
		return false
	}
	src := syntax.NewSource(name, content)
	var all json.RawMessage
	if err := json.Unmarshal([]byte(content), &all); err != nil {
		p := Problem{Place: Place{File: name}, Msg: err.Error()}
		var wrong *json.SyntaxError
		if errors.As(err, &wrong) {
			at := max(0, int(wrong.Offset)-1)
			p.Place = placeIn(src, at, at)
		}
		r.Problems = append(r.Problems, p)
		return true
	}
	w := jsonWalker{src: src}
	before := len(r.Programs)
	if v, ok := w.read(content); ok {
		w.value(v, "")
	}
	r.Programs = append(r.Programs, w.found...)
	return named || len(r.Programs) > before
}

// node is a value of JSON with where it stands.
type node struct {
	from, to int
	text     string // of a string
	isText   bool
	names    []string // of an object, in order
	fields   map[string]*node
	elems    []*node
}

type jsonWalker struct {
	src   *syntax.Source
	found []*Program
}

// read parses a text that is valid JSON.
func (w *jsonWalker) read(content string) (*node, bool) {
	d := json.NewDecoder(bytes.NewReader([]byte(content)))
	d.UseNumber()
	n, err := w.next(d, content, 0)
	return n, err == nil
}

func (w *jsonWalker) next(d *json.Decoder, content string, depth int) (*node, error) {
	if depth > maxNesting {
		return nil, errors.New("too deep")
	}
	from := int(d.InputOffset())
	from += len(content[from:]) - len(strings.TrimLeft(content[from:], " \t\r\n,:"))
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	n := &node{from: from}
	switch tok {
	case json.Delim('{'):
		n.fields = map[string]*node{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := w.next(d, content, depth+1)
			if err != nil {
				return nil, err
			}
			name := key.(string)
			n.names = append(n.names, name)
			n.fields[name] = v
		}
		_, err = d.Token()
	case json.Delim('['):
		for d.More() {
			v, err := w.next(d, content, depth+1)
			if err != nil {
				return nil, err
			}
			n.elems = append(n.elems, v)
		}
		_, err = d.Token()
	default:
		n.text, n.isText = tok.(string)
	}
	n.to = int(d.InputOffset())
	return n, err
}

// value finds the programs in a value; name is that of the object around it.
func (w *jsonWalker) value(n *node, name string) {
	if own := n.fields["name"]; own != nil && own.isText {
		name = own.text
	}
	if program := n.fields["programText"]; program != nil && program.isText {
		w.program(n, program, name)
	}
	for i, field := range n.names {
		if lastField(n.names, i) {
			w.value(n.fields[field], name)
		}
	}
	for _, elem := range n.elems {
		w.value(elem, name)
	}
}

// lastField reports whether no later field has the same name: that one counts.
func lastField(names []string, i int) bool {
	for _, other := range names[i+1:] {
		if other == names[i] {
			return false
		}
	}
	return true
}

func (w *jsonWalker) program(n, program *node, name string) {
	var t text
	w.decode(&t, program)
	found := Program{File: w.src.Name, Name: name, AllLabels: true}
	switch {
	case n.fields["rules"] != nil:
		found.Kind = Detector
		for _, rule := range n.fields["rules"].elems {
			w.label(&found, rule.fields["detectLabel"], rule.fields["severity"])
		}
	case n.fields["goodEventsLabel"] != nil || n.fields["totalEventsLabel"] != nil:
		found.Kind = SLO
		w.label(&found, n.fields["goodEventsLabel"], nil)
		w.label(&found, n.fields["totalEventsLabel"], nil)
	case n.fields["options"] != nil:
		found.Kind = Chart
		if list := n.fields["options"].fields["publishLabelOptions"]; list != nil {
			for _, o := range list.elems {
				w.label(&found, o.fields["label"], nil)
			}
		}
	}
	p := t.program(found)
	p.Body = &Body{File: w.src.Name, From: program.from, To: program.to, Parts: []Part{{Text: p.Text}}, form: encoded}
	w.found = append(w.found, p)
}

func (w *jsonWalker) label(p *Program, label, severity *node) {
	if label == nil || !label.isText {
		return
	}
	l := Label{Text: label.text, Known: true, At: placeIn(w.src, label.from+1, label.to-1)}
	if severity != nil {
		l.Severity = severity.text
	}
	p.Labels = append(p.Labels, l)
}

// decode adds what a string of JSON stands for: runs of text as they are, escapes one by
// one.
func (w *jsonWalker) decode(t *text, n *node) {
	raw := w.src.Text
	start, end := n.from+1, n.to-1
	flush := func(at int) {
		t.add(segment{text: raw[start:at], src: w.src, from: start, to: at, exact: true})
	}
	for at := start; at < end; {
		if raw[at] != '\\' {
			at++
			continue
		}
		flush(at)
		length, value := escapeOfJSON(raw[at:end])
		t.add(segment{text: value, src: w.src, from: at, to: at + length})
		at += length
		start = at
	}
	flush(end)
}

// escapeOfJSON returns the length of the escape that a text begins with, and its meaning.
func escapeOfJSON(s string) (length int, value string) {
	switch s[1] {
	case 'b':
		return 2, "\b"
	case 'f':
		return 2, "\f"
	case 'n':
		return 2, "\n"
	case 'r':
		return 2, "\r"
	case 't':
		return 2, "\t"
	case 'u':
		r := hex4(s[2:6])
		if utf16.IsSurrogate(r) {
			if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
				if pair := utf16.DecodeRune(r, hex4(s[8:12])); pair != utf8.RuneError {
					return 12, string(pair)
				}
			}
			return 6, string(utf8.RuneError)
		}
		return 6, string(r)
	}
	return 2, s[1:2]
}

func hex4(s string) rune {
	n, _ := strconv.ParseUint(s, 16, 16) // the text is valid JSON
	return rune(n)
}

// encodeJSON returns a text as it stands between the quotes of a string.
func encodeJSON(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s) // a string can always be written
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(b.String(), "\n"), `"`), `"`)
}
