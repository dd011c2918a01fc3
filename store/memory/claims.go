package memory

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// Claim implements subscription.Store.
func (s *Store) Claim(ctx context.Context, node string, now, until time.Time, limit int) (claims []subscription.Claim, next time.Time, err error) {
	if err := s.lock(ctx); err != nil {
		return nil, time.Time{}, err
	}
	defer s.mu.Unlock()
	// A claim that has run out keeps its token: its node may still finish it, as
	// long as nobody else has claimed the subscription.
	for e := s.running.first(); e != nil && !e.at.After(now); e = s.running.first() {
		r := s.records[e.key]
		s.edit(r, func() { r.until = time.Time{} })
	}
	for len(claims) < limit {
		e := s.waiting.first()
		if e == nil || e.at.After(now) {
			break
		}
		r := s.records[e.key]
		s.token++
		s.edit(r, func() { r.node, r.claim, r.until = node, s.token, stored(until) })
		r.Freeze()
		claims = append(claims, subscription.Claim{Record: cloneRecord(r.Record), Token: r.claim})
	}
	if e := s.waiting.after(now); e != nil {
		next = e.at
	}
	if e := s.running.after(now); e != nil && (next.IsZero() || e.at.Before(next)) {
		next = e.at
	}
	return claims, next, nil
}

// Finish implements subscription.Store.
func (s *Store) Finish(ctx context.Context, o subscription.Outcome) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	r := s.records[o.Key]
	if r == nil || r.claim == 0 || r.claim != o.Token {
		return subscription.ErrLost
	}
	at := stored(o.At)
	if r.Status != o.Status || r.Error != o.Error {
		r.Revision++
		r.UpdatedAt = at
	}
	changed := !bytes.Equal(r.Spec, o.Spec)
	s.edit(r, func() {
		r.endClaim()
		r.Status, r.Error, r.Spec = o.Status, o.Error, slices.Clone(o.Spec)
		r.Cursor, r.Frozen, r.Attempt = o.Cursor, o.Frozen, o.Attempt
		r.FailingSince, r.SentAt, r.Due = stored(o.FailingSince), stored(o.SentAt), stored(o.Due)
		r.Eager, r.Announce = o.Eager, o.Announce
		if r.Eager && r.Count > r.Cursor {
			r.Due = at
		}
	})
	if changed {
		s.control(r, at, r.Spec)
	}
	return nil
}
