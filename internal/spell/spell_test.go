package spell

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"data", "filter", "publish", "mean", "min", "max", "None", "True", "over", "by"}
	for _, tc := range []struct{ word, want string }{
		{"daat", "data"},       // swapped
		{"dta", "data"},        // left out
		{"filtr", "filter"},    // left out at the end
		{"pubilsh", "publish"}, // swapped in the middle
		{"publlish", "publish"},
		{"Publish", "publish"}, // wrong case
		{"none", "None"},
		{"true", "True"},
		{"By", "by"},
		{"bz", ""}, // too short to tell
		{"x", ""},
		{"", ""},
		{"cpu", ""},
		{"data", ""}, // the word itself is no suggestion
		{"something", ""},
	} {
		if got := Nearest(tc.word, names); got != tc.want {
			t.Errorf("Nearest(%q) = %q, want %q", tc.word, got, tc.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "abd", 1},
		{"abc", "acb", 1}, {"ab", "ba", 1}, {"ca", "abc", 3}, {"kitten", "sitting", 3},
	} {
		if got := Distance(tc.a, tc.b); got != tc.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", tc.a, tc.b, got, tc.want)
		}
		if got := Distance(tc.b, tc.a); got != tc.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", tc.b, tc.a, got, tc.want)
		}
	}
}
