package memory

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/carillon-fhir/carillon/subscription"
)

// Append implements subscription.Tx in a transaction of its own.
func (s *Store) Append(ctx context.Context, changes []subscription.Change) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, c := range changes {
		s.append(cloneChange(c))
	}
	return nil
}

// append gives c the next position. It keeps c's slices.
func (s *Store) append(c subscription.Change) {
	s.position++
	c.Position = s.position
	c.At = stored(c.At)
	s.changes = append(s.changes, &change{Change: c})
}

// ReadChanges implements subscription.Store.
func (s *Store) ReadChanges(ctx context.Context, after int64, limit int) ([]subscription.Change, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	i, found := s.find(after)
	if found {
		i++
	}
	read := make([]subscription.Change, 0, min(len(s.changes)-i, max(limit, 0)))
	size := 0
	for _, c := range s.changes[i : i+cap(read)] {
		if size += len(c.Resource); size > subscription.ReadBytes && len(read) > 0 {
			break
		}
		read = append(read, c.Change)
	}
	return read, nil
}

// find returns the index of a position in s.changes, or where it would be.
func (s *Store) find(position int64) (int, bool) {
	return slices.BinarySearchFunc(s.changes, position, func(c *change, p int64) int {
		return compare(c.Position, p)
	})
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Tx is a transaction like that of a host's database. It is made by Store.Begin
// and safe for concurrent use.
type Tx struct {
	store *Store

	mu      sync.Mutex
	changes []subscription.Change
	ended   bool
}

var errEnded = errors.New("memory: the transaction has ended")

// Begin starts a transaction. It holds nothing, so it may be dropped without
// Rollback.
func (s *Store) Begin() *Tx { return &Tx{store: s} }

// Append implements subscription.Tx: the changes become visible with Commit.
func (t *Tx) Append(ctx context.Context, changes []subscription.Change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return errEnded
	}
	for _, c := range changes {
		t.changes = append(t.changes, cloneChange(c))
	}
	return nil
}

// Commit puts what was appended into the change log, at its end, and ends the
// transaction. It fails if the transaction has ended.
func (t *Tx) Commit() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return errEnded
	}
	t.ended = true
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	for _, c := range t.changes {
		t.store.append(c)
	}
	return nil
}

// Rollback forgets what was appended and ends the transaction. It fails if the
// transaction has ended.
func (t *Tx) Rollback() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return errEnded
	}
	t.ended = true
	return nil
}
