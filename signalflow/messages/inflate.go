package messages

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"hash/crc32"
	"io"
	"sync"
)

const (
	// maxRatio is above what deflate can reach: 258 bytes from 2 bits.
	maxRatio = 1032

	// keptBuffer is the largest buffer that is kept for the next body, in bytes.
	keptBuffer = 1 << 20
)

// inflater inflates one body at a time into a buffer that it keeps. It reads
// deflate itself, with the standard library, and the few bytes of gzip and zlib
// around it here: so the checksum is taken once over the whole result, and both
// forms share one path.
type inflater struct {
	in      byteReader
	deflate io.ReadCloser
	out     []byte
	spill   []byte // where output goes that is only counted
}

func (d *Decoder) inflater() *inflater {
	if d.z == nil {
		d.z = new(inflater)
	}
	return d.z
}

// release ends the use of the body, and drops a buffer of unusual size.
func (z *inflater) release() {
	if cap(z.out) > keptBuffer {
		z.out = nil
	}
	z.in = byteReader{}
}

// byteReader is the part of bytes.Reader that deflate needs.
type byteReader struct {
	b []byte
	i int
}

func (r *byteReader) ReadByte() (byte, error) {
	if r.i >= len(r.b) {
		return 0, io.EOF
	}
	b := r.b[r.i]
	r.i++
	return b, nil
}

func (r *byteReader) Read(p []byte) (int, error) {
	if r.i >= len(r.b) {
		return 0, io.EOF
	}
	n := copy(p, r.b[r.i:])
	r.i += n
	return n, nil
}

// inflate leaves the inflated body of f in z.out. It never holds more than limit
// bytes, however much would come out.
func (z *inflater) inflate(f *frame, limit int64) *DecodeError {
	w, why := wrapping(f.body)
	if why == "" {
		why = z.run(w, limit)
	}
	switch why {
	case "":
		return nil
	case overLimit:
		return f.error(ClassInflateLimit, headerSize, fmt.Sprintf("the inflated body is larger than the limit of %d bytes", limit))
	}
	return f.error(ClassInflate, headerSize, why)
}

// overLimit is the reason for which inflate has a class of its own.
const overLimit = "over the limit"

// wrapped is a compressed body without its header.
type wrapped struct {
	name    string // "gzip" or "zlib"
	deflate []byte // the deflate stream, and after it the trailer
	trailer int    // bytes of the trailer
}

// wrapping tells gzip from zlib and reads the header.
func wrapping(b []byte) (w wrapped, why string) {
	switch {
	case len(b) == 0:
		return w, "the body is empty, want gzip"
	case len(b) >= 2 && b[0] == 0x1f && b[1] == 0x8b:
		n := gzipHeader(b)
		if n < 0 {
			return w, "bad gzip header"
		}
		return wrapped{"gzip", b[n:], 8}, ""
	case len(b) >= 2 && b[0]&0x0f == 8 && b[0]>>4 <= 7 && (int(b[0])<<8|int(b[1]))%31 == 0:
		if b[1]&0x20 != 0 {
			return w, "the zlib body (in place of gzip) needs a dictionary"
		}
		return wrapped{"zlib", b[2:], 4}, ""
	}
	return w, fmt.Sprintf("the body begins with %x, which is neither gzip nor zlib", b[:min(2, len(b))])
}

// gzipHeader returns the length of the gzip header (RFC 1952), -1 when it is
// wrong.
func gzipHeader(b []byte) int {
	const checksum, extra, name, comment, reserved = 1 << 1, 1 << 2, 1 << 3, 1 << 4, 0xe0
	if len(b) < 10 || b[2] != 8 || b[3]&reserved != 0 {
		return -1
	}
	flags, n := b[3], 10
	if flags&extra != 0 {
		if len(b) < n+2 {
			return -1
		}
		n += 2 + int(binary.LittleEndian.Uint16(b[n:]))
	}
	for _, text := range []byte{name, comment} {
		if flags&text != 0 && n <= len(b) {
			end := bytes.IndexByte(b[n:], 0)
			if end < 0 {
				return -1
			}
			n += end + 1
		}
	}
	if flags&checksum != 0 {
		if n+2 > len(b) || uint16(crc32.ChecksumIEEE(b[:n])) != binary.LittleEndian.Uint16(b[n:]) {
			return -1
		}
		n += 2
	}
	if n > len(b) {
		return -1
	}
	return n
}

