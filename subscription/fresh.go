package subscription

import (
	"cmp"
	"slices"
	"sync"
)

// fresh remembers what this node has sequenced last. Nearly every event is delivered
// right after its commit, and then nothing has to be read for it. Events never
// change; what is forgotten is read from the store.
type fresh struct {
	mu     sync.Mutex
	events map[int64][]Event // by Key, in the order of their numbers
	kept   []freshCommit     // in the order in which they came
	count  int
	bytes  int
}

// freshCommit is what one commit added.
type freshCommit struct {
	keys  []int64 // of each event
	bytes int
}

// What is remembered at most: what a busy node has under way between sequencing and
// delivery, and little beside the rest of a process.
const (
	freshEvents = 1 << 14
	freshBytes  = 8 << 20
)

// add remembers the events of a commit, which are in the order of the changes that
// they are about.
func (f *fresh) add(events []NewEvent, changes []Change) {
	if len(events) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.events == nil {
		f.events = map[int64][]Event{}
	}
	c := freshCommit{keys: make([]int64, len(events))}
	at := 0
	for i, e := range events {
		for changes[at].Position != e.Position {
			at++
		}
		if i == 0 || events[i-1].Position != e.Position {
			c.bytes += len(changes[at].Resource) + len(changes[at].Previous)
		}
		c.keys[i] = e.Key
		f.events[e.Key] = append(f.events[e.Key], Event{Number: e.Number, Redacted: e.Redacted, Change: changes[at]})
	}
	f.kept = append(f.kept, c)
	f.count += len(events)
	f.bytes += c.bytes
	for f.count > freshEvents || f.bytes > freshBytes {
		f.forget()
	}
}

// forget drops the oldest commit.
func (f *fresh) forget() {
	oldest := f.kept[0]
	f.kept[0] = freshCommit{}
	f.kept = f.kept[1:]
	f.count -= len(oldest.keys)
	f.bytes -= oldest.bytes
	for _, key := range oldest.keys {
		if own := f.events[key]; len(own) > 1 {
			own[0] = Event{}
			f.events[key] = own[1:]
		} else {
			delete(f.events, key)
		}
	}
}

// find returns the events of a subscription from first to last, both included, if it
// remembers all of them. Their changes are not the caller's to write to.
func (f *fresh) find(key, first, last int64) ([]Event, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	own := f.events[key]
	from, found := slices.BinarySearchFunc(own, first, func(e Event, n int64) int { return cmp.Compare(e.Number, n) })
	if !found || last < first || int64(len(own)-from) < last-first+1 || own[from+int(last-first)].Number != last {
		return nil, false
	}
	return slices.Clone(own[from : from+int(last-first)+1]), true
}
