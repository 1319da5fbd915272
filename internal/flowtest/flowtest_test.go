package flowtest_test

import (
	"context"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/internal/flowtest"
)

var update = flag.Bool("update", false, "write what the scripts that run give into them")

// scripts returns the scripts below testdata.
func scripts(t testing.TB) map[string]*flowtest.Script {
	t.Helper()
	found := map[string]*flowtest.Script{}
	err := filepath.WalkDir("testdata", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".flowtest" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		s, err := flowtest.Parse(filepath.ToSlash(path), string(text))
		if err != nil {
			t.Error(err)
			return nil
		}
		found[path] = s
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestScripts runs the scripts, each over history and live.
func TestScripts(t *testing.T) {
	all := scripts(t)
	cases := 0
	for path, s := range all {
		cases += len(s.Cases)
		name := strings.TrimSuffix(filepath.ToSlash(strings.TrimPrefix(path, "testdata"+string(filepath.Separator))), ".flowtest")
		t.Run(name, func(t *testing.T) {
			failures := s.Run(context.Background())
			if *update && len(failures) > 0 {
				if err := os.WriteFile(path, []byte(s.Update(failures)), 0o644); err != nil {
					t.Fatal(err)
				}
				t.Logf("%s is written anew: read the difference", s.Name)
			}
			for _, f := range failures {
				if !*update || f.Check == nil {
					t.Error(s.String(f))
				}
			}
		})
	}
	t.Logf("%d programs in %d scripts", cases, len(all))
	if len(all) == 0 {
		t.Error("no script found")
	}
}
