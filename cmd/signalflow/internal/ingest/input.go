package ingest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/signalfx/signalflow-client-go/internal/series"
)

// signatures are how files begin that are not text, with what to do about it.
var signatures = []struct{ begin, remedy string }{
	{"\xff\xfe", "the text is UTF-16; save it as UTF-8"},
	{"\xfe\xff", "the text is UTF-16; save it as UTF-8"},
	{"PK\x03\x04", "this is a ZIP archive; unpack it first"},
	{"\x28\xb5\x2f\xfd", "this is compressed with zstd, and only gzip is read; unpack it first"},
	{"\xfd7zXZ\x00", "this is compressed with xz, and only gzip is read; unpack it first"},
	{"BZh", "this is compressed with bzip2, and only gzip is read; unpack it first"},
	{"PAR1", "this is a Parquet file; export it as CSV"},
}

// open returns the text of the input: unpacked, and without a byte order mark.
func (d *decoder) open(r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		in = bufio.NewReaderSize(&unpacked{d, unzipped}, 64<<10)
	}
	head, err := in.Peek(4096)
	if len(head) == 0 {
		if !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		return nil, fmt.Errorf("%s: the file is empty", d.name)
	}
	for _, s := range signatures {
		if strings.HasPrefix(string(head), s.begin) {
			return nil, fmt.Errorf("%s: %s", d.name, s.remedy)
		}
	}
	if bytes.IndexByte(head, '\r') >= 0 && bytes.IndexByte(head, '\n') < 0 {
		return nil, fmt.Errorf("%s: the lines end with CR alone, as on old Macs; save it with LF", d.name)
	}
	if strings.HasPrefix(string(head), "\ufeff") {
		in.Discard(len("\ufeff")) // the byte order mark that editors put there
	}
	return in, nil
}

// unpacked is what gzip has packed. Where that is cut off it ends, with a warning.
type unpacked struct {
	d *decoder
	*gzip.Reader
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		u.d.cutOff()
		err = io.EOF
	}
	return n, err
}

// some tells whether there has been any point so far.
func (d *decoder) some() bool { return d.handed+len(d.batch) > 0 }

// cutOff says that the input ends where it should not.
func (d *decoder) cutOff() {
	d.once("cut", func() string { return d.name + ": the file is cut off; what comes before is used" })
}

// warn says once what is odd at the present line, of each kind.
func (d *decoder) warn(kind, format string, args ...any) {
	d.once(kind, func() string { return d.errorf(format, args...).Error() })
}

func (d *decoder) once(kind string, text func() string) {
	if d.options.Warn != nil && !d.warned[kind] {
		d.warned[kind] = true
		d.options.Warn(text())
	}
}

// text returns a name with all that is no UTF-8 replaced, as in JSON it already is.
func (d *decoder) text(s string) string {
	if utf8.ValidString(s) && !strings.Contains(s, "\ufffd") {
		return s
	}
	d.warn("text", "the text is not UTF-8; what is no character is read as \ufffd")
	return strings.ToValidUTF8(s, "\ufffd")
}

// texts does the same for labels, of which it returns a copy.
func (d *decoder) texts(labels series.Labels) []series.Label {
	valid := make([]series.Label, len(labels))
	for i, l := range labels {
		valid[i] = series.Label{Name: d.text(l.Name), Value: d.text(l.Value)}
	}
	return valid
}

// bounded ends with an error where a line is longer than a value may be: whoever reads whole
// lines of it needs no more memory than that.
type bounded struct {
	in   io.Reader
	line int // bytes of the line so far
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	if end := bytes.LastIndexByte(p[:n], '\n'); end >= 0 {
		b.line = n - end - 1
	} else {
		b.line += n
	}
	if b.line > maxValue {
		return 0, fmt.Errorf("a line is longer than %d bytes", maxValue)
	}
	return n, err
}
