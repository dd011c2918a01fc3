package sqlite

import (
	"cmp"
	"slices"
	"sync"

	"github.com/carillon-fhir/carillon/subscription"
)

// What recent holds at most: enough for what a busy engine has under way between
// sequencing and delivery, and little beside the rest of a process.
const (
	recentBytes  = 8 << 20 // of changes, about
	recentEvents = 1 << 14
)

// recent remembers the changes that were appended and read last and the events that were
// committed last. Nearly every event is delivered right after its commit, and then
// nothing has to be read for it. What is forgotten is read from the database.
//
// Changes and events never change once they are committed. They only go: prunes
// and deletions tell recent so right after their commit.
type recent struct {
	mu     sync.Mutex
	prunes int // how many there have been

	changes   map[int64]*subscription.Change // by position
	positions []int64                        // of changes, in the order in which they came
	bytes     int                            // of changes

	events map[int64][]recentEvent // by the subscription's key, in the order of their numbers
	keys   []int64                 // an entry for each event, in the order in which they came
}

type recentEvent struct {
	number, position int64
	redacted         bool
}

func (e recentEvent) compare(number int64) int { return cmp.Compare(e.number, number) }

func newRecent() *recent {
	return &recent{changes: make(map[int64]*subscription.Change), events: make(map[int64][]recentEvent)}
}

// pruned returns how many prunes there have been.
func (r *recent) pruned() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.prunes
}

// read remembers changes that were read after the given number of prunes.
func (r *recent) read(changes []subscription.Change, prunes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.prunes != prunes {
		return // they may be gone
	}
	for i := range changes {
		if c := &changes[i]; r.changes[c.Position] == nil {
			kept := *c
			r.keep(&kept)
		}
	}
	r.shrink()
}

// appended remembers changes that were just committed, and keeps them.
func (r *recent) appended(changes []*subscription.Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range changes {
		r.keep(c)
	}
	r.shrink()
}

// keep remembers a change.
func (r *recent) keep(c *subscription.Change) {
	if c.Subscription != 0 || r.changes[c.Position] != nil || size(c) > recentBytes/8 {
		return // nothing for a delivery, or here already, for it may be read before it is told of its commit, or too big
	}
	r.changes[c.Position] = c
	r.positions = append(r.positions, c.Position)
	r.bytes += size(c)
}

// shrink forgets the changes that came first.
func (r *recent) shrink() {
	for r.bytes > recentBytes {
		r.bytes -= size(r.changes[r.positions[0]])
		delete(r.changes, r.positions[0])
		r.positions = r.positions[1:]
	}
}

// logged returns the changes at positions, or false if it does not remember all of them.
func (r *recent) logged(positions []int64) ([]subscription.Change, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	changes := make([]subscription.Change, len(positions))
	for i, position := range positions {
		c := r.changes[position]
		if c == nil {
			return nil, false
		}
		changes[i] = *c
	}
	return changes, true
}

// size is about what c takes.
func size(c *subscription.Change) int { return 512 + len(c.Resource) + len(c.Previous) }

// tenant returns whose the change at position is, if it is remembered.
func (r *recent) tenant(position int64) (tenant string, found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.changes[position]
	if c == nil {
		return "", false
	}
	return c.Tenant, true
}

// committed remembers events.
func (r *recent) committed(events []subscription.NewEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range events {
		r.events[e.Key] = append(r.events[e.Key], recentEvent{e.Number, e.Position, e.Redacted})
		r.keys = append(r.keys, e.Key)
	}
	r.trim()
}

// trim forgets the events that came first.
func (r *recent) trim() {
	for ; len(r.keys) > recentEvents; r.keys = r.keys[1:] {
		key := r.keys[0]
		if own := r.events[key]; len(own) > 1 {
			r.events[key] = own[1:]
		} else {
			delete(r.events, key)
		}
	}
}

// deleted forgets a subscription.
func (r *recent) deleted(key int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.events, key)
}

// prune forgets everything.
func (r *recent) prune() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.prunes++
	r.bytes, r.positions, r.keys = 0, nil, nil
	clear(r.changes)
	clear(r.events)
}

// claimed remembers events that were read for those who have just claimed their
// subscriptions: each subscription's are together and in order.
func (r *recent) claimed(keys []int64, events []subscription.Event, prunes int) {
	changes := make([]subscription.Change, len(events))
	for i := range events {
		changes[i] = events[i].Change
	}
	r.read(changes, prunes)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.prunes != prunes {
		return
	}
	for i, e := range events {
		own := r.events[keys[i]]
		at, found := slices.BinarySearchFunc(own, e.Number, recentEvent.compare)
		if !found {
			r.events[keys[i]] = slices.Insert(own, at, recentEvent{e.Number, e.Change.Position, e.Redacted})
			r.keys = append(r.keys, keys[i])
		}
	}
	r.trim()
}

// has reports whether it remembers all that a claim is for.
func (r *recent) has(c *subscription.Claim) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	own := r.events[c.Key]
	i, _ := slices.BinarySearchFunc(own, c.Cursor+1, recentEvent.compare)
	for number := c.Cursor + 1; number <= c.Frozen; number++ {
		if i == len(own) || own[i].number != number || r.changes[own[i].position] == nil {
			return false
		}
		i++
	}
	return true
}

// find returns the events of a subscription from first to last, but at most limit. It
// returns false if it does not remember all of them.
func (r *recent) find(key, first, last int64, limit int) ([]subscription.Event, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	own := r.events[key]
	i, found := slices.BinarySearchFunc(own, first, recentEvent.compare)
	if !found || last < first || limit <= 0 {
		return nil, false
	}
	n := int(min(last-first+1, int64(limit)))
	if n > len(own)-i {
		return nil, false
	}
	events := make([]subscription.Event, n)
	for j, e := range own[i : i+n] {
		c := r.changes[e.position]
		if c == nil || e.number != first+int64(j) {
			return nil, false
		}
		events[j] = subscription.Event{Number: e.number, Redacted: e.redacted, Change: *c}
	}
	return events, true
}

func cloneChange(c *subscription.Change) subscription.Change {
	clone := *c
	clone.Resource, clone.Previous = slices.Clone(c.Resource), slices.Clone(c.Previous)
	clone.Topics, clone.Undecided = slices.Clone(c.Topics), slices.Clone(c.Undecided)
	clone.Events, clone.Spec = slices.Clone(c.Events), slices.Clone(c.Spec)
	return clone
}
