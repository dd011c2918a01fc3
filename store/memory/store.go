package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/internal/due"
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
	token  int64 // the last one given to a lease

	records map[int64]*record // by Key
	ids     map[identity]*record
	key     int64              // the last one given
	keys    []int64            // of all records, ascending
	tenants map[string][]int64 // keys of each tenant, ascending
	owned   map[possession]int // how many there are

	tokens map[identity]subscription.Token // by hash

	work due.Queue // what is due, and who has claimed it
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
	}
}

type identity struct{ tenant, id string }

type possession struct{ tenant, owner string }

// record is a subscription with its event log.
type record struct {
	subscription.Record
	events []event // in the order of their numbers
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

// dueAt makes r due at a time that is stored.
func (s *Store) dueAt(r *record, at time.Time) {
	r.Due = at
	s.work.Set(r.Key, r.Tenant, at)
}

// raise raises the cursor, which never goes back, and ends the batch that it has
// passed.
func (r *record) raise(cursor int64) {
	r.Cursor = max(r.Cursor, cursor)
	if r.Frozen <= r.Cursor {
		r.Frozen = 0
	}
}

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
