package subscription

import (
	"context"
	"sync"
	"time"
)

// flights knows the claims that this process works on, so that a write of a
// Subscription can end an attempt that its former state began: once a deletion has
// returned, no request for it is begun.
type flights struct {
	claiming chan struct{}     // holds one from before a claim until it is registered
	mu       sync.Mutex        // guards of; never held for long, because every end needs it
	of       map[int64]*flight // by Key
}

// flight is the work on one claim. Its context ends when the work must.
type flight struct {
	claim  Claim
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
}

func newFlights() *flights {
	return &flights{claiming: make(chan struct{}, 1), of: map[int64]*flight{}}
}

// begin claims and registers what was claimed as one step: whoever writes a
// Subscription afterwards finds it here, and what was written before could not be
// claimed in its former state.
//
// The claims run until the given time, and no work on them goes on for longer.
func (f *flights) begin(ctx context.Context, until time.Time, claim func() ([]Claim, error)) ([]*flight, error) {
	f.claiming <- struct{}{}
	defer func() { <-f.claiming }()
	claims, err := claim()
	f.mu.Lock()
	defer f.mu.Unlock()
	begun := make([]*flight, len(claims))
	for i, c := range claims {
		fl := &flight{claim: c, done: make(chan struct{})}
		fl.ctx, fl.cancel = context.WithDeadline(ctx, until)
		if stale := f.of[c.Key]; stale != nil { // this process slept past its lease
			stale.cancel()
		}
		f.of[c.Key] = fl
		begun[i] = fl
	}
	return begun, err
}

// end is called once for each flight.
func (f *flights) end(fl *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.cancel()
	close(fl.done)
	if f.of[fl.claim.Key] == fl {
		delete(f.of, fl.claim.Key)
	}
}

// cut ends the attempt that a state of a Subscription before the given revision began,
// and waits until it has ended, or ctx ends. What the new state has begun by now goes
// on. A host that writes a Subscription while it is told its status does not wait for
// itself.
func (f *flights) cut(ctx context.Context, key, revision int64) {
	select {
	case f.claiming <- struct{}{}:
		<-f.claiming
	case <-ctx.Done(): // a store that hangs with a claim must not hold a client
		return
	}
	f.mu.Lock()
	fl := f.of[key]
	f.mu.Unlock()
	if fl != nil && fl.claim.Revision < revision {
		fl.cancel()
		if ctx.Value(flightKey{}) == key {
			return
		}
		select {
		case <-fl.done:
		case <-ctx.Done():
		}
	}
}

// flightKey marks the context of a host's function that is called for a claim.
type flightKey struct{}

func inFlight(ctx context.Context, key int64) context.Context {
	return context.WithValue(ctx, flightKey{}, key)
}
