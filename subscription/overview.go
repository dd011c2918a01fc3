package subscription

import (
	"context"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// Overview is what an operator may know of a Subscription: nothing of patients, and
// nothing of where its notifications go but by which kind of channel.
type Overview struct {
	Key       int64     // for OverviewQuery.After
	Tenant    string    // "" for a host without tenants
	ID        string    // the logical id
	Status    Status    // as the client reads it
	Error     string    // a code for why, as in StatusUpdate
	UpdatedAt time.Time // when client, operator or engine last changed it: meta.lastUpdated

	Topic       string               // canonical, as the client wrote it; "" for a classic Subscription
	Classic     string               // the resource type of a classic Subscription; "" for others
	Filters     []string             // names of the parameters, without values, each once
	ChannelType string               // the Type of its Channel
	Content     notification.Content // the payload level
	Unreadable  bool                 // what it asks for is not served any more: of Topic to End only what the sequencer still knows is there

	HeartbeatPeriod time.Duration // 0: no heartbeats
	MaxCount        int           // most events in a notification
	End             time.Time     // zero: never

	Count     int64     // events numbered
	Delivered int64     // of them: those with the numbers up to this one
	Oldest    time.Time // when the first that is not delivered happened; zero if there is none, or in a Tally

	Attempt      int       // failed attempts in a row
	FailingSince time.Time // of the first of them
	SentAt       time.Time // last successful notification of any kind
	Due          time.Time // when it is looked at next; zero: when events come, or never
}

// Waiting is how many events are numbered and not delivered.
func (o Overview) Waiting() int64 { return max(o.Count-o.Delivered, 0) }

// Failing reports whether an operator might want to look at it: attempts fail, or it was
// given up.
func (o Overview) Failing() bool { return o.Attempt > 0 || o.Status == StatusError }

// Node is the name of this process among those that share the store: what operators are
// told of it alone, such as Breakers, is not told of the others.
func (e *Engine) Node() string { return e.cfg.Node }

// OverviewQuery says which Subscriptions to look at, in the order of their Keys.
type OverviewQuery struct {
	Tenant     string // whose Subscriptions; "" for a host without tenants
	AllTenants bool   // Tenant is ignored
	Status     Status // "": any
	Failing    bool   // only what Overview.Failing says so of
	After      int64  // Key of the last one that was seen
	Limit      int    // most of them, at most 1000
}

// Overviews is a part of the Subscriptions that an OverviewQuery asks for.
type Overviews struct {
	At            time.Time  // the time by which the times of Subscriptions are to be read: the engine's own
	Subscriptions []Overview // in the order of their Keys
	Next          int64      // what to ask for in After, if there may be more; else 0
}

// mostScans bounds how many pages of the store one query looks through.
const mostScans = 5

// Overviews looks at Subscriptions on behalf of those who run the server: the Authorizer is
// not asked, so callers must be known to be operators. It calls the store at most Limit+5
// times. If Status or Failing leave few to be found, it ends after 5000 Subscriptions, and
// Next says where to go on.
func (e *Engine) Overviews(ctx context.Context, q OverviewQuery) (found Overviews, err error) {
	q.Limit = min(max(q.Limit, 1), pageOfSubscriptions)
	found.At = e.now()
	list := ListQuery{Tenant: q.Tenant, AllTenants: q.AllTenants, After: q.After, Limit: q.Limit + 1}
	if q.Status != "" || q.Failing {
		list.Limit = pageOfSubscriptions
	}
	for range mostScans {
		page, err := e.cfg.Store.ListSubscriptions(ctx, list)
		if err != nil {
			return found, err
		}
		for i := range page {
			o := overviewOf(&page[i])
			if q.Status != "" && o.Status != q.Status || q.Failing && !o.Failing() {
				list.After = page[i].Key
				continue
			}
			if len(found.Subscriptions) == q.Limit {
				found.Next = list.After
				return found, nil
			}
			list.After = page[i].Key
			if err := e.complete(ctx, &o, &page[i]); err != nil {
				return found, err
			}
			found.Subscriptions = append(found.Subscriptions, o)
		}
		if len(page) < list.Limit {
			return found, nil
		}
	}
	found.Next = list.After
	return found, nil
}

// Overview looks at one Subscription, as Overviews does. The error is ErrNotFound if there
// is none.
func (e *Engine) Overview(ctx context.Context, tenant, id string) (o Overview, at time.Time, err error) {
	r, err := e.cfg.Store.GetSubscription(ctx, tenant, id)
	if err != nil {
		return o, at, err
	}
	o = overviewOf(&r)
	return o, e.now(), e.complete(ctx, &o, &r)
}

// overviewOf is what a record says by itself.
func overviewOf(r *Record) Overview {
	return Overview{
		Key: r.Key, Tenant: r.Tenant, ID: r.ID, Status: r.Status, Error: r.Error, UpdatedAt: r.UpdatedAt,
		MaxCount: max(r.MaxCount, 1), Count: r.Count, Delivered: r.Cursor,
		Attempt: r.Attempt, FailingSince: r.FailingSince, SentAt: r.SentAt, Due: r.Due,
	}
}

// complete adds what is in the resource and in the event log.
func (e *Engine) complete(ctx context.Context, o *Overview, r *Record) error {
	s, err := e.restore(*r)
	if err != nil {
		if s, err = e.restoreSpec(r.Tenant, r.Spec); err != nil {
			s = &Subscription{}
		}
		o.Unreadable = true
	}
	o.Topic, o.Classic, o.ChannelType, o.Content = s.Topic, s.Classic, s.ChannelType, s.Content
	o.HeartbeatPeriod, o.End = s.HeartbeatPeriod, s.End
	for _, f := range s.Filters {
		if !slices.Contains(o.Filters, f.Parameter) {
			o.Filters = append(o.Filters, f.Parameter)
		}
	}
	if o.Waiting() > 0 {
		events, err := e.readEvents(ctx, r.Key, r.Cursor+1, r.Count, 1)
		if err != nil {
			return err
		}
		if len(events) > 0 {
			o.Oldest = events[0].Change.At
		}
	}
	return nil
}
