package server

import (
	"fmt"
	"sync"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/wire"
)

// admission counts the jobs of organizations (language.md 6).
type admission struct {
	running, starts int // most at a time, and in a minute; negative: no limit
	now             func() time.Time

	mu   sync.Mutex
	orgs map[string]*jobs
}

// jobs are those of one organization.
type jobs struct {
	running int
	minute  int64 // for which started counts, since the epoch
	started int
}

// enter lets a job of an organization begin, or says why not.
func (a *admission) enter(org string) error {
	minute := a.now().Unix() / 60
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.orgs == nil {
		a.orgs = make(map[string]*jobs)
	}
	j := a.orgs[org]
	if j == nil {
		a.forgetIdle(minute)
		j = &jobs{}
		a.orgs[org] = j
	}
	if j.minute != minute {
		j.minute, j.started = minute, 0
	}
	switch {
	case a.running >= 0 && j.running >= a.running:
		return tooMany("%d programs of the organization are running, which is the limit; stop some", j.running)
	case a.starts >= 0 && j.started >= a.starts:
		return tooMany("%d programs of the organization were started within this minute, which is the limit; try again in the next one", j.started)
	}
	j.running++
	j.started++
	return nil
}

// leave notes the end of a job that was let in.
func (a *admission) leave(org string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.orgs[org].running--
}

// forgetIdle drops the organizations that have no job and started none in this minute.
func (a *admission) forgetIdle(minute int64) {
	for org, j := range a.orgs {
		if j.running == 0 && j.minute != minute {
			delete(a.orgs, org)
		}
	}
}

func tooMany(format string, args ...any) *wire.Error {
	return &wire.Error{Code: 429, Type: wire.TypeTooManyJobs, Message: fmt.Sprintf(format, args...)}
}
