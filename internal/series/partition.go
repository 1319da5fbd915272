package series

import "fmt"

// Partition selects a fixed share of all series: those of one Index, from 1 to Size. The
// shares of all indexes are disjoint, and together they are everything (language
// specification, section 5.2).
type Partition struct{ Index, Size uint64 }

// Matches implements Predicate.
func (p *Partition) Matches(s *Series) bool { return s.ID%p.Size == p.Index-1 }

// String implements Predicate.
func (p *Partition) String() string {
	return fmt.Sprintf("partition_filter(%d, %d)", p.Index, p.Size)
}
