package subscription

import (
	"cmp"
	"context"
	"slices"
)

// Tally is what a part of all Subscriptions comes to.
type Tally struct {
	Statuses map[Status]int // how many Subscriptions have each
	Failing  int            // as Overview.Failing has it
	Waiting  int64          // events that are numbered and not delivered, of those that are not off
	Worst    []Overview     // of these, what is failing, then the others, each with the most events waiting first; at most 20, without what Unreadable says and Oldest
	Next     int64          // where the next part begins; 0: this was the last
}

// mostWorst is how many Subscriptions a Tally names.
const mostWorst = 20

// Tally counts the thousand Subscriptions of all tenants after the one with the given Key,
// by one call of the store. It is for operators, as Overviews. A million of them take
// seconds: nobody should wait for all parts.
func (e *Engine) Tally(ctx context.Context, after int64) (Tally, error) {
	t := Tally{Statuses: map[Status]int{}}
	page, err := e.cfg.Store.ListSubscriptions(ctx, ListQuery{AllTenants: true, After: after, Limit: pageOfSubscriptions})
	if err != nil {
		return t, err
	}
	for i := range page {
		o := overviewOf(&page[i])
		t.Statuses[o.Status]++
		if o.Failing() {
			t.Failing++
		}
		if o.Status.ended() {
			continue
		}
		t.Waiting += o.Waiting()
		if o.Failing() || o.Waiting() > 0 {
			t.Worst = append(t.Worst, o)
		}
	}
	t.rank()
	if len(page) == pageOfSubscriptions {
		t.Next = page[len(page)-1].Key
	}
	return t, nil
}

// Add adds the part that follows.
func (t *Tally) Add(part Tally) {
	if t.Statuses == nil {
		t.Statuses = map[Status]int{}
	}
	for status, n := range part.Statuses {
		t.Statuses[status] += n
	}
	t.Failing += part.Failing
	t.Waiting += part.Waiting
	t.Next = part.Next
	t.Worst = append(t.Worst, part.Worst...)
	t.rank()
}

func (t *Tally) rank() {
	slices.SortStableFunc(t.Worst, func(a, b Overview) int {
		switch {
		case a.Failing() && !b.Failing():
			return -1
		case b.Failing() && !a.Failing():
			return 1
		}
		return cmp.Compare(b.Waiting(), a.Waiting())
	})
	t.Worst = t.Worst[:min(len(t.Worst), mostWorst)]
}
