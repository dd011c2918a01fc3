package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// Errors of Copy, for errors.Is. Before both of them nothing has been written.
var (
	// ErrUnsequenced: let the engine of the store to copy from run until nothing waits.
	ErrUnsequenced = errors.New("transfer: changes are waiting to be sequenced in the store to copy from")
	// ErrNotEmpty: the store to copy to has changes or subscriptions.
	ErrNotEmpty = errors.New("transfer: the store to copy to is in use")
)

// Report says what was copied.
type Report struct {
	Subscriptions int // of all tenants
	Changes       int // those that some event is about
	Events        int // delivered or not
}

// node is who holds leases and claims meanwhile.
const node = "carillon transfer"

// page is how much is read and written at a time.
const page = 500

// Copy copies all subscriptions, with their events and the changes behind these, to an
// empty store. now is the time; nothing may take longer than an hour. If it fails, the
// store to copy to must be emptied before it is tried again.
func Copy(ctx context.Context, to, from subscription.Store, now time.Time) (r Report, err error) {
	c := &copying{to: to, from: from, now: now, until: now.Add(time.Hour), positions: map[int64]int64{}}
	defer func() { // also after a failure: the old store must be free to go on
		last := context.WithoutCancel(ctx)
		r, err = c.report, errors.Join(err, from.Release(last, node), to.Release(last, node))
	}()
	for _, step := range []func(context.Context) error{
		c.begin, c.readSubscriptions, c.writeSubscriptions, c.changes, c.events, c.deliveries,
	} {
		if err := step(ctx); err != nil {
			return c.report, err
		}
	}
	return c.report, nil
}

type copying struct {
	to, from   subscription.Store
	now, until time.Time
	report     Report

	old, lease subscription.Lease
	records    []subscription.Record // of the old store
	keys       []int64               // what they are called in the new one
	positions  map[int64]int64       // of the changes that events need: in the new store, 0 before they are there
	markers    int                   // changes that stand for events which the old store no longer had
	marked     []int64               // their positions
}

// begin makes sure that both stores are as Copy wants them.
func (c *copying) begin(ctx context.Context) (err error) {
	for _, s := range []subscription.Store{c.to, c.from} {
		if sharded, ok := s.(subscription.Sharded); ok {
			if n, err := sharded.Shards(ctx); err != nil || n != 1 {
				return errors.Join(errors.New("transfer: a store must have one shard"), err)
			}
		}
	}
	changes, err := c.to.ReadChanges(ctx, 0, 1)
	if err != nil {
		return err
	}
	there, err := c.to.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, Limit: 1})
	if err != nil {
		return err
	}
	if len(changes)+len(there) > 0 {
		return ErrNotEmpty
	}
	if c.old, err = c.from.Acquire(ctx, subscription.LeaseName(0, 1), node, c.now, c.until); err != nil {
		return err
	}
	if changes, err = c.from.ReadChanges(ctx, c.old.Cursor, 1); err != nil {
		return err
	}
	if len(changes) > 0 {
		return ErrUnsequenced
	}
	return nil
}

// readSubscriptions reads all subscriptions and which changes their events are about.
func (c *copying) readSubscriptions(ctx context.Context) error {
	for after := int64(0); ; {
		list, err := c.from.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, After: after, Limit: page})
		if err != nil {
			return err
		}
		for _, r := range list {
			after = r.Key
			c.records = append(c.records, r)
			last := int64(0)
			err := c.eachEvent(ctx, r, func(e subscription.Event) {
				c.positions[e.Change.Position] = 0
				last = e.Number
			})
			if err != nil {
				return err
			}
			if last < r.Count {
				c.markers++
			}
		}
		if len(list) < page {
			return nil
		}
	}
}

// eachEvent calls f for every event that the old store has of a subscription.
func (c *copying) eachEvent(ctx context.Context, r subscription.Record, f func(subscription.Event)) error {
	for next := int64(1); next <= r.Count; {
		events, err := c.from.ReadEvents(ctx, r.Key, next, r.Count, page)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return nil
		}
		for _, e := range events {
			f(e)
		}
		next = events[len(events)-1].Number + 1
	}
	return nil
}

// writeSubscriptions creates them. They are due at once, so that deliveries can claim
// them and say how far they are.
func (c *copying) writeSubscriptions(ctx context.Context) error {
	for _, r := range c.records {
		r.Due, r.Eager = c.now, false
		put, err := c.to.PutSubscription(ctx, r, 0)
		if err != nil {
			return fmt.Errorf("transfer: writing a subscription: %w", err)
		}
		c.keys = append(c.keys, put.Key)
		c.report.Subscriptions++
	}
	return nil
}

