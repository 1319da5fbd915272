package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"testing"

	peer "github.com/signalfx/signalflow-client-go/v2/signalflow/messages"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// dataFrame builds a data frame of version 1 without the code under test: random
// looking tsIds, and values like those of a gauge with two decimals.
func dataFrame(points int) []byte {
	b := append([]byte{1, 5, 0, 0}, "ch-1\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	b = binary.BigEndian.AppendUint64(b, 1751328000000)
	b = binary.BigEndian.AppendUint32(b, uint32(points))
	for i := range points {
		id := uint64(i+1) * 0x9E3779B97F4A7C15
		if i%10 == 0 {
			b = append(b, 1)
			b = binary.BigEndian.AppendUint64(b, id)
			b = binary.BigEndian.AppendUint64(b, uint64(i))
			continue
		}
		b = append(b, 2)
		b = binary.BigEndian.AppendUint64(b, id)
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(float64(id>>40)/100))
	}
	return b
}

// zipped is the same frame with its body compressed.
func zipped(frame []byte) []byte {
	var out bytes.Buffer
	out.Write(frame[:20])
	out.Bytes()[2] |= 1
	w := gzip.NewWriter(&out)
	_, err := w.Write(frame[20:])
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err)
	}
	return out.Bytes()
}

var textFrames = []struct{ name, text string }{
	{"metadata10", `{"type":"metadata","channel":"ch-1","tsId":"AAAAAFx9Hi8","properties":{"computationId":"GzExampleAA","az":"eu-west-1a","host":"web-server-0017","service":"checkout",` +
		`"sf_key":["az","host","service","sf_metric","sf_originatingMetric","computationId"],"sf_metric":"_SF_COMP_GzExampleAA_01-PUBLISH_METRIC","sf_originatingMetric":"demo.requests",` +
		`"sf_resolutionMs":1000,"sf_streamLabel":"A","sf_type":"MetricTimeSeries"}}`},
	{"info", `{"type":"message","channel":"ch-1","logicalTimestampMs":1751328000000,"message":{"blockContexts":[{"line":1,"column":1}],"blockSerialNumbers":[0],` +
		`"contents":{"matchedSize":41000,"limitSize":30000},"messageCode":"FIND_LIMITED_RESULT_SET","messageLevel":"WARNING","numInputTimeSeries":0,"timestampMs":1751327999000}}`},
	{"event", `{"type":"event","channel":"ch-1","tsId":"__________4","timestampMs":1751328010000,"metadata":{"sf_type":"EventTimeSeries","sf_eventType":"too many errors"},` +
		`"properties":{"incidentId":"GzIncidentA","was":"ok","is":"anomalous","inputs":{"_S1":{"key":{"az":"a1"},"value":"81.5"},"_S2":{"value":"80"}}}}`},
	{"control", `{"type":"control-message","channel":"ch-1","event":"JOB_START","handle":"GzExampleAA","timestampMs":1751328000002}`},
	{"error", `{"type":"error","channel":"ch-1","error":400,"errorType":"ANALYTICS_PROGRAM_NAME_ERROR","message":"no such name","context":{"bindingName":"foo","line":1,"column":5,"programText":"data(foo)","reference":"NAME","traceback":null}}`},
}

func bench(b *testing.B, f func()) {
	b.ReportAllocs()
	for b.Loop() {
		f()
	}
}

func BenchmarkData(b *testing.B) {
	for _, n := range []int{1, 16, 100, 1000, 10000} {
		frame := dataFrame(n)
		b.Run(fmt.Sprintf("%d/peer", n), func(b *testing.B) { bench(b, parsePeer(b, frame, false)) })
		b.Run(fmt.Sprintf("%d/ours", n), func(b *testing.B) { bench(b, parseOurs(b, frame, false)) })
	}
}

func BenchmarkGzip(b *testing.B) {
	for _, n := range []int{1, 16, 100, 1000} {
		frame := zipped(dataFrame(n))
		b.Run(fmt.Sprintf("%d/peer", n), func(b *testing.B) { bench(b, parsePeer(b, frame, false)) })
		b.Run(fmt.Sprintf("%d/ours", n), func(b *testing.B) { bench(b, parseOurs(b, frame, false)) })
		b.Run(fmt.Sprintf("%d/inflate", n), func(b *testing.B) { bench(b, inflateAlone(b, frame[20:], 12+17*n)) })
	}
}

// inflateAlone is the least that a compressed message can cost: a reused standard
// reader into a reused buffer.
func inflateAlone(b *testing.B, body []byte, size int) func() {
	in := bytes.NewReader(body)
	r, err := gzip.NewReader(in)
	if err != nil {
		b.Fatal(err)
	}
	out := make([]byte, size+1)
	return func() {
		in.Reset(body)
		if err := r.Reset(in); err != nil {
			b.Fatal(err)
		}
		if n, err := io.ReadFull(r, out); n != size || err != io.ErrUnexpectedEOF {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkText(b *testing.B) {
	for _, f := range textFrames {
		b.Run(f.name+"/peer", func(b *testing.B) { bench(b, parsePeer(b, []byte(f.text), true)) })
		b.Run(f.name+"/ours", func(b *testing.B) { bench(b, parseOurs(b, []byte(f.text), true)) })
	}
}

// BenchmarkView reads every point of a frame, by series and value, as a program
// does that keeps columns.
func BenchmarkView(b *testing.B) {
	for _, n := range []int{16, 1000} {
		frame := dataFrame(n)
		b.Run(fmt.Sprintf("%d/peer", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m, err := peer.ParseMessage(frame, false)
				if err != nil {
					b.Fatal(err)
				}
				var sum float64
				var ids int64
				for i := range m.(*peer.DataMessage).Payloads {
					p := &m.(*peer.DataMessage).Payloads[i]
					ids ^= int64(p.TSID)
					switch v := p.Value().(type) {
					case float64:
						sum += v
					case int64:
						sum += float64(v)
					}
				}
				check(b, sum, ids)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/point")
		})
		b.Run(fmt.Sprintf("%d/ours", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v, err := messages.ViewData(frame)
				if err != nil {
					b.Fatal(err)
				}
				var sum float64
				var ids int64
				for i := range v.Len() {
					p := v.At(i)
					ids ^= int64(p.TSID)
					if x, ok := p.AsFloat(); ok {
						sum += x
					}
				}
				check(b, sum, ids)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/point")
		})
		// The same without the sum of floats, whose additions wait for each other.
		b.Run(fmt.Sprintf("%d/ours-bits", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v, err := messages.ViewData(frame)
				if err != nil {
					b.Fatal(err)
				}
				var bits uint64
				var ids int64
				var types int
				for i := range v.Len() {
					p := v.At(i)
					ids ^= int64(p.TSID)
					bits += p.Bits
					types += int(p.Type)
				}
				check(b, float64(bits)+float64(types), ids)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/point")
		})
	}
}

func check(b *testing.B, sum float64, ids int64) {
	if sum == 0 || ids == 0 {
		b.Fatal("nothing was read")
	}
}
