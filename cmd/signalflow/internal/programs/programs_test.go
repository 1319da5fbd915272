package programs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/eval"
	"github.com/signalfx/signalflow-client-go/syntax"
)

// write makes files in a folder of their own, given as "name", "text", and returns it.
func write(t testing.TB, files ...string) string {
	t.Helper()
	folder := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(folder, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// read returns the programs of paths, each of which must hold together.
func read(t testing.TB, o Options, paths ...string) []*Program {
	t.Helper()
	r := Read(paths, nil, o)
	for _, p := range r.Problems {
		t.Errorf("%s:%v: %s", p.File, p.Start, p.Msg)
	}
	for _, p := range r.Programs {
		holds(t, p)
	}
	return r.Programs
}

// holds checks what is true of every program: what stands in a file as it is is found there
// byte by byte, every place lies in its file, and the body written back changes nothing.
func holds(t testing.TB, p *Program) {
	t.Helper()
	files := map[string]string{}
	load := func(name string) string {
		if _, ok := files[name]; !ok {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = string(data)
		}
		return files[name]
	}
	for i := range len(p.Text) {
		sp := syntax.Span{From: syntax.Pos(i), To: syntax.Pos(i + 1)}
		at := p.Place(sp)
		file := load(at.File)
		if at.From < 0 || at.To < at.From || at.To > len(file) {
			t.Fatalf("%s: offset %d is at %+v", p.Name, i, at)
		}
		if p.Exact(sp) && (file[at.From] != p.Text[i] || at.To != at.From+1) {
			t.Errorf("%s: offset %d, %q, is at %d, %q", p.Name, i, p.Text[i], at.From, file[at.From:at.To])
		}
	}
	if p.Body == nil {
		return
	}
	edit, err := p.Body.Edit(p.Body.Parts)
	if err != nil {
		t.Error(err)
	}
	file := load(edit.File)
	same, err := Apply(file, []Edit{edit})
	if err != nil || p.Body.form != quoted && p.Body.form != encoded && same != file {
		t.Errorf("written back, %s is\n%s\nwant\n%s", edit.File, same, file)
	}
}

const manyResources = `
variable "host" {}
variable "limit" {
  type    = number
  default = 90
}
variable "over" {
  type    = string
  default = null
}
locals {
  by     = "['host', 'zone']"
  filter = "filter('env', \"${var.env}\")"
  whole  = <<-EOT
    data('whole').publish()
  EOT
}
resource "signalfx_detector" "cpu" {
  name         = "cpu"
  program_text = <<-EOF
    cpu = data('cpu', filter=${local.filter}).mean(by=${local.by}) # ü
    %{ if var.over != null }.mean(over='${var.over}')%{ endif }

    x = '$${a} %%{b}'
    detect(when(cpu > ${var.limit})).publish('${upper("crit")}')
  EOF
  rule {
    detect_label = "CRIT"
    severity     = "Critical"
  }
  rule {
    detect_label = "${var.host} high"
    severity     = "Major"
  }
}
`

const moreResources = `
variable "env" { default = "qa" }
resource "signalfx_time_chart" "quoted" {
  program_text = "data(\"cpu\").publish(label='A')\n# \u00e4 $${b} \\ ${trimspace(" c ")}"
  viz_options {
    label = "A"
  }
}
resource "signalfx_list_chart" "local" {
  program_text = trimspace(local.whole)
}
resource "signalfx_heatmap_chart" "trimmed" {
  program_text = <<-EOF
    a = 1
      %{~ if var.env == "qa" ~}
    b = 2
      %{~ else ~}
    c = 3
      %{~ endif ~}
    d = 4
  EOF
}
resource "signalfx_slo" "slo" {
  input {
    program_text       = <<EOF
G = data('good')
  # a comment
EOF
    good_events_label  = "G"
    total_events_label = "T"
  }
}
resource "signalfx_single_value_chart" "each" {
  for_each     = { b = 2, a = 1 }
  program_text = "data('${each.key}').scale(${each.value}).publish()"
}
resource "signalfx_single_value_chart" "set" {
  for_each     = toset(["x"])
  program_text = <<EOF
data('${each.value}').publish()
EOF
}
`

func TestTerraform(t *testing.T) {
	folder := write(t, "main.tf", manyResources, "more.tf", moreResources, "terraform.tfvars", "env = \"prod\"\n")
	programs := read(t, Options{}, folder)
	text := map[string]string{
		"signalfx_detector.cpu": `cpu = data('cpu', filter=filter('env', "prod")).mean(by=['host', 'zone']) # ü` +
			"\n\n\nx = '${a} %{b}'\ndetect(when(cpu > 90)).publish('CRIT')\n",
		"signalfx_time_chart.quoted":            "data(\"cpu\").publish(label='A')\n# ä ${b} \\ c",
		"signalfx_list_chart.local":             "data('whole').publish()",
		"signalfx_heatmap_chart.trimmed":        "    a = 1\n    c = 3\n    d = 4\n",
		"signalfx_slo.slo":                      "G = data('good')\n  # a comment\n",
		`signalfx_single_value_chart.each["a"]`: "data('a').scale(1).publish()",
		`signalfx_single_value_chart.each["b"]`: "data('b').scale(2).publish()",
		`signalfx_single_value_chart.set["x"]`:  "data('x').publish()\n",
	}
	kinds := map[string]Kind{"signalfx_detector.cpu": Detector, "signalfx_slo.slo": SLO}
	for _, p := range programs {
		want, ok := text[p.Name]
		if !ok || p.Text != want {
			t.Errorf("%s is\n%q\nwant\n%q", p.Name, p.Text, want)
		}
		if kind, ok := kinds[p.Name]; !ok && p.Kind != Chart || ok && p.Kind != kind {
			t.Errorf("%s is a %s", p.Name, p.Kind)
		}
		if strings.HasSuffix(p.Name, ".trimmed") && !p.Exact(syntax.Span{From: 4, To: 9}) {
			t.Error("what stands beside marks that trim has lost its place")
		}
		delete(text, p.Name)
	}
	if len(text) > 0 {
		t.Errorf("not found: %v", text)
	}
	labels := programs[0].Labels
	if len(labels) != 2 || labels[0].Text != "CRIT" || labels[0].Severity != "Critical" || !labels[0].Known || labels[1].Known ||
		labels[0].At.Start != (syntax.Position{Line: 28, Column: 21}) || programs[0].AllLabels {
		t.Errorf("labels are %+v", labels)
	}
}

// The value of a variable comes from the most particular place that has one.
func TestVariables(t *testing.T) {
	declare := func(kind, def string) string {
		return "variable \"a\" {\n  type = " + kind + "\n" + def +
			"}\nresource \"signalfx_time_chart\" \"x\" {\n  program_text = \"data('m').scale(${var.a}).publish()\"\n}\n"
	}
	for _, test := range []struct {
		files []string
		o     Options
		value string
		known bool
	}{
		{[]string{"main.tf", declare("number", "")}, Options{}, "1", false},
		{[]string{"main.tf", declare("any", "default = null\n")}, Options{}, "1", false},
		{[]string{"main.tf", declare("number", "default = 2\n")}, Options{}, "2", true},
		{[]string{"main.tf", declare("number", "default = \"2\"\n")}, Options{}, "2", true},
		{[]string{"main.tf", declare("number", "default = 2\n"), "terraform.tfvars", "a = 3"}, Options{}, "3", true},
		{[]string{"main.tf", declare("number", "default = 2\n"), "terraform.tfvars", "a = 3", "x.auto.tfvars", "a = 4"}, Options{}, "4", true},
		{[]string{"main.tf", declare("number", "default = 2\n"), "terraform.tfvars", "a = 3"}, Options{Vars: map[string]string{"a": "5"}}, "5", true},
		{[]string{"main.tf", declare("string", "")}, Options{Vars: map[string]string{"a": "${6}"}}, "${6}", true},
		{[]string{"main.tf", declare("list(number)", "default = [7]\n")}, Options{}, "1", false},
	} {
		folder := write(t, test.files...)
		p := Read([]string{folder}, nil, test.o).Programs[0]
		if want := "data('m').scale(" + test.value + ").publish()"; p.Text != want || (len(p.Guesses) == 0) != test.known {
			t.Errorf("%q: %s %v, want %s", test.files, p.Text, p.Guesses, want)
		}
	}
	folder := write(t, "m/main.tf", declare("number", ""), "prod.tfvars", "a = 8")
	r := Read([]string{filepath.Join(folder, "m")}, nil, Options{VarFiles: []string{filepath.Join(folder, "prod.tfvars")}})
	if p := r.Programs[0]; p.Text != "data('m').scale(8).publish()" {
		t.Errorf("with a file of values: %s", p.Text)
	}
}

// A program in a file of its own is shown there, and is no program by itself.
func TestFileFunctions(t *testing.T) {
	folder := write(t, "main.tf", `
resource "signalfx_detector" "file" {
  program_text = file("${path.module}/cpu.flow")
}
resource "signalfx_time_chart" "template" {
  program_text = templatefile("${path.module}/t.tftpl", { metric = "mem", n = 5 })
}
resource "signalfx_time_chart" "missing" {
  program_text = file("nowhere.flow")
}
`, "cpu.flow", "detect(when(data('cpu') > 5)).publish('a')\n",
		"t.tftpl", "# %%{\n%{ if n > 3 ~}\ndata('${metric}').top(${n}).publish()\n%{ endif ~}\n")
	programs := read(t, Options{}, folder)
	if len(programs) != 3 {
		t.Fatalf("%d programs, want 3", len(programs))
	}
	for i, want := range []string{"detect(when(data('cpu') > 5)).publish('a')\n", "# %{\ndata('mem').top(5).publish()\n", ""} {
		if programs[i].Text != want {
			t.Errorf("%s is %q, want %q", programs[i].Name, programs[i].Text, want)
		}
	}
	from := syntax.Pos(strings.Index(programs[1].Text, "top"))
	at := programs[1].Place(syntax.Span{From: from, To: from + 3})
	if filepath.Base(at.File) != "t.tftpl" || at.Start != (syntax.Position{Line: 3, Column: 19}) {
		t.Errorf("'top' is at %+v", at)
	}
	if g := programs[2].Guesses; len(g) != 1 || g[0].Name != `file("nowhere.flow")` {
		t.Errorf("of a file that is not there %+v is guessed", g)
	}
}

// What stands for an unknown value fits wherever it stands.
func TestGuesses(t *testing.T) {
	for _, text := range []string{
		`data('${var.x}').publish()`,
		`data("a.${var.x}.b").publish()`,
		`data(${var.x}).publish()`,
		`data('m', filter=${var.x}).publish()`,
		`data('m', ${var.x}).publish()`,
		`data('m', filter('a', 'b') and ${var.x}).publish()`,
		`data('m', filter=not ${var.x} and filter('a', '${var.y}')).publish()`,
		"f = filter('a', 'b') and ${var.x}\ndata('m', f).publish()",
		`data('m', rollup='${var.x}', extrapolation='${var.y}').publish()`,
		`data('m', filter('a', 'b'))${var.x}${var.y}.publish()`,
		`data('m').${var.x}(by='host').publish()`,
		`data('m').${var.x}.publish()`,
		`data('m').mean(by=${var.x}).publish()`,
		`data('m').mean(by=['${var.x}', ${var.y}]).publish()`,
		`data('m').mean(over='${var.x}').publish()`,
		`data('m').mean(over='${var.x}m').publish()`,
		`data('m').mean(over=${var.x}).publish()`,
		`data('m').timeshift('${var.x}').publish()`,
		`data('m').timeshift(${var.x}).publish()`,
		`data('m').scale(${var.x}).publish()`,
		`data('m').fill(${var.x}).publish()`,
		`data('m').percentile(${var.x}, by='${var.y}').publish()`,
		`(data('m') * ${var.x}).publish()`,
		`(${var.x} * data('m')).publish()`,
		`(data('m') > ${var.x}).publish()`,
		`detect(when(data('m') > ${var.x}, lasting='${var.y}', at_least=${var.z})).publish('${var.l}')`,
		`detect(when(data('m') > ${var.x}, '${var.y}', ${var.z})).publish(${var.l})`,
		`detect(when(data('m') > 5, ${var.x}, ${var.z})).publish('a')`,
		`detect(when(data('m') > 5, ${var.x}), off=${var.z}, mode='${var.m}').publish('a')`,
		`detect(${var.x}).publish('a')`,
		`detect(when(data('m') > 5) and ${var.x}).publish('a')`,
		`detect(when(data('m') > 5), auto_resolve_after='${var.x}').publish('a')`,
		"x = ${var.x}\nx.publish()",
		"${var.x}\ndata('m').publish()",
		"data('m').publish() # ${var.x}",
		"data('m').publish(label='${var.x} b', enable=${var.y})",
		"data('m').promote(${var.x}).dimensions(renames={'${var.x}': ${var.y}}).publish()",
		"data('m').publish()\nif ${var.x}:\n    data('n').publish()",
		"def f(a=${var.x}):\n    return a\nf()\ndata('m').publish()",
	} {
		folder := write(t, "main.tf", "resource \"signalfx_time_chart\" \"x\" {\n  program_text = <<EOF\n"+text+"\nEOF\n}\n")
		p := read(t, Options{}, folder)[0]
		if _, err := eval.Compile(p.Text, eval.Options{}); err != nil {
			t.Errorf("%s\nbecomes\n%s%v", text, p.Text, err)
		}
		if len(p.Guesses) != strings.Count(text, "${") {
			t.Errorf("%s\nhas %d guesses", text, len(p.Guesses))
		}
	}
}

func TestJSON(t *testing.T) {
	folder := write(t, "all.json", `[
  {"name": "cpu", "programText": "detect(when(data(\"cpu\") > 5)).publish('a')\n# \u00e4\ud83d\ude00\/\t\\",
   "rules": [{"detectLabel": "a", "severity": "Major"}, {"severity": "Minor", "detectLabel": "b"}]},
  {"chart": {"name": "c", "programText": "data('m').publish('x')", "options": {"publishLabelOptions": [{"label": "x"}, {"label": "y"}]}}},
  {"name": "slo", "inputs": {"programText": "G = data('g')", "goodEventsLabel": "G", "totalEventsLabel": "T"}},
  {"programText": 5, "a": {"programText": "data('n')"}}
]`, "other.json", `{"a": [1, 2`, "package.json", `{"name": "x"}`)
	programs := read(t, Options{}, folder)
	var got []string
	for _, p := range programs {
		line := p.Kind.String() + " " + p.Name + " " + p.Text
		for _, l := range p.Labels {
			line += " " + l.Text + "=" + l.Severity
			if data, _ := os.ReadFile(l.At.File); string(data[l.At.From:l.At.To]) != l.Text {
				t.Errorf("label %s is at %+v", l.Text, l.At)
			}
		}
		got = append(got, line)
	}
	want := []string{
		"detector cpu detect(when(data(\"cpu\") > 5)).publish('a')\n# ä😀/\t\\ a=Major b=Minor",
		"chart c data('m').publish('x') x= y=",
		"slo slo G = data('g') G= T=",
		"flow  data('n')",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	edit, err := programs[0].Body.Edit([]Part{{Text: "data('<\"é\\')\n"}})
	if err != nil || edit.New != `"data('<\"é\\')\n"` {
		t.Errorf("%s, %v", edit.New, err)
	}
	if _, err := programs[0].Body.Edit([]Part{{Text: "${x}", Code: true}}); err == nil {
		t.Error("code of Terraform in JSON")
	}
}

func TestProblems(t *testing.T) {
	folder := write(t, "bad.tf", "resource \"x\" {\n  a = <<EOF\nx\n", "bad.json", "{\"programText\": }", "empty.json", "{}",
		"text.txt", "data('m').publish()", "mark.flow", "\ufeffdata('m').publish()", ".hidden/a.flow", "x", "node_modules/b.flow", "x",
		"inner/c.js.flow", "x", "inner/d.flow", "y")
	r := Read([]string{folder}, nil, Options{})
	var names []string
	for _, p := range r.Programs {
		names = append(names, filepath.Base(p.File))
		if p.Text[0] == 0xef {
			t.Error("the byte order mark is part of the program")
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"d.flow", "mark.flow"}) || r.Files != 4 {
		t.Errorf("found %v in %d files", names, r.Files)
	}
	var problems []string
	for _, p := range r.Problems {
		problems = append(problems, filepath.Base(p.File)+" "+p.Msg)
	}
	if len(problems) < 2 || !strings.HasPrefix(problems[0], "bad.json invalid character '}'") || !strings.HasPrefix(problems[1], "bad.tf ") {
		t.Errorf("problems %q", problems)
	}
	in := func(name string) string { return filepath.Join(folder, name) }
	r = Read([]string{in("text.txt"), in("text.txt"), in("empty.json"), in("nowhere"), Stdin}, strings.NewReader("x"), Options{})
	if len(r.Programs) != 2 || r.Programs[1].File != StdinName || len(r.Problems) != 2 ||
		r.Problems[0].Msg != "no program is in this file" || r.Problems[1].Msg != "no such file or directory" {
		t.Errorf("named: %+v, %+v", r.Programs, r.Problems)
	}
	r = Read([]string{Stdin}, strings.NewReader("variable \"a\" {}\n"), Options{StdinName: in("variables.tf")})
	if len(r.Programs) != 0 || len(r.Problems) != 0 || r.Files != 1 {
		t.Errorf("Terraform without a program: %+v", r)
	}
	text := "resource \"signalfx_time_chart\" \"a\" {\n  program_text = \"x\"\n}"
	r = Read([]string{Stdin}, strings.NewReader(text), Options{StdinName: in("new.tf")})
	if len(r.Programs) != 1 || r.Programs[0].Name != "signalfx_time_chart.a" || r.Programs[0].File != in("new.tf") {
		t.Errorf("standard input as Terraform: %+v", r)
	}
}

// Locals that double one another end.
func TestDoubling(t *testing.T) {
	text := "locals {\n  l0 = \"\"\n"
	for i := range 60 {
		text += fmt.Sprintf("  l%d = \"${local.l%d}${local.l%d}\"\n", i+1, i, i)
	}
	folder := write(t, "main.tf", text+"}\nresource \"signalfx_time_chart\" \"x\" {\n  program_text = local.l60\n}\n")
	r := Read([]string{folder}, nil, Options{})
	if len(r.Programs) != 0 || len(r.Problems) != 1 || r.Problems[0].Start.Line != 65 {
		t.Errorf("%+v", r)
	}
}

// A new text of a heredoc gets the indentation and the escapes of the old one.
func TestEdit(t *testing.T) {
	folder := write(t, "main.tf",
		"resource \"signalfx_time_chart\" \"x\" {\n\tprogram_text = <<-EOF\n\t\tdata('${var.x}')\n\n\t\t  .publish()\n\t\tEOF\n}\n"+
			"resource \"signalfx_time_chart\" \"y\" {\n  program_text = \"data('m')\"\n}\n")
	programs := read(t, Options{}, folder)
	parts := []Part{{Text: "a '${b}'\n\n"}, {Text: "${var.x}", Code: true}, {Text: "\n  c\n"}}
	edit, err := programs[0].Body.Edit(parts)
	if want := "\t\ta '$${b}'\n\n\t\t${var.x}\n\t\t  c\n"; err != nil || edit.New != want {
		t.Errorf("%q, %v, want %q", edit.New, err, want)
	}
	if _, err := programs[0].Body.Edit([]Part{{Text: "a"}}); err == nil {
		t.Error("the closing marker would not be on a line of its own")
	}
	edit, err = programs[1].Body.Edit([]Part{{Text: "a \"${b}\"\n\\"}, {Text: "${var.x}", Code: true}})
	if want := `"a \"$${b}\"\n\\${var.x}"`; err != nil || edit.New != want {
		t.Errorf("%q, %v, want %q", edit.New, err, want)
	}
	got, err := Apply("0123456789", []Edit{{"f", 5, 6, "five"}, {"f", 0, 1, ""}, {"f", 5, 6, "five"}, {"f", 10, 10, "!"}})
	if err != nil || got != "1234five6789!" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Apply("0123456789", []Edit{{"f", 5, 7, "a"}, {"f", 6, 8, "b"}}); err == nil {
		t.Error("edits that overlap are made")
	}
}
