package term

import (
	"math"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
)

// truncate cuts a text to a width in cells; an ellipsis shows that something is missing.
func truncate(s string, width int) string {
	if lipgloss.Width(s) <= width {
		return s
	}
	if width <= 0 {
		return ""
	}
	var b strings.Builder
	used := 0
	for _, r := range s {
		w := lipgloss.Width(string(r))
		if used+w > width-1 {
			break
		}
		b.WriteRune(r)
		used += w
	}
	return b.String() + "…"
}

// pad makes a text exactly width cells wide.
func pad(s string, width int) string {
	s = truncate(s, width)
	return s + strings.Repeat(" ", max(0, width-lipgloss.Width(s)))
}

// formatValue returns a number for people in at most width cells, of which nine are
// always enough.
func formatValue(v float64, width int) string {
	if math.IsNaN(v) {
		return "–"
	}
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		if s := strconv.FormatFloat(v, 'f', 0, 64); len(s) <= width {
			return s
		}
	}
	if abs := math.Abs(v); abs >= 1e-3 && abs < 1e9 {
		for digits := 3; digits >= 0; digits-- {
			if s := strconv.FormatFloat(v, 'f', digits, 64); len(s) <= width {
				return s
			}
		}
	}
	return strconv.FormatFloat(v, 'e', 2, 64)
}

var bars = []rune("▁▂▃▄▅▆▇█")

// sparkline draws the last values in width cells, from the smallest to the largest of
// them. A value that is missing is a blank; values that are all the same lie in the middle.
func sparkline(values []float64, width int) string {
	values = values[max(0, len(values)-width):]
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			low, high = min(low, v), max(high, v)
		}
	}
	line := make([]rune, len(values))
	for i, v := range values {
		switch {
		case math.IsNaN(v):
			line[i] = ' '
		case low >= high:
			line[i] = bars[len(bars)/2-1]
		default:
			share := min(max((v-low)/(high-low), 0), 1)
			line[i] = bars[min(int(share*float64(len(bars))), len(bars)-1)]
		}
	}
	return string(line)
}
