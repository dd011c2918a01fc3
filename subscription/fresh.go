package subscription

import (
	"container/list"
	"sync"
)

// fresh remembers what this node has sequenced and not yet delivered. Nearly every event
// is delivered right after its commit, and then nothing has to be read for it. Events never
// change; what is forgotten is read from the store.
type fresh struct {
	mu    sync.Mutex
	logs  map[int64]freshLog // by Key
	kept  list.List          // of *freshCommit, in the order in which they came
	count int                // of events
	bytes int
}

// freshLog is what is remembered of a subscription, in the order of the numbers.
type freshLog struct{ first, last *freshEvent }

type freshEvent struct {
	key, number int64
	redacted    bool
	change      *Change
	of          *freshCommit // nil: it was forgotten
	next        *freshEvent  // of the same subscription
}

// freshCommit is what one commit added. Its changes are there until all is forgotten.
type freshCommit struct {
	events []freshEvent
	left   int // of them
	bytes  int
	place  *list.Element // in fresh.kept, until nothing is left
}

// What is remembered at most: what a busy node has under way between sequencing and
// delivery, and little beside the rest of a process.
const (
	freshEvents = 1 << 15
	freshBytes  = 16 << 20
)

// add remembers the events of a commit, which are in the order of the changes that
// they are about. Nobody writes to the changes any more.
func (f *fresh) add(events []NewEvent, changes []Change) {
	if len(events) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.logs == nil {
		f.logs = map[int64]freshLog{}
	}
	c := &freshCommit{events: make([]freshEvent, len(events)), left: len(events)}
	own := make([]Change, 0, min(len(events), len(changes))) // the others of the batch are not kept for them
	at := 0
	for i, e := range events {
		for changes[at].Position != e.Position {
			at++
		}
		if i == 0 || events[i-1].Position != e.Position {
			own = append(own, changes[at])
			c.bytes += len(changes[at].Resource) + len(changes[at].Previous)
		}
		added := &c.events[i]
		*added = freshEvent{key: e.Key, number: e.Number, redacted: e.Redacted, change: &own[len(own)-1], of: c}
		log := f.logs[e.Key]
		if log.last == nil {
			log.first = added
		} else {
			log.last.next = added
		}
		log.last = added
		f.logs[e.Key] = log
	}
	c.place = f.kept.PushBack(c)
	f.count += len(events)
	f.bytes += c.bytes
	for f.count > freshEvents || f.bytes > freshBytes {
		f.forget()
	}
}

// forget drops the oldest commit, whose events are the first of their subscriptions.
func (f *fresh) forget() {
	oldest := f.kept.Front().Value.(*freshCommit)
	for i := range oldest.events {
		if e := &oldest.events[i]; e.of != nil {
			f.pop(e)
		}
	}
}

// pop forgets an event, which is the first of its subscription.
func (f *fresh) pop(e *freshEvent) {
	if e.next == nil {
		delete(f.logs, e.key)
	} else {
		f.logs[e.key] = freshLog{first: e.next, last: f.logs[e.key].last}
	}
	f.count--
	c := e.of
	e.of, e.change, e.next = nil, nil, nil
	if c.left--; c.left == 0 {
		f.bytes -= c.bytes
		f.kept.Remove(c.place)
	}
}

// delivered forgets the events of a subscription up to a number: nobody asks for them
// soon.
func (f *fresh) delivered(key, last int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for e := f.logs[key].first; e != nil && e.number <= last; e = f.logs[key].first {
		f.pop(e)
	}
}

// find returns the events of a subscription from first to last, both included, if it
// remembers all of them. Their changes are not the caller's to write to.
func (f *fresh) find(key, first, last int64) ([]Event, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.logs[key].first
	for e != nil && e.number < first {
		e = e.next
	}
	from, n := e, 0
	for want := first; want <= last; want++ {
		if e == nil || e.number != want {
			return nil, false
		}
		e = e.next
		n++
	}
	if n == 0 {
		return nil, false
	}
	events := make([]Event, n)
	for i := range events {
		events[i] = Event{Number: from.number, Redacted: from.redacted, Change: *from.change}
		from = from.next
	}
	return events, true
}
