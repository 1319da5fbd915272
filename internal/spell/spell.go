// Package spell finds the word that was meant: "did you mean".
package spell

import "strings"

// Nearest returns the candidate that is closest to a word, or "" when none is close enough
// to be a likely slip. Of equally close ones the first wins.
func Nearest(word string, candidates []string) string {
	if word == "" {
		return ""
	}
	// One slip in a short word, one in three letters of a longer one; wrong case is no slip.
	best, nearest := max(1, len(word)/3)+1, ""
	lower := strings.ToLower(word)
	for _, c := range candidates {
		if c == word || abs(len(c)-len(word)) >= best {
			continue
		}
		d := Distance(lower, strings.ToLower(c))
		// A word of one or two letters shares nothing with one that differs in a letter.
		if d < best && d < len(c) && (d == 0 || len(word) > 2) {
			best, nearest = d, c
		}
	}
	return nearest
}

// Distance counts the insertions, deletions, substitutions and swaps of neighbours that
// turn one text into the other, no part being edited twice. It compares bytes.
func Distance(a, b string) int {
	// Three rows of the usual table: before last, last and current.
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func abs(n int) int { return max(n, -n) }
