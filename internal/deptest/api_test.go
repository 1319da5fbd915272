package deptest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	features     = "docs/protocol.md"      // what the clients support, ours in the last column
	peerFeatures = "docs/spec/protocol.md" // where the columns of the others come from
	peerHeading  = "### 8.1 "
)

func TestFeatureTable(t *testing.T) {
	r := open(t)
	report(t, checkFeatures(r))
	report(t, checkNamed(r, "docs/migrating.md"))
}

// checkNamed asks that what a page names in the form `*Type`, `Type.Member` or with
// messages. before it exists.
func checkNamed(r *repo, page string) (faults []string) {
	names := r.userNames()
	form := regexp.MustCompile("`(?:\\*|messages\\.|[A-Z]\\w*\\.)+[A-Z]\\w*`")
	found := form.FindAllString(string(r.files[page]), -1)
	if len(found) == 0 {
		faults = append(faults, page+": names nothing of our API")
	}
	for _, name := range found {
		if !names[strings.Trim(name, "`*")] {
			faults = append(faults, fmt.Sprintf("%s: names %s, which does not exist", page, name))
		}
	}
	return faults
}

// userNames returns what a user can name of both public packages, those of messages with
// the name of the package.
func (r *repo) userNames() map[string]bool {
	names := r.exportedNames("signalflow", "")
	maps.Copy(names, r.exportedNames("signalflow/messages", "messages."))
	return names
}

// checkFeatures asks of the table of features that it has each row of the specification,
// with what that says about the peers, and that the last cell of each row names parts of our
// API, all of which exist.
func checkFeatures(r *repo) (faults []string) {
	fault := func(format string, args ...any) {
		faults = append(faults, features+": "+fmt.Sprintf(format, args...))
	}
	names := r.userNames()
	rows := tableRows(string(r.files[features]))
	for _, row := range rows {
		if slices.Contains(row, "") {
			fault("row %q has an empty cell", row[0])
		}
		codes := inCode.FindAllStringSubmatch(row[len(row)-1], -1)
		if len(codes) == 0 {
			fault("row %q names nothing of our API", row[0])
		}
		for _, code := range codes {
			if !names[code[1]] {
				fault("row %q names %s, which does not exist", row[0], code[1])
			}
		}
	}
	_, after, _ := strings.Cut(string(r.files[peerFeatures]), peerHeading)
	section, _, _ := strings.Cut(after, "\n### ")
	peers := tableRows(section)
	if len(peers) == 0 {
		fault("%s has no table under %q", peerFeatures, peerHeading)
	}
	for _, peer := range peers {
		known := peer[:len(peer)-1]
		if !slices.ContainsFunc(rows, func(row []string) bool { return slices.Equal(row[:len(row)-1], known) }) {
			fault("has no row that begins | %s |", strings.Join(known, " | "))
		}
	}
	return faults
}

var inCode = regexp.MustCompile("`([^`]*)`")

// tableRows returns the cells of all tables of a text, without the lines of their heads.
func tableRows(text string) (rows [][]string) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		head := i+1 < len(lines) && strings.HasPrefix(lines[i+1], "| ---")
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || head {
			continue
		}
		var row []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			row = append(row, strings.TrimSpace(cell))
		}
		rows = append(rows, row)
	}
	return rows
}

// exportedNames returns what a user can name of a package, each name after a prefix: X for
// what is declared, X.Y for the fields and methods of X, those of embedded types included.
func (r *repo) exportedNames(folder, prefix string) map[string]bool {
	d := declared{members: map[string]map[string]bool{}, embeds: map[string][]string{}}
	for name, text := range r.files {
		if path.Dir(name) != folder || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			continue // it does not compile, which other tests say
		}
		for _, decl := range file.Decls {
			d.add(decl)
		}
	}
	names := map[string]bool{}
	for name := range d.members {
		names[prefix+name] = ast.IsExported(name)
		for member := range d.all(name) {
			names[prefix+name+"."+member] = ast.IsExported(name) && ast.IsExported(member)
		}
	}
	return names
}

