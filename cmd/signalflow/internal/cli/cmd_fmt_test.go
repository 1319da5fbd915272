package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/cmd/signalflow/internal/programs"
)

// parts reads a program in which «…» is code.
func parts(text string) (list []programs.Part) {
	for text != "" {
		before, after, _ := strings.Cut(text, "«")
		if before != "" {
			list = append(list, programs.Part{Text: before})
		}
		code, rest, _ := strings.Cut(after, "»")
		if code != "" {
			list = append(list, programs.Part{Text: code, Code: true})
		}
		text = rest
	}
	return list
}

func TestFormatInterpolations(t *testing.T) {
	for _, test := range []struct{ name, program, want string }{
		{"an argument", "x=data('m',filter=«${f}»)", "x = data('m', filter=«${f}»)\n"},
		{"methods behind a call", "data('m')«${agg}»«${shift}».publish()", "data('m')«${agg}»«${shift}».publish()\n"},
		{"a part of a name", "a_«${n}»=1;«${n}»_b=2", "a_«${n}» = 1\n«${n}»_b = 2\n"},
		{"quotes of a string stay, the value may have the others", `f("«${a}»", "b", "c «${d}» e")`, `f("«${a}»", 'b', "c «${d}» e")` + "\n"},
		{"behind an escape in a string", `f("\"«${a}»" , 1)`, `f("\"«${a}»", 1)` + "\n"},
		{"behind a string", "f('a'«${b}» ,1)", "f('a'«${b}», 1)\n"},
		{"in a comment", "a=1 # \"«${x}» and 'more", "a = 1  # \"«${x}» and 'more\n"},
		{"a directive in a line", "w(x,lasting=«%{ if a == null }»None«%{ else }»'«${a}»'«%{ endif }»)", "w(x, lasting=«%{ if a == null }»None«%{ else }»'«${a}»'«%{ endif }»)\n"},
		{"directives around lines", "«%{ for x in y ~}»\na=1\n«%{ endfor ~}»\n", "«%{ for x in y ~}»\na = 1\n«%{ endfor ~}»\n"},
		{"a name that is taken", "_q=«${a}»", "_q = «${a}»\n"},
		{"a line too long", "data('" + strings.Repeat("m", 80) + "', filter=«${a}», «${more}»)",
			"data(\n    '" + strings.Repeat("m", 80) + "',\n    filter=«${a}»,\n    «${more}»\n)\n"},
		{"code of many lines", "data('m', filter=«${join(\" or \", [\n    for x in y : x\n  ])}»)", "data('m', filter=«${join(\" or \", [\n    for x in y : x\n  ])}»)\n"},
		{"the last argument has a name", "data('" + strings.Repeat("m", 90) + "', filter=«${a}»)", "data(\n    '" + strings.Repeat("m", 90) + "',\n    filter=«${a}»,\n)\n"},
		{"a comma that was there may stay", "data('" + strings.Repeat("m", 90) + "', «${a}» # c\n,)", "data(\n    '" + strings.Repeat("m", 90) + "',\n    «${a}»,  # c\n)\n"},
		{"lines of Windows", "a=1\r\nb=«${x}»\r\n", "a = 1\r\nb = «${x}»\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, program := range []string{test.program, test.want} { // what is formatted stays
				got, err := formatParts("", parts(program))
				if err != nil {
					t.Fatal(err)
				}
				var b strings.Builder
				for _, p := range got {
					if p.Code {
						b.WriteString("«" + p.Text + "»")
					} else {
						b.WriteString(p.Text)
					}
				}
				if b.String() != test.want {
					t.Errorf("got\n%s\nwant\n%s", b.String(), test.want)
				}
			}
		})
	}
	for _, program := range []string{"a = 'x' «${b}»", "a = 5«${b}»", "f(«%{ if a }»\nx\n«%{ endif }»)"} {
		if got, err := formatParts("", parts(program)); err == nil {
			t.Errorf("%s became %q", program, joined(got))
		}
	}
}

