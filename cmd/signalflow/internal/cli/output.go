package cli

import (
	"io"
	"math"
	"strconv"
)

// publishedSeries is one time series that a program publishes.
type publishedSeries struct {
	label      string // given to publish(); "" when none was
	metric     string
	dimensions []dimension // those that identify the series, sorted by name
}

type dimension struct{ name, value string }

// publishedValue is one value of a series.
type publishedValue struct {
	series *publishedSeries // the same pointer for each value of a series
	time   int64            // logical time, milliseconds since the Unix epoch
	number number
}

// An output takes what a program publishes. Its methods are called from one goroutine.
type output interface {
	// values takes the values of one message; they are out when it returns.
	values(values []publishedValue) error
	// expired tells that a series has left the stream.
	expired(s *publishedSeries)
	// close ends the output, not the writer below it.
	close() error
}

// A lineOutput turns a message into text, which goes out in one write.
type lineOutput struct {
	w      io.Writer
	buf    []byte
	header string // written first
	line   func(dst []byte, v publishedValue, text []byte) []byte

	// text is what every line of a series has; it is kept from the first one on. nil: nothing.
	text  func(s *publishedSeries) []byte
	known map[*publishedSeries][]byte
}

func (o *lineOutput) values(values []publishedValue) error {
	buf := append(o.buf[:0], o.header...)
	o.header = ""
	for _, v := range values {
		buf = o.line(buf, v, o.textOf(v.series))
	}
	o.buf = buf
	if len(buf) == 0 {
		return nil
	}
	_, err := o.w.Write(buf)
	return err
}

func (o *lineOutput) textOf(s *publishedSeries) []byte {
	if o.text == nil {
		return nil
	}
	text, ok := o.known[s]
	if !ok {
		if o.known == nil {
			o.known = make(map[*publishedSeries][]byte)
		}
		text = o.text(s)
		o.known[s] = text
	}
	return text
}

func (o *lineOutput) expired(s *publishedSeries) { delete(o.known, s) }

// close writes the header if nothing else came.
func (o *lineOutput) close() error { return o.values(nil) }

// number is a value as it came: an integer keeps all its digits.
type number struct {
	float   float64
	integer int64
	whole   bool
}

func integer(v int64) number { return number{float: float64(v), integer: v, whole: true} }

func float(v float64) number { return number{float: v} }

func (n number) finite() bool { return !math.IsNaN(n.float) && !math.IsInf(n.float, 0) }

// appendText appends the shortest text that reads back as the same number.
func (n number) appendText(dst []byte) []byte {
	if n.whole {
		return strconv.AppendInt(dst, n.integer, 10)
	}
	format := byte('f')
	if abs := math.Abs(n.float); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, n.float, format, -1, 64)
}

// rounded returns the number with twelve significant digits, for people.
func (n number) rounded() number {
	if n.whole || !n.finite() {
		return n
	}
	v, _ := strconv.ParseFloat(strconv.FormatFloat(n.float, 'e', 11, 64), 64) // its own text
	return float(v)
}
