package graph

import (
	"time"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// Union has all series of all inputs, each as it is (language.md 5.2).
type Union struct{}

// Promote adds properties of each series to its key (language.md 5.6).
type Promote struct {
	Names        []string
	AllowMissing bool
}

// Dimensions adds and renames pairs of the key of each series (language.md 5.6). In both
// lists Name is the new name and Value the one that exists.
type Dimensions struct {
	Aliases, Renames series.Labels
	AllowMissing     bool
}

// Publish sends its input out of the program.
type Publish struct {
	Label   string
	Enabled bool
}

// When is a boolean stream over a share of a time (language-detectors.md 2.3).
type When struct {
	Lasting time.Duration
	AtLeast float64 // the share, 0 to 1
}

// Detect makes alerts of conditions (language-detectors.md 1). Its inputs are on, off where
// there is one, and the stream of each annotation.
type Detect struct {
	Off              bool // there is a condition that ends the alert
	Split            bool // each condition counts only in its own state
	Annotations      []Annotation
	EventAnnotations series.Labels
	AutoResolveAfter time.Duration // 0: never
}

// Annotation describes a stream that is drawn with an alert (language-detectors.md 3.1).
type Annotation struct {
	Label string
	Extra series.Labels
}

func (*Union) op()      {}
func (*Promote) op()    {}
func (*Dimensions) op() {}
func (*Publish) op()    {}
func (*When) op()       {}
func (*Detect) op()     {}
