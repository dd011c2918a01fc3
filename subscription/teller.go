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
// process that dies before sends it again, and tells of it again; so does one that ends,
// with what has not been told when DrainTimeout is over.
func (s *Session) tell(of []receipt, result Result) {
	at := s.engine.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range of {
		s.untold = append(s.untold, told{r, result, at})
	}
	s.tellOn()
}

// tellOn has told what is not being told, unless Run is over. s.mu is held.
func (s *Session) tellOn() {
	if len(s.untold) == 0 || s.telling {
		return
	}
	if s.telling = s.engine.follower.tell(s); !s.telling {
		s.untold = nil
	}
}

// tell begins to tell for a session, unless Run is over, which waits for it.
func (f *follower) tell(s *Session) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.tells.Err() != nil {
		return false
	}
	f.tellers.Go(s.tellAll)
	return true
}

// endTells cuts what OnNotified does for sessions, and waits until it has come to its end.
func (f *follower) endTells(cut context.CancelFunc) {
	f.mu.Lock()
	cut()
	f.mu.Unlock()
	f.tellers.Wait()
}

// tellAll tells until there is nothing to tell, or Run is over, and strikes a session that
// has been closed meanwhile.
func (s *Session) tellAll() {
	defer func() { // also if OnNotified has ended the goroutine
		s.mu.Lock()
		defer s.mu.Unlock()
		s.telling = false
		if s.tellOn(); !s.telling && s.closed {
			s.engine.follower.strike(s)
		}
	}()
	for {
		s.mu.Lock()
		if len(s.untold) == 0 || s.tells.Err() != nil {
			s.mu.Unlock()
			return
		}
		next := s.untold[0]
		s.untold = s.untold[1:]
		if len(s.untold) == window-1 {
			s.alert()
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
