package signalflow

import (
	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// metadataStore knows the properties of a computation's series.
//
// A series that has expired stays known for as long as a point of it may still be in
// somebody's hands: the newest maxExpired of them are kept.
type metadataStore struct {
	live    map[idtool.ID]*messages.MetadataProperties
	expired map[idtool.ID]*messages.MetadataProperties
	order   []idtool.ID // of expired, oldest first; may name a series twice or one that is live again
}

// maxExpired is enough for a reader who is a whole turnover of the largest allowed result
// set behind (30,000 series, protocol.md 1.7).
const maxExpired = 32768

func (s *metadataStore) get(id idtool.ID) (*messages.MetadataProperties, bool) {
	if p, ok := s.live[id]; ok {
		return p, true
	}
	p, ok := s.expired[id]
	return p, ok
}

func (s *metadataStore) set(id idtool.ID, p *messages.MetadataProperties) {
	if s.live == nil {
		s.live = make(map[idtool.ID]*messages.MetadataProperties)
	}
	s.live[id] = p
	delete(s.expired, id)
}

func (s *metadataStore) expire(id idtool.ID) {
	p, ok := s.live[id]
	if !ok {
		return
	}
	delete(s.live, id)
	if s.expired == nil {
		s.expired = make(map[idtool.ID]*messages.MetadataProperties)
	}
	s.expired[id] = p
	s.order = append(s.order, id)
	for len(s.order) > maxExpired {
		delete(s.expired, s.order[0])
		s.order = s.order[1:]
	}
}
