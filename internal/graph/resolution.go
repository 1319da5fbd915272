package graph

import (
	"fmt"
	"slices"
	"time"
)

// Remark is something to know about a graph before it runs.
type Remark struct {
	Node NodeID // that it is about; -1: the whole program
	Text string
}

const wholeProgram NodeID = -1

// ages of data: what is older than keptFine is kept at coarse only (language.md 4.3).
const (
	keptFine   = 8 * 24 * time.Hour
	keptCoarse = 416 * 24 * time.Hour
	coarse     = 10 * time.Second
)

// Resolution tells what the program says about the length of its slots: all streams of a
// job have one, and what the data are decides the rest (language.md 4.3). What nothing
// published needs is left out.
func (g *Graph) Resolution() []Remark {
	published := g.Published()
	if !slices.Contains(published, true) {
		return []Remark{{wholeProgram, "Nothing is published, so nothing is computed."}}
	}
	sources, hinted, slowest := 0, 0, wholeProgram
	for i, n := range g.Nodes {
		hint, ok := resolutionHint(n.Op)
		if !ok || !published[i] {
			continue
		}
		sources++
		if hint > 0 {
			hinted++
			if longest, _ := g.hintOf(slowest); hint > longest {
				slowest = NodeID(i)
			}
		}
	}
	remarks := []Remark{{wholeProgram, g.pace(sources, hinted, slowest)}}
	return append(remarks, g.spans(slowest, published)...)
}

// hintOf returns the resolution that a source is said to have; of no node 0.
func (g *Graph) hintOf(id NodeID) (hint time.Duration, ok bool) {
	if id < 0 {
		return 0, false
	}
	return resolutionHint(g.Nodes[id].Op)
}

// resolutionHint returns the resolution that a source of numbers is said to have, 0 where
// nothing is said. ok is false for other operators.
func resolutionHint(op Op) (hint time.Duration, ok bool) {
	switch op := op.(type) {
	case *Fetch:
		return op.Resolution, true
	case *PathFetch:
		return op.Fetch.Resolution, true
	case *HistogramFetch:
		return op.Resolution, true
	}
	return 0, false
}

// pace says what decides the resolution of the job.
func (g *Graph) pace(sources, hinted int, slowest NodeID) string {
	hint, _ := g.hintOf(slowest)
	switch {
	case sources == 0:
		return "Nothing is read, so a slot is as long as the job is asked for, else 1s."
	case hinted == 0:
		return "The data decide how long a slot is: the series that is reported least often. The program says nothing about it."
	case hinted == sources:
		return fmt.Sprintf("A slot is %s long, as n%d says with resolution=, or longer if the job is asked for that.", Duration(hint), slowest)
	}
	return fmt.Sprintf("A slot is at least %s long, as n%d says with resolution=, and longer if other series that are read are reported less often.", Duration(hint), slowest)
}

// spans tells of the windows and shifts that the resolution bears upon.
func (g *Graph) spans(slowest NodeID, published []bool) (remarks []Remark) {
	hint, _ := g.hintOf(slowest)
	shortest, nearest := wholeProgram, wholeProgram // of windows, of shifts
	for i, n := range g.Nodes {
		if !published[i] {
			continue
		}
		id := NodeID(i)
		switch op := n.Op.(type) {
		case *Window, *When, *HistogramReduce, *KPSS:
			if w := Lookback(op).Time; w > 0 && (shortest < 0 || w < Lookback(g.Nodes[shortest].Op).Time) {
				shortest = id
			}
		case *Timeshift:
			if nearest < 0 || op.Offset < Lookback(g.Nodes[nearest].Op).Time {
				nearest = id
			}
		case *Calendar:
			remarks = append(remarks, Remark{id, "Charts with cycles of the calendar have slots of 1h at least."})
		}
	}
	add := func(id NodeID, short, fine string) {
		if id < 0 {
			return
		}
		length := Lookback(g.Nodes[id].Op).Time
		if length < hint {
			remarks = append(remarks, Remark{id, fmt.Sprintf(short, Duration(length), Duration(hint))})
		} else {
			remarks = append(remarks, Remark{id, fmt.Sprintf(fine, Duration(length))})
		}
	}
	add(shortest, "A window of %s is shorter than a slot of %s: it holds one value, and does nothing.",
		"The shortest window is %s long; with longer slots it would hold one value, and do nothing.")
	add(nearest, "A shift by %s is shorter than a slot of %s, which the service refuses.",
		"The shortest shift is by %s; with longer slots the service would refuse it.")
	return append(remarks, g.old(published)...)
}

// old tells of sources that read data so old that they are only kept coarser.
func (g *Graph) old(published []bool) (remarks []Remark) {
	for i, h := range g.Histories() {
		_, source := resolutionHint(g.Nodes[i].Op)
		switch {
		case !source || !published[i]:
		case h.Time > keptCoarse:
			remarks = append(remarks, Remark{NodeID(i), fmt.Sprintf("Data up to %s old are read; the service keeps them %s.", Duration(h.Time), days(keptCoarse))})
		case h.Time > keptFine:
			remarks = append(remarks, Remark{NodeID(i), fmt.Sprintf("Data up to %s old are read; what is older than %s (96 days in some plans) has a resolution of %s at best.",
				Duration(h.Time), days(keptFine), Duration(coarse))})
		}
	}
	return remarks
}

func days(d time.Duration) string { return fmt.Sprintf("%d days", d/(24*time.Hour)) }
