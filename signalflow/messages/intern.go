package messages

import (
	"hash/maphash"
	"strings"
)

const (
	namesSlots  = 512 // a power of two
	namesMaxLen = 64  // longer strings are copied each time
)

var namesSeed = maphash.MakeSeed()

// names remembers strings that come again and again, such as channels and
// property names, so that each exists once. It is a fixed table in which a new
// string displaces an old one; strings are kept boxed, since many of them end up
// in an interface.
type names struct {
	slots [namesSlots]any
}

// boxed returns s as an interface whose string does not share memory with s.
func (n *names) boxed(s string) any {
	if len(s) > namesMaxLen || n == nil {
		return strings.Clone(s)
	}
	h := maphash.String(namesSeed, s) & (namesSlots - 1)
	if v, ok := n.slots[h].(string); ok && v == s {
		return n.slots[h]
	}
	if v, ok := n.slots[h^1].(string); ok && v == s {
		return n.slots[h^1]
	}
	var box any = strings.Clone(s)
	n.slots[h^1], n.slots[h] = n.slots[h], box
	return box
}

// str returns a string equal to s that does not share memory with it.
func (n *names) str(s string) string { return n.boxed(s).(string) }

// bytes returns b as a string.
func (n *names) bytes(b []byte) string {
	if len(b) <= namesMaxLen && n != nil {
		h := maphash.Bytes(namesSeed, b) & (namesSlots - 1)
		if v, ok := n.slots[h].(string); ok && v == string(b) {
			return v
		}
	}
	return n.str(string(b))
}
