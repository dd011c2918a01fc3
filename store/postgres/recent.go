package postgres

import (
	"slices"
	"sync"

	"github.com/carillon-fhir/carillon/subscription"
)

// recentBytes is about how much of what was appended is remembered at most: what a busy
// node has under way until it is sequenced.
const recentBytes = 8 << 20

// recent remembers the changes that this process has appended and committed last, until
// they get their positions and are returned. Then they need not be read back. What a
// host's transaction appends is not remembered: its place may become another's, if the
// server crashes before it commits.
type recent struct {
	mu      sync.Mutex
	changes map[int64]*subscription.Change // by place
	bytes   int
	full    bool // nobody has taken them: this node does not sequence
}

// keep remembers a change that was committed. mu is held.
func (r *recent) keep(place int64, c *subscription.Change) {
	if r.full {
		return
	}
	if r.changes == nil {
		r.changes = make(map[int64]*subscription.Change)
	}
	if r.bytes += weight(c); r.bytes > recentBytes {
		r.changes, r.bytes, r.full = nil, 0, true
		return
	}
	clone := *c
	clone.At = fromMicros(micros(c.At))
	clone.Resource, clone.Previous = slices.Clone(c.Resource), slices.Clone(c.Previous)
	clone.Topics, clone.Undecided = canonicals(c.Topics), canonicals(c.Undecided)
	clone.Events, clone.Spec = slices.Clone(c.Events), slices.Clone(c.Spec)
	r.changes[place] = &clone
}

// canonicals is a list of them as the database gives it back.
func canonicals(of []string) []string {
	if len(of) == 0 {
		return nil
	}
	return slices.Clone(of)
}

// weight is about how many bytes c takes.
func weight(c *subscription.Change) int { return 512 + len(c.Resource) + len(c.Previous) }

// placed is a change with its position, nil if it is not known.
type placed struct {
	*subscription.Change
	Position int64
}

// take returns the changes at places, and forgets them.
func (r *recent) take(places []int64) []placed {
	taken := make([]placed, len(places))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.full = false
	for i, place := range places {
		if c := r.changes[place]; c != nil {
			taken[i].Change = c
			r.bytes -= weight(c)
			delete(r.changes, place)
		}
	}
	return taken
}
