package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/signalfx/signalflow-client-go/internal/lint"
)

// Of a diagnostic about a file as a whole the lines and columns are left out.
type jsonDiagnostic struct {
	File      string `json:"file"`
	Line      int    `json:"line,omitempty"`
	Column    int    `json:"column,omitempty"`
	EndLine   int    `json:"endLine,omitempty"`
	EndColumn int    `json:"endColumn,omitempty"`
	Severity  string `json:"severity"`
	Rule      string `json:"rule"`
	Message   string `json:"message"`
	Hint      string `json:"hint,omitempty"`
	Program   string `json:"program,omitempty"`
	Fixable   bool   `json:"fixable"`
}

type jsonSummary struct {
	Files    int `json:"files"`
	Programs int `json:"programs"`
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
}

// writeJSON prints one object.
func (r *checkReport) writeJSON(w io.Writer) error {
	out := struct {
		Summary     jsonSummary      `json:"summary"`
		Diagnostics []jsonDiagnostic `json:"diagnostics"`
	}{
		jsonSummary{r.files, r.programs, r.count(lint.Error), r.count(lint.Warning)},
		[]jsonDiagnostic{},
	}
	for _, d := range r.diagnostics {
		out.Diagnostics = append(out.Diagnostics, jsonDiagnostic{
			File: d.File, Line: d.Start.Line, Column: d.Start.Column, EndLine: d.End.Line, EndColumn: d.End.Column,
			Severity: d.severity.String(), Rule: d.rule, Message: d.msg, Hint: d.hint, Program: d.program, Fixable: len(d.fix) > 0,
		})
	}
	return encode(w, out)
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// object is a JSON object.
type object = map[string]any

// writeSARIF prints a log of SARIF 2.1.0: the rules, and a result for each diagnostic.
func (r *checkReport) writeSARIF(w io.Writer) error {
	levels := map[lint.Severity]string{lint.Info: "note", lint.Warning: "warning", lint.Error: "error"}
	index := map[string]int{}
	var rules, results []object
	for i, rule := range lint.Rules {
		index[rule.Name] = i
		rules = append(rules, object{
			"id": rule.Name, "shortDescription": object{"text": rule.Doc},
			"defaultConfiguration": object{"level": levels[rule.Severity]},
		})
	}
	results = []object{}
	for _, d := range r.diagnostics {
		place := object{"artifactLocation": object{"uri": fileURI(d.File)}}
		if d.Start.Line > 0 {
			place["region"] = object{
				"startLine": d.Start.Line, "startColumn": d.Start.Column, "endLine": d.End.Line, "endColumn": d.End.Column,
			}
		}
		results = append(results, object{
			"ruleId": d.rule, "ruleIndex": index[d.rule], "level": levels[d.severity],
			"message":   object{"text": d.message()},
			"locations": []object{{"physicalLocation": place}},
		})
	}
	return encode(w, object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"version": "2.1.0",
		"runs": []object{{
			"tool": object{"driver": object{
				"name": "signalflow", "version": version(),
				"informationUri": "https://github.com/signalfx/signalflow-client-go", "rules": rules,
			}},
			"columnKind": "unicodeCodePoints",
			"results":    results,
		}},
	})
}

// fileURI returns a path as SARIF wants it: relative where the path is.
func fileURI(path string) string {
	u := url.URL{Path: filepath.ToSlash(path)}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	}
	return u.String()
}

// writeGitHub prints workflow commands that GitHub Actions shows beside the lines.
func (r *checkReport) writeGitHub(w io.Writer) error {
	levels := map[lint.Severity]string{lint.Info: "notice", lint.Warning: "warning", lint.Error: "error"}
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, d := range r.diagnostics {
		at := "file=" + property.Replace(filepath.ToSlash(d.File))
		if d.Start.Line > 0 {
			at += fmt.Sprintf(",line=%d,col=%d", d.Start.Line, d.Start.Column)
			if d.End.Line == d.Start.Line {
				at += fmt.Sprintf(",endLine=%d,endColumn=%d", d.End.Line, d.End.Column)
			}
		}
		_, err := fmt.Fprintf(w, "::%s %s,title=%s::%s\n", levels[d.severity], at, property.Replace(d.rule), data.Replace(d.message()))
		if err != nil {
			return err
		}
	}
	return nil
}
