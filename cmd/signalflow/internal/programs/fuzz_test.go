package programs

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// A text of a program is what the HCL library makes of its expression, if all of it is
// known, and every place lies in the file.
func FuzzTerraform(f *testing.F) {
	for _, seed := range []string{manyResources, moreResources,
		"resource \"signalfx_time_chart\" \"x\" {\n  program_text = <<-EOF\n\ta${1}\r\n\n \t b\u0301 $${ %%{ \\n\n${true ? \"x\\t\" : 2}\n%{ for i in [1, 2] ~}\n  ${i}\n%{ endfor }  EOF\n}\n",
		"resource \"a\" {\n  program_text = \"\\u00e4\\U0001F600 $${x} ${\"a${5}\"}%{ if true }b%{ else }c%{ endif }\\\\\"\n}\n",
		"locals {\n  a = local.b\n  b = local.a\n}\nresource \"a\" \"b\" {\n  program_text = local.a\n}\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file") {
			return // it would read files that it names
		}
		folder := write(t, "main.tf", text)
		r := Read([]string{folder}, nil, Options{})
		parsed, diags := hclsyntax.ParseConfig([]byte(text), "main.tf", hcl.InitialPos)
		for _, p := range r.Programs {
			if diags.HasErrors() {
				continue // what the tree holds then is anybody's guess
			}
			holds(t, p)
			if p.File != filepath.Join(folder, "main.tf") {
				t.Errorf("a program of %s", p.File)
			}
		}
		if diags.HasErrors() || len(r.Programs) != 1 || len(r.Programs[0].Guesses) > 0 {
			return
		}
		for _, block := range parsed.Body.(*hclsyntax.Body).Blocks {
			attr := block.Body.Attributes["program_text"]
			if attr == nil {
				continue
			}
			v, diags := attr.Expr.Value(&hcl.EvalContext{Functions: functions()})
			if want, ok := asString(v); !diags.HasErrors() && ok && want != r.Programs[0].Text {
				t.Errorf("%s\nhas the program\n%q\nwant\n%q", text, r.Programs[0].Text, want)
			}
		}
	})
}
