package signalflow

import (
	"slices"

	"github.com/signalfx/signalfx-go/idtool"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// metadataStore knows the properties of a computation's series.
//
// A series that has expired stays known for as long as a point of it may still be in
// somebody's hands: the newest maxExpired of them are kept.
type metadataStore struct {
	live    map[idtool.ID]*messages.MetadataProperties
	expired map[idtool.ID]expiredMetadata
	order   []expiry // of expired, oldest first; holds stale ones of series that returned
	count   int      // expiries so far
}

type expiredMetadata struct {
	properties *messages.MetadataProperties
	number     int // of its expiry
}

type expiry struct {
	id     idtool.ID
	number int
}

// maxExpired is enough for a reader who is a whole turnover of the largest allowed result
// set behind (30,000 series, protocol.md 1.7).
const maxExpired = 32768

func (s *metadataStore) get(id idtool.ID) (*messages.MetadataProperties, bool) {
	if p, ok := s.live[id]; ok {
		return p, true
	}
	e, ok := s.expired[id]
	return e.properties, ok
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
		s.expired = make(map[idtool.ID]expiredMetadata)
	}
	s.count++
	s.expired[id] = expiredMetadata{p, s.count}
	s.order = append(s.order, expiry{id, s.count})
	for len(s.expired) > maxExpired {
		if !s.stale(s.order[0]) {
			delete(s.expired, s.order[0].id)
		}
		s.order = s.order[1:]
	}
	if len(s.order) > 2*maxExpired {
		s.order = slices.DeleteFunc(s.order, s.stale)
	}
}

// stale reports whether the series of an expiry has returned since.
func (s *metadataStore) stale(e expiry) bool { return s.expired[e.id].number != e.number }
