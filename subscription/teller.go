package subscription

import (
	"context"
	"time"
)

// told is a delivery of a Session of which OnNotified is to be told.
type told struct {
	receipt
	result Result
	at     time.Time // when that was known
}

// tell has OnNotified told of deliveries, in order and by another goroutine: one that
// hangs must hold neither who reads the connection nor who closes it. The session sends
// nothing while OnNotified has not been told of as many as may be under way.
//
// Failure policy: what has arrived is recorded when OnNotified has been told of it. A
// process that dies before sends it again, and tells of it again.
func (s *Session) tell(of []receipt, result Result) {
	at := s.engine.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range of {
		s.untold = append(s.untold, told{r, result, at})
	}
	if len(s.untold) > 0 && !s.telling {
		s.telling = true
		go s.tellAll()
	}
}

// tellAll tells until there is nothing to tell, and strikes a session that has been closed
// meanwhile.
func (s *Session) tellAll() {
	defer func() { // also if OnNotified has ended the goroutine
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.telling = len(s.untold) > 0; s.telling {
			go s.tellAll()
		} else if s.closed {
			s.engine.follower.strike(s)
		}
	}()
	for {
		s.mu.Lock()
		if len(s.untold) == 0 {
			s.mu.Unlock()
			return
		}
		next := s.untold[0]
		s.untold = s.untold[1:]
		if len(s.untold) == window-1 {
			s.wake.set()
		}
		s.mu.Unlock()
		s.tellOf(next)
	}
}

func (s *Session) tellOf(t told) {
	if t.result == ResultOK {
		defer s.engine.confirm(t.feed, t.number, t.at)
	}
	ctx, cancel := context.WithTimeout(s.tells, s.engine.contextTime())
	defer cancel()
	s.engine.tellNotified(ctx, t.account)
}
