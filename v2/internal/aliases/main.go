// Command aliases writes the packages of this module: for each exported name of a package of
// the library, one alias in the package of the same name here. Types, constants and error
// values are the library's own; a function calls the library's, with its signature.
//
// It runs in its own folder, by go generate.
package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
)

//go:generate go run .

const (
	library = "github.com/signalfx/signalflow-client-go"
	root    = "../../.." // the folder of the library, seen from here
)

// packages are the folders that are repeated, the same in the library and in this module.
var packages = []string{"signalflow", "signalflow/messages"}

// target returns the file that holds the aliases of a package, seen from here.
func target(folder string) string {
	return filepath.Join(root, "v2", filepath.FromSlash(folder), "aliases.go")
}

// generate returns the text of that file.
func generate(folder string) ([]byte, error) {
	src, err := read(filepath.Join(root, filepath.FromSlash(folder)))
	if err != nil {
		return nil, err
	}
	return src.write(path.Join(library, folder))
}

func main() {
	for _, folder := range packages {
		text, err := generate(folder)
		if err == nil {
			err = os.WriteFile(target(folder), text, 0o644)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "aliases:", err)
			os.Exit(1)
		}
	}
}
