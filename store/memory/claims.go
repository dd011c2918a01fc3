package memory

import (
	"bytes"
	"cmp"
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
	for _, e := range s.due(now, limit) {
		r := s.records[e.key]
		s.token++
		s.edit(r, func() { r.node, r.claim, r.until = node, s.token, stored(until) })
		r.Freeze()
		claims = append(claims, subscription.Claim{Record: r.Record, Token: r.claim})
	}
	if e := s.waiting.after(now); e != nil {
		next = e.at
	}
	if e := s.running.after(now); e != nil && (next.IsZero() || e.at.Before(next)) {
		next = e.at
	}
	return claims, next, nil
}

// due returns up to limit entries that are due, in the order in which they are to be
// claimed. If there are more, the tenants take turns: each round takes the next of
// every tenant.
func (s *Store) due(now time.Time, limit int) []*entry {
	var due []*entry
	e := s.waiting.first()
	for ; len(due) < limit && e != nil && !e.at.After(now); e = s.waiting.behind(e.at, e.key) {
		due = append(due, e)
	}
	if len(due) < limit || e == nil || e.at.After(now) || len(s.turns) == 1 {
		return due
	}
	due = due[:0]
	var round []*entry
	for _, own := range s.turns {
		if e := own.first(); !e.at.After(now) {
			round = append(round, e)
		}
	}
	for len(due) < limit && len(round) > 0 {
		slices.SortFunc(round, func(a, b *entry) int {
			return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.key, b.key))
		})
		round = round[:min(len(round), limit-len(due))]
		due = append(due, round...)
		following := round[:0]
		for _, e := range round {
			if e := s.turns[s.records[e.key].Tenant].behind(e.at, e.key); e != nil && !e.at.After(now) {
				following = append(following, e)
			}
		}
		round = following
	}
	return due
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
		r.Status, r.Error = o.Status, o.Error
		r.Frozen, r.Attempt = o.Frozen, o.Attempt
		r.raise(o.Cursor)
		r.FailingSince, r.SentAt, r.Due = stored(o.FailingSince), stored(o.SentAt), stored(o.Due)
		r.Eager, r.Announce = o.Eager, o.Announce
		if r.Eager && r.Count > r.Cursor {
			r.Due = at
		}
	})
	if changed {
		r.Spec = slices.Clone(o.Spec)
		s.control(r)
	}
	return nil
}
