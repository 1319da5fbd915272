package wire

import (
	"fmt"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// Bounds of the record of information messages of a computation.
const (
	maxInfos     = 100
	maxInfoBytes = 256 << 10
)

// history is what a computation has said that somebody who comes later must know: the
// metadata of the series that are live, and the latest information message of each kind and
// place. It holds JSON, because messages belong to the backend. Its bounds: limit for the
// metadata, beyond which nobody can join any more; of information messages the oldest go.
type history struct {
	limit     int // bytes; negative: nobody may join
	series    map[idtool.ID][]byte
	bytes     int
	overflown bool

	infos     []infoEntry // oldest first
	infoBytes int
}

type infoEntry struct {
	key  string
	text []byte
}

// note records a message. What cannot be encoded cannot be sent either, which the sender is
// told there.
func (h *history) note(m messages.Message) {
	switch m := m.(type) {
	case *messages.MetadataMessage:
		h.addSeries(m)
	case *messages.ExpiredTSIDMessage:
		if id, err := messages.ParseTSID(m.TSID); err == nil {
			h.bytes -= len(h.series[id])
			delete(h.series, id)
		}
	case *messages.InfoMessage:
		h.addInfo(m)
	}
}

func (h *history) addSeries(m *messages.MetadataMessage) {
	if h.overflown || h.limit < 0 {
		return
	}
	text, err := messages.AppendText(nil, m, "")
	if err != nil {
		return
	}
	if h.series == nil {
		h.series = make(map[idtool.ID][]byte)
	}
	h.bytes += len(text) - len(h.series[m.TSID])
	h.series[m.TSID] = text
	if h.bytes > h.limit {
		h.series, h.bytes, h.overflown = nil, 0, true
	}
}

func (h *history) addInfo(m *messages.InfoMessage) {
	text, err := messages.AppendText(nil, m, "")
	if err != nil || len(text) > maxInfoBytes {
		return
	}
	b := &m.MessageBlock
	key := fmt.Sprint(b.Code, b.BlockContexts, b.BlockSerialNumbers)
	for i := range h.infos {
		if h.infos[i].key == key {
			h.dropInfo(i)
			break
		}
	}
	h.infos = append(h.infos, infoEntry{key, text})
	h.infoBytes += len(text)
	for len(h.infos) > maxInfos || h.infoBytes > maxInfoBytes {
		h.dropInfo(0)
	}
}

func (h *history) dropInfo(i int) {
	h.infoBytes -= len(h.infos[i].text)
	h.infos = append(h.infos[:i], h.infos[i+1:]...)
}
