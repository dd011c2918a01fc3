package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// Store implements subscription.Store. It is made by New and safe for concurrent
// use; every method holds one lock for microseconds, so ctx is looked at on entry
// only.
type Store struct {
	mu sync.Mutex

	changes  []*change // in the order of their positions
	position int64     // the last one given

	leases map[string]*subscription.Lease
	token  int64 // the last one given, to a lease or a claim

	records map[int64]*record // by Key
	ids     map[identity]*record
	key     int64              // the last one given
	keys    []int64            // of all records, ascending
	tenants map[string][]int64 // keys of each tenant, ascending
	owned   map[possession]int // how many there are

	tokens map[identity]subscription.Token // by hash

	waiting queue             // records that are due at some time and not claimed
	turns   map[string]*queue // the same, of each tenant that has one
	running queue             // claimed records, by the end of the claim
}

var _ subscription.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{
		leases:  make(map[string]*subscription.Lease),
		records: make(map[int64]*record),
		ids:     make(map[identity]*record),
		tenants: make(map[string][]int64),
		owned:   make(map[possession]int),
		tokens:  make(map[identity]subscription.Token),
		turns:   make(map[string]*queue),
	}
}

type identity struct{ tenant, id string }

type possession struct{ tenant, owner string }

// record is a subscription with its claim and its event log.
type record struct {
	subscription.Record
	claim  int64     // token of the current claim; 0: none
	node   string    // who has claimed it
	until  time.Time // end of the claim, while the record is in Store.running
	events []event   // in the order of their numbers
}

// change is an entry of the log with the number of events that need it.
type change struct {
	subscription.Change
	events int
}

type event struct {
	number   int64
	redacted bool
	change   *change
}

// lock takes the store's lock unless ctx has ended.
func (s *Store) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	return nil
}

// edit calls f to change r's due time or claim, and keeps the queues in step.
func (s *Store) edit(r *record, f func()) {
	s.dequeue(r)
	f()
	s.enqueue(r)
}

func (s *Store) dequeue(r *record) {
	if !r.until.IsZero() {
		s.running.remove(r.until, r.Key)
	} else if !r.Due.IsZero() {
		s.waiting.remove(r.Due, r.Key)
		own := s.turns[r.Tenant]
		if own.remove(r.Due, r.Key); own.root == nil {
			delete(s.turns, r.Tenant)
		}
	}
}

func (s *Store) enqueue(r *record) {
	if !r.until.IsZero() {
		s.running.add(r.until, r.Key)
	} else if !r.Due.IsZero() {
		s.waiting.add(r.Due, r.Key)
		own := s.turns[r.Tenant]
		if own == nil {
			own = &queue{}
			s.turns[r.Tenant] = own
		}
		own.add(r.Due, r.Key)
	}
}

// raise raises the cursor, which never goes back, and ends the batch that it has
// passed.
func (r *record) raise(cursor int64) {
	r.Cursor = max(r.Cursor, cursor)
	if r.Frozen <= r.Cursor {
		r.Frozen = 0
	}
}

// endClaim forgets r's claim; only inside edit.
func (r *record) endClaim() { r.claim, r.until = 0, time.Time{} }

// stored is t as a store keeps it: to the microsecond, in UTC.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func cloneRecord(r subscription.Record) subscription.Record {
	r.Resource = slices.Clone(r.Resource)
	r.Spec = slices.Clone(r.Spec)
	r.Sequenced = slices.Clone(r.Sequenced)
	return r
}

func cloneChange(c subscription.Change) subscription.Change {
	c.Resource = slices.Clone(c.Resource)
	c.Previous = slices.Clone(c.Previous)
	c.Topics = slices.Clone(c.Topics)
	c.Undecided = slices.Clone(c.Undecided)
	c.Events = slices.Clone(c.Events)
	c.Spec = slices.Clone(c.Spec)
	return c
}