// run inflates w into z.out. A gzip trailer tells the size, so that one pass into
// a buffer of the right size does; where it tells nothing or lies, the first pass
// only counts what does not fit, and a second one stores it.
func (z *inflater) run(w wrapped, limit int64) (why string) {
	for size := min(w.sizeHint(), limit); ; {
		if int64(cap(z.out)) < size {
			z.out = make([]byte, size)
		}
		z.out = z.out[:min(int64(cap(z.out)), limit)]
		total, err := z.fill(w.deflate, limit)
		switch {
		case err != nil:
			return w.name + " body: " + err.Error()
		case total > limit:
			return overLimit
		case total <= int64(len(z.out)):
			z.out = z.out[:total]
			return w.check(z.out, z.in.b[z.in.i:])
		}
		size = total
	}
}

// sizeHint guesses the inflated size from the gzip trailer, within what deflate
// can do.
func (w *wrapped) sizeHint() int64 {
	if w.trailer != 8 || len(w.deflate) < 8 {
		return int64(len(w.deflate)) * 4
	}
	size := binary.LittleEndian.Uint32(w.deflate[len(w.deflate)-4:])
	return min(int64(size), int64(len(w.deflate))*maxRatio)
}

// fill inflates into z.out and returns how many bytes came out in all; those that
// did not fit are lost. It stops once more than limit came.
func (z *inflater) fill(deflate []byte, limit int64) (total int64, err error) {
	z.in = byteReader{b: deflate}
	if z.deflate == nil {
		z.deflate = flate.NewReader(&z.in)
	} else if err := z.deflate.(flate.Resetter).Reset(&z.in, nil); err != nil {
		return 0, err
	}
	for total <= limit {
		room := z.out[min(total, int64(len(z.out))):]
		if len(room) == 0 {
			if z.spill == nil {
				z.spill = make([]byte, 4096)
			}
			room = z.spill
		}
		n, err := z.deflate.Read(room)
		total += int64(n)
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// check compares the trailer with what came out.
func (w *wrapped) check(out, rest []byte) (why string) {
	if len(rest) < w.trailer {
		return w.name + " body: it ends inside its trailer"
	}
	if len(rest) > w.trailer {
		return fmt.Sprintf("%s body: %d bytes follow its end", w.name, len(rest)-w.trailer)
	}
	good := false
	if w.trailer == 8 {
		good = crc32.ChecksumIEEE(out) == binary.LittleEndian.Uint32(rest) && uint32(len(out)) == binary.LittleEndian.Uint32(rest[4:])
	} else {
		good = adler32.Checksum(out) == binary.BigEndian.Uint32(rest)
	}
	if !good {
		return w.name + " body: the checksum or the length in its trailer is wrong"
	}
	return ""
}

var deflaters = sync.Pool{New: func() any { return gzip.NewWriter(io.Discard) }}

// appender collects what is written to it.
type appender struct{ b []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.b = append(a.b, p...)
	return len(p), nil
}

// deflate compresses frame from byte start on with gzip, in its own memory if
// that has the room.
func deflate(frame []byte, start int) ([]byte, error) {
	gz := deflaters.Get().(*gzip.Writer)
	defer deflaters.Put(gz)
	out := appender{b: frame}
	gz.Reset(&out)
	_, err := gz.Write(frame[start:])
	if err == nil {
		err = gz.Close()
	}
	if err != nil {
		return nil, err
	}
	n := copy(out.b[start:], out.b[len(frame):])
	return out.b[:start+n], nil
}
