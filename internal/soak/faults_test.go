package soak

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// How many in a thousand fail, once there are faults: a store that fails as often as an
// endpoint may would make claims run out all the time, and there would be no full load.
const (
	endpointFaults = 50
	storeFaults    = 1
)

var errFault = errors.New("soak: injected")

// faults decides what fails. It keeps counts only: package faulty also remembers each call,
// and would grow with the run.
type faults struct {
	on      atomic.Bool
	number  atomic.Int64
	repeats atomic.Int64 // of number, what may lead to a notification being sent once more
}

func (f *faults) hit(inThousand int) bool {
	if !f.on.Load() || rand.IntN(1000) >= inThousand {
		return false
	}
	f.number.Add(1)
	return true
}

// flaky is a store whose calls fail now and then, before their effect or after.
type flaky struct {
	subscription.Store
	faults *faults
}

func (s *flaky) fail(effect func() error) error {
	if !s.faults.hit(storeFaults) {
		return effect()
	}
	s.faults.repeats.Add(1)
	if rand.IntN(2) == 0 {
		_ = effect()
	}
	return errFault
}

func (s *flaky) CommitEvents(ctx context.Context, l subscription.Lease, c subscription.Commit) error {
	return s.fail(func() error { return s.Store.CommitEvents(ctx, l, c) })
}

func (s *flaky) Finish(ctx context.Context, o subscription.Outcome) error {
	return s.fail(func() error { return s.Store.Finish(ctx, o) })
}

func (s *flaky) ReadEvents(ctx context.Context, key, first, last int64, limit int) (events []subscription.Event, err error) {
	err = s.fail(func() error { events, err = s.Store.ReadEvents(ctx, key, first, last, limit); return err })
	return events, err
}

func (s *flaky) Claim(ctx context.Context, node string, now, until time.Time, limit int) (claims []subscription.Claim, next time.Time, err error) {
	err = s.fail(func() error { claims, next, err = s.Store.Claim(ctx, node, now, until, limit); return err })
	if err != nil {
		claims = nil
	}
	return claims, next, err
}
