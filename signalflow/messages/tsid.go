package messages

import "github.com/signalfx/signalfx-go/idtool"

const tsidAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// tsidDigits maps a character to its 6 bits, 0xff for any other byte.
var tsidDigits = func() (t [256]uint8) {
	for i := range t {
		t[i] = 0xff
	}
	for i := range len(tsidAlphabet) {
		t[tsidAlphabet[i]] = uint8(i)
	}
	return t
}()

// ParseTSID reads the text form of a time series id strictly (protocol.md 7): 8
// bytes in URL-safe base64, which is 11 characters, or 12 with one '='. Anything
// else is a *DecodeError of class bad_tsid; nothing becomes 0 by accident.
func ParseTSID(s string) (idtool.ID, error) {
	id, why := parseTSID(s)
	if why != "" {
		return 0, &DecodeError{Class: ClassBadTSID, Field: "tsId", Offset: -1, Detail: why}
	}
	return id, nil
}

// parseTSID is ParseTSID with the reason as text, "" when s is good.
func parseTSID(s string) (idtool.ID, string) {
	t := s
	if len(t) == 12 && t[11] == '=' {
		t = t[:11]
	}
	if len(t) != 11 {
		if s == "" {
			return 0, "tsId is empty, want 11 characters"
		}
		return 0, "tsId " + quote(s) + " does not hold 8 bytes: want 11 characters of URL-safe base64"
	}
	var v uint64
	var all uint8
	for i := range 10 {
		d := tsidDigits[t[i]]
		all |= d
		v = v<<6 | uint64(d)
	}
	last := tsidDigits[t[10]]
	if (all|last)&0xc0 != 0 {
		return 0, "tsId " + quote(s) + " has a character outside A-Z a-z 0-9 - _"
	}
	if last&3 != 0 {
		return 0, "tsId " + quote(s) + " is not canonical: the low bits of its last character are not zero"
	}
	return idtool.ID(v<<4 | uint64(last>>2)), ""
}

// AppendTSID appends the text form of id, always 11 characters.
func AppendTSID(dst []byte, id idtool.ID) []byte {
	v := uint64(id)
	var t [11]byte
	t[10] = tsidAlphabet[v&0xf<<2]
	v >>= 4
	for i := 9; i >= 0; i-- {
		t[i] = tsidAlphabet[v&0x3f]
		v >>= 6
	}
	return append(dst, t[:]...)
}
