package series

import (
	"fmt"
	"testing"
)

// Every series belongs to one share, and no share has much more than its part.
func TestPartition(t *testing.T) {
	const size, all = 3, 3000
	counts := make([]int, size)
	for i := range all {
		s := New("m", 0, Label{Name: "host", Value: fmt.Sprint(i)})
		matches := 0
		for index := range size {
			if (&Partition{Index: uint64(index) + 1, Size: size}).Matches(s) {
				matches++
				counts[index]++
			}
		}
		if matches != 1 {
			t.Fatalf("host %d is in %d shares", i, matches)
		}
	}
	for index, n := range counts {
		if n < all/size*8/10 || n > all/size*12/10 {
			t.Errorf("share %d has %d of %d series", index+1, n, all)
		}
	}
	if got := (&Partition{Index: 1, Size: 2}).String(); got != "partition_filter(1, 2)" {
		t.Error(got)
	}
}
