package messages

import (
	"hash/maphash"
	"strings"
)

const (
	namesBuckets = 128 // a power of two
	namesWays    = 4
	namesMaxLen  = 64 // longer strings are copied each time
)

var namesSeed = maphash.MakeSeed()

// names remembers strings that come again and again, such as channels and
// property names, so that each exists once. It is a fixed table in which a new
// string displaces the oldest of its bucket. Strings are kept boxed, since many of
// them end up in an interface. A nil table remembers nothing.
type names struct {
	buckets [namesBuckets][namesWays]any
}

// boxed returns s as an interface whose string does not share memory with s.
func (n *names) boxed(s string) any {
	if n == nil || len(s) > namesMaxLen {
		return strings.Clone(s)
	}
	bucket := &n.buckets[maphash.String(namesSeed, s)%namesBuckets]
	for i := range bucket {
		if v, ok := bucket[i].(string); ok && v == s {
			return bucket[i]
		}
	}
	var box any = strings.Clone(s)
	copy(bucket[1:], bucket[:])
	bucket[0] = box
	return box
}

// str returns a string equal to s that does not share memory with it.
func (n *names) str(s string) string { return n.boxed(s).(string) }

// bytes returns b as a string.
func (n *names) bytes(b []byte) string {
	if n != nil && len(b) <= namesMaxLen {
		bucket := &n.buckets[maphash.Bytes(namesSeed, b)%namesBuckets]
		for i := range bucket {
			if v, ok := bucket[i].(string); ok && v == string(b) {
				return v
			}
		}
	}
	return n.str(string(b))
}
