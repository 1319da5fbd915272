package series

// A Predicate selects series by metric and dimensions: the compiled form of filter()
// and of its combinations (language specification, section 2.5).
type Predicate interface {
	// Matches reports whether a series is selected.
	Matches(s *Series) bool
	// String returns the predicate in the text form of a program.
	String() string
}
