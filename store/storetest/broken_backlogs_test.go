package storetest_test

import (
	"context"

	"github.com/carillon-fhir/carillon/subscription"
)

// everyBacklog changes what a backlog says.
func everyBacklog(f func(s *override, b *subscription.Backlog)) func(s *override) {
	return func(s *override) {
		s.backlog = func(ctx context.Context) (subscription.Backlog, error) {
			b, err := s.Store.Backlog(ctx)
			f(s, &b)
			return b, err
		}
	}
}

// sum adds up what f says of each subscription.
func (o *override) sum(f func(r record) int64) (total int64) {
	all, _ := o.Store.ListSubscriptions(context.Background(), subscription.ListQuery{AllTenants: true, Limit: 1000})
	for _, r := range all {
		total += f(r)
	}
	return total
}

var brokenBacklogs = []broken{
	{"counts writes of Subscriptions", "BacklogCountsChanges", everyBacklog(func(s *override, b *subscription.Backlog) {
		if all, _ := s.Store.ReadChanges(context.Background(), 0, 1000); b.Changes == 0 {
			b.Changes = int64(len(all))
		}
	})},
	{"takes the newest change for the oldest", "BacklogCountsChanges", everyBacklog(func(s *override, b *subscription.Backlog) {
		if all, _ := s.Store.ReadChanges(context.Background(), 0, 1000); b.Changes > 0 {
			b.OldestChange = all[len(all)-1].At
		}
	})},
	{"counts what was delivered", "BacklogCountsEvents", everyBacklog(func(s *override, b *subscription.Backlog) {
		b.Events = s.sum(func(r record) int64 { return r.Count })
	})},
	{"counts subscriptions", "BacklogCountsEvents", everyBacklog(func(s *override, b *subscription.Backlog) {
		b.Events = s.sum(func(r record) int64 { return min(r.Count-r.Cursor, 1) })
	})},
	{"does not tell since when", "BacklogCountsEvents", everyBacklog(func(_ *override, b *subscription.Backlog) { b.OldestEvent = b.OldestChange })},
	{"counts all statuses", "BacklogLeavesOutWhatWaitsForItsClient", everyBacklog(func(s *override, b *subscription.Backlog) {
		b.Events = s.sum(func(r record) int64 { return r.Count - r.Cursor })
	})},
	{"counts active ones only", "BacklogLeavesOutWhatWaitsForItsClient", everyBacklog(func(s *override, b *subscription.Backlog) {
		b.Events = s.sum(func(r record) int64 {
			if r.Status != subscription.StatusActive {
				return 0
			}
			return r.Count - r.Cursor
		})
	})},
}
