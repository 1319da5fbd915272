package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkStart measures a whole process from its start to its end, beside one of a program
// that does nothing but print a line.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
		return path
	}
	build := func(name, from string) string {
		path := filepath.Join(dir, name)
		if out, err := exec.Command("go", "build", "-o", path, from).CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		return path
	}
	program := write("cpu.flow", "data('cpu.utilization').mean(by='host').publish('cpu')\n")
	hello := build("hello", write("hello.go", "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(\"hello\\n\") }\n"))
	command := build("signalflow", ".")
	for _, run := range []struct {
		name string
		args []string
	}{
		{"hello", []string{hello}},
		{"version", []string{command, "version"}},
		{"help", []string{command, "--help"}},
		{"fmt", []string{command, "fmt", program}},
		{"check", []string{command, "check", program}},
		{"explain", []string{command, "explain", program}},
	} {
		b.Run(run.name, func(b *testing.B) {
			for b.Loop() {
				if out, err := exec.Command(run.args[0], run.args[1:]...).CombinedOutput(); err != nil {
					b.Fatalf("%v: %s", err, out)
				}
			}
		})
	}
}
