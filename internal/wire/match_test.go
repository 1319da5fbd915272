package wire_test

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
)

func parseExpected(want string) frame {
	mark := ""
	for _, m := range []string{"binary gzip", "binary"} {
		if rest, has := strings.CutPrefix(want, m+" "); has {
			mark, want = m, rest
			break
		}
	}
	if !strings.HasPrefix(want, "{") {
		f := frame{mark: "shown", text: want}
		if fields := strings.Fields(strings.Replace(want, "data gzip", "data", 1)); fields[0] == "data" {
			f.channel = fields[1]
		}
		return f
	}
	var m struct {
		Channel string `json:"channel"`
	}
	json.Unmarshal([]byte(want), &m) // a fault shows in match
	return frame{channel: m.Channel, mark: mark, text: want}
}

func (p *player) match(want, got frame) error {
	if want.mark != got.mark {
		return fmt.Errorf("the form of the frame differs")
	}
	if want.mark == "shown" {
		if want.text != got.text {
			return fmt.Errorf("differs")
		}
		return nil
	}
	var w, g any
	if err := json.Unmarshal([]byte(want.text), &w); err != nil {
		return fmt.Errorf("expectation: %w", err)
	}
	if err := json.Unmarshal([]byte(got.text), &g); err != nil {
		return err
	}
	return p.matchValue("message", w, g)
}

// placeholder is a string value that stands for something else: "<int>" any whole number
// from 0, "<text>" any string but "", "<has:…>" a string that contains …, and any other
// name a handle, which must be the same everywhere in the conversation.
var placeholder = regexp.MustCompile(`<[a-z0-9]+(:[^>]*)?>`)

func (p *player) matchValue(path string, want, got any) error {
	if text, ok := want.(string); ok && placeholder.FindString(text) == text && text != "" {
		return p.matchPlaceholder(path, text, got)
	}
	if w, ok := want.(map[string]any); ok {
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is no object", path)
		}
		for key := range g {
			if _, expected := w[key]; !expected {
				return fmt.Errorf("%s.%s was not expected", path, key)
			}
		}
		for key, v := range w {
			if _, has := g[key]; !has {
				return fmt.Errorf("%s.%s is missing", path, key)
			}
			if err := p.matchValue(path+"."+key, v, g[key]); err != nil {
				return err
			}
		}
		return nil
	}
	if fmt.Sprintf("%#v", want) != fmt.Sprintf("%#v", got) {
		return fmt.Errorf("%s is %v", path, got)
	}
	return nil
}

var handleForm = regexp.MustCompile(`^[A-Za-z0-9_-]{10}[AEIMQUYcgkosw048]$`)

func (p *player) matchPlaceholder(path, name string, got any) error {
	text, isText := got.(string)
	part, isPart := strings.CutPrefix(name, "<has:")
	switch {
	case name == "<int>":
		if n, ok := got.(float64); !ok || n < 0 || n != math.Trunc(n) {
			return fmt.Errorf("%s is no whole number: %v", path, got)
		}
	case name == "<text>":
		if text == "" {
			return fmt.Errorf("%s is no text: %v", path, got)
		}
	case isPart:
		if !isText || !strings.Contains(text, strings.TrimSuffix(part, ">")) {
			return fmt.Errorf("%s is %v", path, got)
		}
	case p.seen[name] == "":
		if !handleForm.MatchString(text) {
			return fmt.Errorf("%s is no handle: %v", path, got)
		}
		p.seen[name] = text
	case p.seen[name] != text:
		return fmt.Errorf("%s is %v, want %s = %s", path, got, name, p.seen[name])
	}
	return nil
}
