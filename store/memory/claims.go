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
	claimed, next := s.work.Claim(node, now, until, limit)
	for _, c := range claimed {
		r := s.records[c.Key]
		r.Freeze()
		claims = append(claims, subscription.Claim{Record: r.Record, Token: c.Token})
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
	if r == nil || !s.work.Current(o.Key, o.Token) {
		return subscription.ErrLost
	}
	at := stored(o.At)
	if r.Status != o.Status || r.Error != o.Error {
		r.Revision++
		r.UpdatedAt = at
	}
	changed := !bytes.Equal(r.Spec, o.Spec)
	s.work.End(r.Key)
	r.Status, r.Error = o.Status, o.Error
	r.Frozen, r.Attempt = o.Frozen, o.Attempt
	r.raise(o.Cursor)
	r.FailingSince, r.SentAt = stored(o.FailingSince), stored(o.SentAt)
	r.Eager, r.Announce = o.Eager, o.Announce
	if r.Eager && r.Count > r.Cursor {
		s.dueAt(r, at)
	} else {
		s.dueAt(r, stored(o.Due))
	}
	if changed {
		r.Spec = slices.Clone(o.Spec)
		s.control(r)
	}
	return nil
}
