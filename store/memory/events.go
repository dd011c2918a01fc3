package memory

import (
	"context"
	"errors"
	"slices"

	"github.com/carillon-fhir/carillon/subscription"
)

// CommitEvents implements subscription.Store.
func (s *Store) CommitEvents(ctx context.Context, l subscription.Lease, c subscription.Commit) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	held := s.leases[l.Name]
	if held == nil || held.Node == "" || held.Token != l.Token || held.Cursor != l.Cursor {
		return subscription.ErrFenced
	}
	events, err := s.resolve(c.Events)
	if err != nil {
		return err
	}
	at := stored(c.At)
	for i, e := range c.Events {
		r := s.records[e.Key]
		if r == nil {
			continue
		}
		r.events = append(r.events, events[i])
		events[i].change.events++
		r.Count = e.Number
		if r.Eager && (r.Due.IsZero() || r.Due.After(at)) {
			s.dueAt(r, at)
		}
	}
	for _, spec := range c.Sequenced {
		if r := s.records[spec.Key]; r != nil {
			r.Sequenced = slices.Clone(spec.Spec)
		}
	}
	held.Cursor = c.Cursor
	return nil
}

// resolve finds the changes of events, so that nothing is written if one of them
// can't be. Events of subscriptions that are gone stay zero.
func (s *Store) resolve(events []subscription.NewEvent) ([]event, error) {
	resolved := make([]event, len(events))
	last := make(map[int64]int64)
	for i, e := range events {
		r := s.records[e.Key]
		if r == nil {
			continue
		}
		if e.Number <= max(r.Count, last[e.Key]) {
			return nil, errors.New("memory: an event's number does not follow its subscription's Count")
		}
		last[e.Key] = e.Number
		j, found := s.find(e.Position)
		if !found {
			return nil, errors.New("memory: an event's change is not in the log")
		}
		resolved[i] = event{number: e.Number, redacted: e.Redacted, change: s.changes[j]}
	}
	return resolved, nil
}

// ReadEvents implements subscription.Store.
func (s *Store) ReadEvents(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	r := s.records[key]
	if r == nil {
		return nil, nil
	}
	i, _ := slices.BinarySearchFunc(r.events, first, func(e event, n int64) int {
		return compare(e.number, n)
	})
	var read []subscription.Event
	size := 0
	for _, e := range r.events[i:] {
		if e.number > last || len(read) >= limit {
			break
		}
		if size += len(e.change.Resource); size > subscription.ReadBytes && len(read) > 0 {
			break
		}
		read = append(read, subscription.Event{
			Number: e.number, Redacted: e.redacted, Change: e.change.Change,
		})
	}
	return read, nil
}
