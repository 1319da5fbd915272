package messages

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
)

// gzipFrame makes a compressed frame of the given type and flags.
func gzipFrame(t testing.TB, code, flags byte, header gzip.Header, body []byte) []byte {
	var b bytes.Buffer
	b.Write([]byte{1, code, flags | flagGzip, 0})
	b.WriteString("ch-1" + strings.Repeat("\x00", 12))
	w := gzip.NewWriter(&b)
	w.Header = header
	_, err := w.Write(body)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const unknownJSON = `{"type":"something-new","x":1}`

func TestGzipHeaders(t *testing.T) {
	full := gzip.Header{Name: "a name", Comment: "a comment", Extra: []byte("some extra bytes"), ModTime: time.Unix(1, 0), OS: 3}
	for _, h := range []gzip.Header{{}, {Name: "n"}, {Comment: "c"}, {Extra: []byte{1}}, full} {
		frame := gzipFrame(t, 2, flagJSON, h, []byte(unknownJSON))
		if _, err := ParseMessage(frame, false); err != nil {
			t.Errorf("%+v: %v", h, err)
		}
		for n := headerSize; n < len(frame); n++ {
			if m, err := ParseMessage(frame[:n:n], false); err == nil {
				t.Errorf("%+v cut at %d decodes: %v", h, n, m)
			}
		}
	}
}

// TestGzipHeaderChecksum has the optional checksum of the header, which the
// standard library does not write.
func TestGzipHeaderChecksum(t *testing.T) {
	plain := gzipFrame(t, 2, flagJSON, gzip.Header{}, []byte(unknownJSON))
	head := bytes.Clone(plain[headerSize : headerSize+10])
	head[3] |= 2
	sum := uint16(crc32.ChecksumIEEE(head))
	for _, test := range []struct {
		sum uint16
		ok  bool
	}{{sum, true}, {sum + 1, false}} {
		frame := append(bytes.Clone(plain[:headerSize]), binary.LittleEndian.AppendUint16(bytes.Clone(head), test.sum)...)
		frame = append(frame, plain[headerSize+10:]...)
		if _, err := ParseMessage(frame, false); (err == nil) != test.ok {
			t.Errorf("checksum %x of %x: %v", test.sum, sum, err)
		}
	}
}

// TestInflateLimit finds the exact edge, with a size in the trailer that is right,
// and for zlib, which tells no size.
func TestInflateLimit(t *testing.T) {
	const size = 100_000
	body := []byte(unknownJSON + strings.Repeat(" ", size-len(unknownJSON)))
	gz := gzipFrame(t, 2, flagJSON, gzip.Header{}, body)
	var b bytes.Buffer
	b.Write(gz[:headerSize])
	w := zlib.NewWriter(&b)
	if _, err := w.Write(body); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	for name, frame := range map[string][]byte{"gzip": gz, "zlib": b.Bytes()} {
		for _, limit := range []int64{0, size + 1, size} {
			d := Decoder{MaxInflated: limit}
			if _, err := d.Decode(frame, false); err != nil {
				t.Errorf("%s, limit %d: %v", name, limit, err)
			}
		}
		for _, limit := range []int64{size - 1, 1, 4096} {
			d := Decoder{MaxInflated: limit}
			var e *DecodeError
			if _, err := d.Decode(frame, false); !errors.As(err, &e) || e.Class != ClassInflateLimit {
				t.Errorf("%s, limit %d: %v", name, limit, err)
			}
			if cap(d.z.out) > int(limit) {
				t.Errorf("%s, limit %d: a buffer of %d bytes", name, limit, cap(d.z.out))
			}
		}
	}
}

// TestZlibErrors spoils a zlib body in each way.
func TestZlibErrors(t *testing.T) {
	var good []byte
	for _, v := range loadVectors(t).Vectors {
		if v.Name == "bin_v1_zlib_body" {
			good = v.frame(t)
		}
	}
	for name, spoil := range map[string]func(b []byte) []byte{
		"checksum": func(b []byte) []byte { b[len(b)-1]++; return b },
		"trailing": func(b []byte) []byte { return append(b, 0) },
		"cut":      func(b []byte) []byte { return b[:len(b)-2] },
		"dictionary": func(b []byte) []byte {
			b[headerSize], b[headerSize+1] = 0x78, 0xbb // FDICT, and a valid check
			return b
		},
		"header check": func(b []byte) []byte { b[headerSize+1]++; return b },
	} {
		var e *DecodeError
		if m, err := ParseMessage(spoil(bytes.Clone(good)), false); !errors.As(err, &e) || e.Class != ClassInflate {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
}

// TestSecondMember: a gzip file may have several members, a body may not.
func TestSecondMember(t *testing.T) {
	frame := gzipFrame(t, 2, flagJSON, gzip.Header{}, []byte(unknownJSON))
	frame = append(frame, frame[headerSize:]...)
	var e *DecodeError
	if _, err := ParseMessage(frame, false); !errors.As(err, &e) || e.Class != ClassInflate || !strings.Contains(e.Detail, "follow its end") {
		t.Error(err)
	}
}

// bomb is a body of 1 GiB in about 1 MB: one deflated MiB of zeros, repeated.
func bomb(t testing.TB) []byte {
	const mib, times = 1 << 20, 1 << 10
	zeros := make([]byte, mib)
	var one bytes.Buffer
	w, err := flate.NewWriter(&one, flate.BestCompression)
	if err == nil {
		_, err = w.Write(zeros)
	}
	if err == nil {
		err = w.Flush() // ends at a byte, without ending the stream
	}
	if err != nil {
		t.Fatal(err)
	}
	sum := uint32(0)
	for range times {
		sum = crc32.Update(sum, crc32.IEEETable, zeros)
	}
	b := gzipFrame(t, typeData, 0, gzip.Header{}, nil)[:headerSize+10]
	b = append(b, bytes.Repeat(one.Bytes(), times)...)
	b = append(b, 1, 0, 0, 0xff, 0xff) // the last block, empty
	b = binary.LittleEndian.AppendUint32(b, sum)
	return binary.LittleEndian.AppendUint32(b, mib*times)
}

// TestGzipBomb decodes 1 GiB of zeros, with a trailer that tells the size and
// with trailers that lie about it: memory stays within the limit.
func TestGzipBomb(t *testing.T) {
	frame := bomb(t)
	const limit, constant = 8 << 20, 1 << 20
	for _, size := range []uint32{1 << 30, 0, 100, limit, limit - 1, 1<<32 - 1} {
		binary.LittleEndian.PutUint32(frame[len(frame)-4:], size)
		d := Decoder{MaxInflated: limit}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := d.Decode(frame, false)
		runtime.ReadMemStats(&after)
		var e *DecodeError
		if !errors.As(err, &e) || e.Class != ClassInflateLimit {
			t.Errorf("trailer %d: %v", size, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > limit+constant {
			t.Errorf("trailer %d: %d bytes allocated with a limit of %d", size, used, limit)
		}
		if cap(d.z.out) > keptBuffer {
			t.Errorf("a buffer of %d bytes is kept", cap(d.z.out))
		}
	}
	runtime.KeepAlive(frame)
}

// TestInflateFrame compares Decoder.Inflate and a view with decoding at once.
func TestInflateFrame(t *testing.T) {
	data := NewData(5, []DataPayload{LongPayload(1, -1), DoublePayload(2, 2.5)})
	data.MaxDelayMillis = 77
	var d Decoder
	for _, o := range []BinaryOptions{{}, {Gzip: true}, {Version: 3}, {Version: 3, Gzip: true}} {
		frame, err := AppendBinary(nil, data, "ch-1", o)
		if err != nil {
			t.Fatal(err)
		}
		checkInflate(t, &d, frame)
		if o.Version == 3 { // the same as version 2 with its version in two bytes
			checkInflate(t, &d, append([]byte{2, 0, frame[1], frame[2]}, frame[4:]...))
		}
	}
	if _, err := d.Inflate([]byte("x"), []byte("short")); err == nil {
		t.Error("a short frame is inflated")
	}
	packed, err := AppendBinary(nil, data, "ch-1", BinaryOptions{Gzip: true})
	if err != nil {
		t.Fatal(err)
	}
	var e *DecodeError
	if _, err := ViewData(packed); !errors.As(err, &e) || e.Class != ClassUnsupportedEncoding {
		t.Errorf("a view of a compressed frame: %v", err)
	}
	packed[len(packed)-1]++
	if out, err := d.Inflate([]byte("x"), packed); err == nil || string(out) != "x" {
		t.Errorf("%q, %v", out, err)
	}
}

func checkInflate(t *testing.T, d *Decoder, frame []byte) {
	t.Helper()
	want, err := d.Decode(frame, false)
	if err != nil {
		t.Fatal(err)
	}
	out, err := d.Inflate([]byte("x"), frame)
	if err != nil || out[0] != 'x' {
		t.Fatalf("%q, %v", out, err)
	}
	v, err := ViewData(out[1:])
	if err != nil {
		t.Fatal(err)
	}
	got := v.Message()
	if got.String() != want.(*DataMessage).String() {
		t.Errorf("got %v, want %v", got, want)
	}
	ms, ok := v.MaxDelayMillis()
	if string(v.Channel()) != "ch-1" || v.TimestampMillis() != 5 || ok != (frame[0] > 1) || ok && ms != 77 {
		t.Errorf("channel %s, time %d, max delay %d %v", v.Channel(), v.TimestampMillis(), ms, ok)
	}
}

var _ io.ByteReader = (*byteReader)(nil) // else deflate puts a buffer in between, and reads too far