// declared is what a package declares: each name with its fields and methods, and the types
// of its package that it embeds.
type declared struct {
	members map[string]map[string]bool
	embeds  map[string][]string
}

func (d *declared) member(of, name string) {
	if d.members[of] == nil {
		d.members[of] = map[string]bool{}
	}
	if name != "" {
		d.members[of][name] = true
	}
}

// all returns the members of a name and of what it embeds.
func (d *declared) all(name string) map[string]bool {
	members := maps.Clone(d.members[name])
	for _, embedded := range d.embeds[name] {
		maps.Copy(members, d.all(embedded))
	}
	return members
}

func (d *declared) add(decl ast.Decl) {
	if fn, ok := decl.(*ast.FuncDecl); ok {
		if fn.Recv == nil {
			d.member(fn.Name.Name, "")
		} else {
			d.member(typeName(fn.Recv.List[0].Type), fn.Name.Name)
		}
		return
	}
	for _, spec := range decl.(*ast.GenDecl).Specs {
		switch spec := spec.(type) {
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				d.member(name.Name, "")
			}
		case *ast.TypeSpec:
			d.member(spec.Name.Name, "")
			switch t := spec.Type.(type) {
			case *ast.StructType:
				d.fields(spec.Name.Name, t.Fields)
			case *ast.InterfaceType:
				d.fields(spec.Name.Name, t.Methods)
			}
		}
	}
}

func (d *declared) fields(of string, list *ast.FieldList) {
	for _, field := range list.List {
		for _, name := range field.Names {
			d.member(of, name.Name)
		}
		if embedded := typeName(field.Type); len(field.Names) == 0 && embedded != "" {
			d.member(of, embedded)
			d.embeds[of] = append(d.embeds[of], embedded)
		}
	}
}

// typeName returns the name of a type of the same package, "" for others.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	}
	return ""
}

func TestNamedIsChecked(t *testing.T) {
	r := open(t)
	r.files["docs/x.md"] = []byte("`Client.Execute`, `*AuthError`, `messages.DataMessage`, not `client.Nothing` and `Nothing`; but `*Nothing`, `Client.Nothing`, `messages.Nothing`")
	want := []string{"names `*Nothing`", "names `Client.Nothing`", "names `messages.Nothing`"}
	faults := checkNamed(r, "docs/x.md")
	for i := range max(len(want), len(faults)) {
		if i >= len(want) || i >= len(faults) || !strings.Contains(faults[i], want[i]) {
			t.Fatalf("found %q, want %q", faults, want)
		}
	}
}

// TestFeatureTableIsChecked breaks the table in each way that checkFeatures looks for.
func TestFeatureTableIsChecked(t *testing.T) {
	r := open(t)
	text := string(r.files[features])
	for _, test := range []struct{ name, old, new, want string }{
		{"unknown name", "`Client.Execute`", "`Client.Exec`", "names Client.Exec, which does not exist"},
		{"unexported name", "`Client.Execute`", "`Client.transport`", "names Client.transport, which does not exist"},
		{"nothing of ours", "`Client.Execute`", "yes", `row "execute" names nothing of our API`},
		{"empty cell", "| yes, `Client.Execute` |", "| |", `row "execute" has an empty cell`},
		{"a peer changed", "| execute | yes |", "| execute | — |", "has no row that begins | execute | yes |"},
		{"a row is gone", "| execute |", "execute |", "has no row that begins | execute |"},
	} {
		t.Run(test.name, func(t *testing.T) {
			broken := strings.Replace(text, test.old, test.new, 1)
			if broken == text {
				t.Fatalf("%s does not hold %q", features, test.old)
			}
			r.files[features] = []byte(broken)
			if faults := strings.Join(checkFeatures(r), "\n"); !strings.Contains(faults, test.want) {
				t.Errorf("found\n%s\nwant %q", faults, test.want)
			}
		})
	}
}
