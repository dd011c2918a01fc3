package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// start is when every clause begins; minute n is start plus n minutes.
var start = time.Date(2026, 3, 1, 8, 0, 0, 123456000, time.UTC)

func minute(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }

const tenant = "north"

// world is a store with the few moves that the clauses are made of. A move that
// fails ends the clause.
type world struct {
	testing.TB
	h     Harness
	store subscription.Store
	ctx   context.Context
	lease subscription.Lease // of sequence
}

func newWorld(t testing.TB, h Harness) *world {
	return &world{TB: t, h: h, store: h.New(t), ctx: t.Context()}
}

// reopen kills the process, or skips the clause.
func (w *world) reopen() {
	if w.h.Reopen == nil {
		w.Skip("nothing survives the process in this store")
	}
	w.store = w.h.Reopen(w.TB, w.store)
}

// another returns another process's handle of the store, or skips the clause.
func (w *world) another() *world {
	if w.h.Another == nil {
		w.Skip("this store is for one process")
	}
	return &world{TB: w.TB, h: w.h, store: w.h.Another(w.TB, w.store), ctx: w.ctx}
}

// observation is a change of a resource at a time.
func observation(id string, at time.Time) subscription.Change {
	return subscription.Change{
		Tenant: tenant, At: at, Interaction: topic.Create, ResourceType: "Observation", ResourceID: id,
		Resource: json.RawMessage(`{"resourceType":"Observation","id":"` + id + `"}`),
		Topics:   []string{"http://example.org/topic"},
		Method:   "POST", URL: "Observation", ResultStatus: "201",
	}
}

func (w *world) append(changes ...subscription.Change) {
	require.NoError(w, w.store.Append(w.ctx, changes))
}

// log reads the whole change log.
func (w *world) log() []subscription.Change { return w.logAfter(0) }

func (w *world) logAfter(position int64) []subscription.Change {
	read, err := w.store.ReadChanges(w.ctx, position, 1000)
	require.NoError(w, err)
	return read
}

// controls returns the entries of the log that are writes of Subscriptions.
func (w *world) controls() []subscription.Change {
	var found []subscription.Change
	for _, c := range w.log() {
		if c.Subscription != 0 {
			found = append(found, c)
		}
	}
	return found
}

// record is a subscription as a host would create it.
func record(id string) subscription.Record {
	return subscription.Record{
		Tenant: tenant, ID: id, Resource: json.RawMessage(`{"id":"` + id + `"}`), UpdatedAt: start,
		Status: subscription.StatusActive, Spec: []byte("spec of " + id), MaxCount: 10, Eager: true,
	}
}

// dueAt is record with a due time.
func dueAt(id string, due time.Time) subscription.Record {
	r := record(id)
	r.Due = due
	return r
}

func (w *world) put(r subscription.Record, revision int64) subscription.Record {
	put, err := w.store.PutSubscription(w.ctx, r, revision)
	require.NoError(w, err)
	return put
}

func (w *world) get(id string) subscription.Record {
	r, err := w.store.GetSubscription(w.ctx, tenant, id)
	require.NoError(w, err)
	return r
}

func (w *world) list(q subscription.ListQuery) []subscription.Record {
	read, err := w.store.ListSubscriptions(w.ctx, q)
	require.NoError(w, err)
	return read
}

func (w *world) acquire(name, node string, now, until time.Time) subscription.Lease {
	l, err := w.store.Acquire(w.ctx, name, node, now, until)
	require.NoError(w, err)
	return l
}

// sequence appends n changes at a time, each of which is an event of all the
// subscriptions, and commits them. It returns the changes with their positions.
func (w *world) sequence(at time.Time, n int, subscriptions ...subscription.Record) []subscription.Change {
	if w.lease.Name == "" {
		w.lease = w.acquire("sequencer", "sequencing node", start, minute(1000))
	}
	before := int64(0)
	if all := w.log(); len(all) > 0 {
		before = all[len(all)-1].Position
	}
	for i := range n {
		w.append(observation(fmt.Sprint("o", i), at))
	}
	read := w.logAfter(max(before, w.lease.Cursor))
	require.Len(w, read, n)
	c := subscription.Commit{Cursor: read[n-1].Position, At: at}
	for _, s := range subscriptions {
		count := w.get(s.ID).Count
		for i, change := range read {
			c.Events = append(c.Events, subscription.NewEvent{
				Key: s.Key, Number: count + int64(i) + 1, Position: change.Position,
			})
		}
	}
	w.commit(c)
	return read
}

func (w *world) commit(c subscription.Commit) {
	require.NoError(w, w.store.CommitEvents(w.ctx, w.lease, c))
	w.lease.Cursor = c.Cursor
}

func (w *world) events(key, first, last int64, limit int) []subscription.Event {
	read, err := w.store.ReadEvents(w.ctx, key, first, last, limit)
	require.NoError(w, err)
	return read
}

// numbers returns the numbers of all events of a subscription.
func (w *world) numbers(key int64) []int64 {
	var found []int64
	for _, e := range w.events(key, 1, 1000, 1000) {
		found = append(found, e.Number)
	}
	return found
}

// claim claims as node for ten minutes from now on.
func (w *world) claim(node string, now time.Time, limit int) []subscription.Claim {
	claims, _, err := w.store.Claim(w.ctx, node, now, now.Add(10*time.Minute), limit)
	require.NoError(w, err)
	return claims
}

// claimed returns the ids of what claim gets.
func (w *world) claimed(node string, now time.Time, limit int) []string {
	ids := []string{}
	for _, c := range w.claim(node, now, limit) {
		ids = append(ids, c.ID)
	}
	return ids
}

// outcome changes nothing about a claim's subscription.
func outcome(c subscription.Claim, at time.Time) subscription.Outcome {
	return subscription.Outcome{
		Key: c.Key, Token: c.Token, At: at, Status: c.Status, Error: c.Error, Spec: c.Spec,
		Cursor: c.Cursor, Frozen: c.Frozen, Attempt: c.Attempt, FailingSince: c.FailingSince,
		SentAt: c.SentAt, Due: c.Due, Eager: c.Eager, Announce: c.Announce,
	}
}

func (w *world) finish(o subscription.Outcome) { require.NoError(w, w.store.Finish(w.ctx, o)) }

// deliver moves the cursor of a subscription that is due at now to number.
func (w *world) deliver(id string, now time.Time, number int64) {
	for _, c := range w.claim("delivering node", now, 1000) {
		o := outcome(c, now)
		if c.ID == id {
			o.Cursor, o.Frozen, o.Due = number, 0, time.Time{}
		}
		w.finish(o)
	}
	require.Equal(w, number, w.get(id).Cursor)
}

// unchanged calls f and requires that it leaves no trace.
func (w *world) unchanged(f func()) {
	all := subscription.ListQuery{AllTenants: true, Limit: 1000}
	changes, records := w.log(), w.list(all)
	f()
	requireChanges(w, changes, w.log())
	requireRecords(w, records, w.list(all))
}