// Formatting any text with interpolations keeps them, in their order, or is refused.
func FuzzFormatInterpolations(f *testing.F) {
	for _, seed := range []string{"x=data('m',filter=«${f}»)«${a}»", "a=\"«${x}»\" # «${y}»\n«%{ if x }»b«%{ endif }»", "[«${a}»,\n«${b}» # c\n,]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code := func(list []programs.Part) (all []string) {
			for _, p := range list {
				if p.Code {
					all = append(all, p.Text)
				}
			}
			return all
		}
		from := parts(text)
		got, err := formatParts("", from)
		if err != nil {
			if err == errHoles {
				t.Fatal(err)
			}
			return
		}
		if a, b := strings.Join(code(from), "\x00"), strings.Join(code(got), "\x00"); a != b {
			t.Fatalf("%q became %q", a, b)
		}
		again, err := formatParts("", got)
		if err != nil || joined(again) != joined(got) {
			t.Fatalf("%q, formatted again %q, %v", joined(got), joined(again), err)
		}
	})
}

func TestRewrite(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "a.flow"), filepath.Join(dir, "link.flow")
	if err := os.WriteFile(file, []byte("a=1"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o751); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		link = file
	} else if err := os.Symlink("a.flow", link); err != nil {
		t.Fatal(err)
	}
	if err := rewrite(link, "a = 1\n"); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(file)
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(file); string(text) != "a = 1\n" || runtime.GOOS != "windows" && info.Mode() != 0o751 {
		t.Errorf("%q, %v", text, info.Mode())
	}
	if entries, _ := os.ReadDir(dir); runtime.GOOS != "windows" && len(entries) != 2 {
		t.Errorf("%v", entries)
	}
	if err := rewrite(filepath.Join(dir, "none", "a.flow"), ""); err == nil {
		t.Error("a file in no folder is written")
	}
}

// A file that changes after its programs were found is left alone.
func TestFormatChangedFile(t *testing.T) {
	const text = "resource \"signalfx_detector\" \"a\" {\n  program_text = <<EOF\na  =  1\nEOF\n}\n"
	file := &fileToFormat{name: "a.tf", stdin: true, text: text}
	findPrograms([]*fileToFormat{file})
	for _, changed := range []string{strings.Replace(text, "=  1", "=  2", 1), text[:50], "# new\n" + text} {
		file.text = changed
		if got, mistakes := file.format(); got != changed || len(mistakes) != 1 && len(changed) == len(text) {
			t.Errorf("%q became %q, %v", changed, got, mistakes)
		}
	}
	file.text = text
	if got, mistakes := file.format(); got != strings.Replace(text, "  =  ", " = ", 1) || mistakes != nil {
		t.Errorf("%q, %v", got, mistakes)
	}
}

// Files that are formatted are not touched, not even with the same text.
func TestFormatWritesWhatChanges(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"same.flow": "a = 1\n", "other.flow": "a=1", "bad.flow": "a=", "bom.flow": "\ufeffa = 1\r\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o500); err != nil { // nothing can be made in it
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
	same := filepath.Join(dir, "same.flow")
	before, _ := os.Stat(same)
	if code, out, errs := runApp(t, "fmt", "-w", same, filepath.Join(dir, "bom.flow")); code != exitOK || out+errs != "" {
		t.Errorf("%d %q %q", code, out, errs)
	}
	if after, _ := os.Stat(same); !os.SameFile(before, after) || after.ModTime() != before.ModTime() {
		t.Error("a file that is formatted is written")
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	code, out, errs := runApp(t, "fmt", "-w", dir)
	if code != exitProgram || out != "" || !strings.Contains(errs, "bad.flow:1:3 | a=") {
		t.Errorf("%d %q %q", code, out, errs)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "other.flow")); string(text) != "a = 1\n" {
		t.Errorf("%q", text)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "bad.flow")); string(text) != "a=" {
		t.Errorf("%q", text)
	}
}