// changes copies the changes that events are about, and learns their new positions:
// they keep their order.
func (c *copying) changes(ctx context.Context) error {
	var copied []int64 // old positions
	for after := int64(0); ; {
		read, err := c.from.ReadChanges(ctx, after, page)
		if err != nil {
			return err
		}
		if len(read) == 0 {
			break
		}
		after = read[len(read)-1].Position
		read = slices.DeleteFunc(read, func(change subscription.Change) bool {
			_, needed := c.positions[change.Position]
			return !needed
		})
		if err := c.to.Append(ctx, read); err != nil {
			return err
		}
		for _, change := range read {
			copied = append(copied, change.Position)
		}
	}
	if err := c.to.Append(ctx, make([]subscription.Change, c.markers)); err != nil {
		return err
	}
	c.report.Changes = len(copied)
	for after := int64(0); ; {
		written, err := c.to.ReadChanges(ctx, after, page)
		if err != nil || len(written) == 0 {
			return err
		}
		for _, change := range written {
			after = change.Position
			switch {
			case change.Subscription != 0: // of writeSubscriptions
			case len(copied) > 0:
				c.positions[copied[0]], copied = change.Position, copied[1:]
			default:
				c.marked = append(c.marked, change.Position)
			}
		}
		c.lease.Cursor = after
	}
}

// events gives the events their numbers again. Where the newest of a subscription was
// pruned, an empty one that is as old as can be stands for it until it is pruned, too.
func (c *copying) events(ctx context.Context) (err error) {
	end := c.lease.Cursor
	if c.lease, err = c.to.Acquire(ctx, subscription.LeaseName(0, 1), node, c.now, c.until); err != nil {
		return err
	}
	commit := subscription.Commit{Cursor: end, At: c.now}
	for i, r := range c.records {
		last := int64(0)
		err := c.eachEvent(ctx, r, func(e subscription.Event) {
			commit.Events = append(commit.Events, subscription.NewEvent{
				Key: c.keys[i], Number: e.Number, Position: c.positions[e.Change.Position], Redacted: e.Redacted})
			last = e.Number
		})
		if err != nil {
			return err
		}
		c.report.Events = c.report.Events + len(commit.Events)
		if last < r.Count {
			commit.Events = append(commit.Events, subscription.NewEvent{Key: c.keys[i], Number: r.Count, Position: c.marked[0], Redacted: true})
			c.marked = c.marked[1:]
		}
		commit.Sequenced = append(commit.Sequenced, subscription.SequencedSpec{Key: c.keys[i], Spec: r.Sequenced})
		if err := c.to.CommitEvents(ctx, c.lease, commit); err != nil {
			return fmt.Errorf("transfer: writing events: %w", err)
		}
		c.lease.Cursor = end
		commit.Events, commit.Sequenced = nil, nil
	}
	if c.lease.Cursor != end {
		return c.to.CommitEvents(ctx, c.lease, commit)
	}
	return nil
}

// deliveries says of each subscription how far it is.
func (c *copying) deliveries(ctx context.Context) error {
	of := make(map[int64]subscription.Record, len(c.keys))
	for i, key := range c.keys {
		of[key] = c.records[i]
	}
	for {
		claims, _, err := c.to.Claim(ctx, node, c.now, c.until, page)
		if err != nil || len(claims) == 0 {
			return err
		}
		for _, claim := range claims {
			r := of[claim.Key]
			err := c.to.Finish(ctx, subscription.Outcome{
				Key: claim.Key, Token: claim.Token, At: later(c.now, c.now), Status: r.Status, Error: r.Error, Spec: r.Spec,
				Cursor: r.Cursor, Frozen: r.Frozen, Attempt: r.Attempt, FailingSince: r.FailingSince, SentAt: r.SentAt,
				Due: later(r.Due, c.now), Eager: r.Eager, Announce: r.Announce,
			})
			if err != nil {
				return fmt.Errorf("transfer: writing a delivery: %w", err)
			}
		}
	}
}

// later keeps what is due already from being claimed by this package again.
func later(due, now time.Time) time.Time {
	if !due.IsZero() && !due.After(now) {
		return now.Add(time.Microsecond)
	}
	return due
}
