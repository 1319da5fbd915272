package syntax_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/syntax"
)

// attachments writes where the comments of a program belong: "comment: place Node text".
func attachments(t testing.TB, text string) []string {
	t.Helper()
	file, err := syntax.Parse("", text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	attached := syntax.Attach(file)
	syntax.Walk(file, func(n syntax.Node) bool {
		a := attached[n]
		if a == nil {
			return true
		}
		what, _, _ := strings.Cut(file.Source.Slice(n.Range()), "\n")
		for place, list := range map[string][]syntax.Comment{"above": a.Above, "behind": a.Behind, "inside": a.Inside} {
			for _, c := range list {
				got = append(got, fmt.Sprintf("%s %s %s %s", c.Text, place, strings.TrimPrefix(fmt.Sprintf("%T", n), "*syntax."), what))
			}
		}
		delete(attached, n)
		return true
	})
	if len(attached) > 0 || len(got) != len(file.Comments) {
		t.Fatalf("%d of %d comments belong to a node of the tree", len(got), len(file.Comments))
	}
	slices.Sort(got)
	return got
}

func TestAttach(t *testing.T) {
	got := attachments(t, `# 01
# 02
a = f(  # 03
    # 04
    b,  # 05
    c=[
        d,  # 06
        # 07
    ]
    # 08
)  # 09

# 10
@g
def h(x):  # 11
    # 12
    if x:  # 13
        y
        # 14
    # 15
    else:  # 16
        z
        # 17
      # 18
    # 19
  # 20
# 21
i; j  # 22
# 23`)
	want := []string{
		"# 01 above Assign a = f(  # 03",
		"# 02 above Assign a = f(  # 03",
		"# 03 behind Ident f",
		"# 04 above Arg b",
		"# 05 behind Arg b",
		"# 06 behind Ident d",
		"# 07 inside List [",
		"# 08 inside Call f(  # 03",
		"# 09 behind Assign a = f(  # 03",
		"# 10 above Def @g",
		"# 11 behind Def @g",
		"# 12 above If if x:  # 13",
		"# 13 behind Branch if x:  # 13",
		"# 14 inside Branch if x:  # 13",
		"# 15 above ExprStmt z",
		"# 16 above ExprStmt z",
		"# 17 inside If if x:  # 13",
		"# 18 inside If if x:  # 13",
		"# 19 inside Def @g",
		"# 20 inside Def @g",
		"# 21 above ExprStmt i",
		"# 22 behind ExprStmt j",
		"# 23 inside File # 01",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAttachAll(t *testing.T) {
	for _, path := range []string{"testdata/accepted.flow", "testdata/format.flow"} {
		_, list := chunks(t, path)
		for _, c := range list {
			attachments(t, c.program)
		}
	}
	if got := attachments(t, ""); len(got) > 0 {
		t.Errorf("nothing has %v", got)
	}
}
