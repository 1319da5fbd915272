package deptest

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

func TestImports(t *testing.T) {
	r := open(t)
	report(t, checkTable(r))
	report(t, checkBanned(r))
	report(t, checkTestImports(r))
}

// checkTable compares the imports of linked code with the table, both ways: a package
// without a row, and a row without a package, are faults too.
func checkTable(r *repo) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	rows := map[string]row{}
	for _, row := range table {
		rows[row.folder] = row
		if r.packages[row.folder] == nil {
			fault("%s: is in the import table but has no Go files: remove the row", row.folder)
		}
	}
	for _, folder := range r.folders() {
		if within(folder, anything) || r.onlyTests(folder) {
			continue
		}
		row, ok := rows[folder]
		if !ok {
			fault("%s: is not in the import table: add a row with its reason to internal/deptest/table_test.go", folder)
			continue
		}
		for _, imp := range r.packages[folder].imports {
			target, ours := ourFolder(imp.path)
			switch {
			case imp.test || !ours && isStd(imp.path):
			case ours && !slices.Contains(row.ours, target):
				fault("%s: %s imports %s; of ours it may import %s: %s", imp.at, folder, target, list(row.ours), row.why)
			case !ours && !slices.ContainsFunc(row.others, func(other string) bool { return within(imp.path, other) }):
				fault("%s: %s imports %s; of others it may import %s: %s", imp.at, folder, imp.path, list(row.others), row.why)
			}
		}
	}
	return faults
}

// checkBanned looks for packages that linked code must not bring.
func checkBanned(r *repo) (faults []string) {
	for _, folder := range r.folders() {
		if within(folder, anything) {
			continue
		}
		for _, imp := range r.packages[folder].imports {
			for name, why := range banned {
				if !imp.test && within(imp.path, name) {
					faults = append(faults, fmt.Sprintf("%s: linked code imports %s: %s", imp.at, imp.path, why))
				}
			}
		}
	}
	return faults
}

// checkTestImports holds the tests of a module to its own packages and its test libraries.
func checkTestImports(r *repo) (faults []string) {
	for _, folder := range r.folders() {
		if within(folder, anything) {
			continue
		}
		home := r.moduleOf(folder)
		for _, imp := range r.packages[folder].imports {
			target, ours := ourFolder(imp.path)
			allowed := isStd(imp.path) || slices.ContainsFunc(testLibraries[home], func(lib string) bool { return within(imp.path, lib) })
			if ours {
				allowed = r.moduleOf(target) == "." || r.moduleOf(target) == home
			}
			if imp.test && !allowed {
				faults = append(faults, fmt.Sprintf("%s: a test imports %s; the tests of this module may import the standard library, the packages of its own module and of the library, %s", imp.at, imp.path, list(testLibraries[home])))
			}
		}
	}
	return faults
}

// onlyTests tells whether a folder has nothing that could be linked: a package of tests.
func (r *repo) onlyTests(folder string) bool {
	for name := range r.files {
		if path.Dir(name) == folder && path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") {
			return false
		}
	}
	return true
}

func TestWalls(t *testing.T) {
	report(t, checkWalls(open(t)))
}

// checkWalls follows imports from package to package.
func checkWalls(r *repo) (faults []string) {
	for _, wall := range walls {
		for _, from := range wall.from {
			reached := r.reach(from)
			for _, never := range wall.never {
				if chain := reached[never]; chain != nil {
					faults = append(faults, fmt.Sprintf("%s reaches %s: %s", from, strings.Join(chain, " → "), wall.why))
				}
			}
		}
	}
	return faults
}

// reach returns the folders and packages that linked code of a folder imports, directly or
// through our own packages, each with the chain of imports that leads to it.
func (r *repo) reach(from string) map[string][]string {
	reached := map[string][]string{}
	queue := []string{from}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if r.packages[at] == nil {
			continue
		}
		for _, imp := range r.packages[at].imports {
			target, ours := ourFolder(imp.path)
			if !ours {
				target = imp.path
			}
			if imp.test || reached[target] != nil {
				continue
			}
			reached[target] = append(slices.Clone(reached[at]), target)
			if ours {
				queue = append(queue, target)
			}
		}
	}
	return reached
}

func TestNoCircles(t *testing.T) {
	report(t, checkCircles(open(t), "cmd/signalflow/internal"))
}

// checkCircles looks for circles among the folders below one, with the imports of tests,
// which the compiler lets pass when the test is external.
func checkCircles(r *repo, below string) (faults []string) {
	const visiting, done = 1, 2
	state := map[string]int{}
	var visit func(folder string, chain []string)
	visit = func(folder string, chain []string) {
		chain = append(slices.Clone(chain), folder)
		if state[folder] == visiting {
			start := slices.Index(chain, folder)
			faults = append(faults, "imports run in a circle: "+strings.Join(chain[start:], " → "))
		}
		if state[folder] != 0 {
			return
		}
		state[folder] = visiting
		for _, target := range r.neighbours(folder) {
			if within(target, below) {
				visit(target, chain)
			}
		}
		state[folder] = done
	}
	for _, folder := range r.folders() {
		if within(folder, below) {
			visit(folder, nil)
		}
	}
	return faults
}

// neighbours returns the other folders of ours that a folder's files import, sorted.
func (r *repo) neighbours(folder string) []string {
	set := map[string]bool{}
	if p := r.packages[folder]; p != nil {
		for _, imp := range p.imports {
			if target, ours := ourFolder(imp.path); ours && target != folder {
				set[target] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func TestNames(t *testing.T) {
	report(t, checkNames(open(t)))
}

// checkNames asks of a package that its name says what is inside, and that it is the
// folder's name.
func checkNames(r *repo) (faults []string) {
	for _, folder := range r.folders() {
		for name := range strings.SplitSeq(folder, "/") {
			if slices.Contains(emptyNames, name) {
				faults = append(faults, fmt.Sprintf("%s: the name %q says nothing about what is inside", folder, name))
			}
		}
		for _, name := range r.packages[folder].names {
			if name != "main" && name != path.Base(folder) {
				faults = append(faults, fmt.Sprintf("%s: holds package %s: name the folder like its package", folder, name))
			}
		}
	}
	return faults
}

// within tells whether a folder or import path is another one, or lies below it.
func within(name, above string) bool {
	return name == above || strings.HasPrefix(name, above+"/")
}

func list(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
