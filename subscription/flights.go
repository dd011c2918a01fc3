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
	mu       sync.Mutex        // guards the rest; never held for long, because every end needs it
	of       map[int64]*flight // by Key

	watching  bool    // a claim is being made
	meanwhile []int64 // Keys of those that got events since it began, up to mostMeanwhile
}

// mostMeanwhile bounds what is remembered while a claim is made, which a dead connection
// may hold for long.
const mostMeanwhile = 1 << 14

// flight is the work on one claim. Its context ends when the work must.
type flight struct {
	claim  *Claim
	ctx    context.Context
	cancel context.CancelFunc
	of     *round
	done   chan struct{} // closed at the end; nil: nobody waits for it. Guarded by flights
	more   bool          // it may have got events since it was claimed. Guarded by flights
}

// round is what was claimed together, and runs out together.
type round struct {
	under  int // way; guarded by flights
	cancel context.CancelFunc
}

func newFlights() *flights {
	return &flights{claiming: make(chan struct{}, 1), of: map[int64]*flight{}}
}

// begin claims and registers what was claimed as one step: whoever writes a
// Subscription afterwards finds it here, and what was written before could not be
// claimed in its former state.
//
// The claims run until the given time, and no work on them goes on for longer.
func (f *flights) begin(ctx context.Context, until time.Time, claim func() ([]Claim, error)) ([]flight, error) {
	f.claiming <- struct{}{}
	defer func() { <-f.claiming }()
	f.watch(true)
	defer f.watch(false)
	claims, err := claim()
	if len(claims) == 0 {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	ctx, cancel := context.WithDeadline(ctx, until)
	together := &round{under: len(claims), cancel: cancel}
	begun := make([]flight, len(claims))
	for i := range claims {
		fl := &begun[i]
		fl.claim, fl.of = &claims[i], together
		fl.ctx, fl.cancel = context.WithCancel(ctx)
		if stale := f.of[fl.claim.Key]; stale != nil { // this process slept past its lease
			stale.cancel()
		}
		fl.more = len(f.meanwhile) == mostMeanwhile
		f.of[fl.claim.Key] = fl
	}
	for _, key := range f.meanwhile {
		if fl := f.of[key]; fl != nil {
			fl.more = true
		}
	}
	return begun, err
}

// watch notes that a claim is being made, or no longer.
func (f *flights) watch(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watching, f.meanwhile = on, nil
}

// numbered is told of events that this node has committed, before it looks whether
// something is due: who is in flight is due again when it ends.
func (f *flights) numbered(events []NewEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range events {
		key := events[i].Key
		if fl := f.of[key]; fl != nil {
			fl.more = true
		}
		if f.watching && len(f.meanwhile) < mostMeanwhile {
			f.meanwhile = append(f.meanwhile, key)
		}
	}
}

// mayHaveMore reports whether events may have been committed on this node since the
// flight's claim was made.
func (f *flights) mayHaveMore(fl *flight) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fl.more
}

// end is called once for each flight.
func (f *flights) end(fl *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.cancel()
	if fl.of.under--; fl.of.under == 0 {
		fl.of.cancel()
	}
	if fl.done != nil {
		close(fl.done)
	}
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
	done := f.cancel(key, revision)
	if done == nil || ctx.Value(flightKey{}) == key {
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// cancel cancels the flight that cut ends, and returns what is closed at its end, nil if
// there is none.
func (f *flights) cancel(key, revision int64) (done <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := f.of[key]
	if fl == nil || fl.claim.Revision >= revision {
		return nil
	}
	fl.cancel()
	if fl.done == nil {
		fl.done = make(chan struct{})
	}
	return fl.done
}

// flightKey marks the context of a host's function that is called for a claim.
type flightKey struct{}

func inFlight(ctx context.Context, key int64) context.Context {
	return context.WithValue(ctx, flightKey{}, key)
}
