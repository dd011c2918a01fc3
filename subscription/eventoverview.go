package subscription

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// EventOverview is what an operator may know of an event: nothing of what it is about but
// the type of resource.
type EventOverview struct {
	Number       int64       // in the Subscription's log, from 1
	At           time.Time   // when it happened
	Topics       []string    // canonicals of those that were triggered, or may have been
	ResourceType string      // of the focus
	Interaction  Interaction // that changed it; Update for what OnEvent has raised
	Events       []string    // codes of what happened, where the triggers have any and filters may ask for them
	Redacted     bool        // its subscriber is not told what it is about
	Delivered    bool        // it counts as delivered
}

// EventOverviews returns the newest events of a Subscription with numbers below before, or the
// newest of all if that is 0; at most limit, and at most 1000, the newest first. What was
// pruned is missing. It is for operators, as Overviews.
func (e *Engine) EventOverviews(ctx context.Context, tenant, id string, before int64, limit int) (list []EventOverview, err error) {
	r, err := e.cfg.Store.GetSubscription(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	last := r.Count
	if before > 0 {
		last = min(last, before-1)
	}
	for first := max(last-int64(min(max(limit, 1), maxEvents))+1, 1); first <= last; {
		events, err := e.cfg.Store.ReadEvents(ctx, r.Key, first, last, maxEvents)
		if err != nil {
			return nil, err
		}
		if len(events) == 0 {
			break
		}
		for i := range events {
			list = append(list, eventOverviewOf(&events[i], r.Cursor))
		}
		first = events[len(events)-1].Number + 1
	}
	slices.Reverse(list)
	return list, nil
}

func eventOverviewOf(ev *Event, delivered int64) EventOverview {
	o := EventOverview{
		Number: ev.Number, At: ev.Change.At, Topics: slices.Concat(ev.Change.Topics, ev.Change.Undecided),
		ResourceType: ev.Change.ResourceType, Interaction: ev.Change.Interaction,
		Redacted: ev.Redacted, Delivered: ev.Number <= delivered,
	}
	for _, codings := range ev.Change.fired().Topics {
		for _, c := range codings {
			if !slices.Contains(o.Events, c.Code) {
				o.Events = append(o.Events, c.Code)
			}
		}
	}
	slices.Sort(o.Events)
	return o
}

// eventOf reads the change of an event, for one who may read it: whose Subscription's log it
// is, and what the Authorizer says of the event now.
func (e *Engine) eventOf(ctx context.Context, tenant, id string, number int64) (Change, error) {
	r, err := e.find(ctx, tenant, id, AccessEvents)
	if err != nil {
		return Change{}, err
	}
	s, err := e.restore(r)
	if err != nil {
		return Change{}, err
	}
	events, err := e.cfg.Store.ReadEvents(ctx, r.Key, number, number, 1)
	if err == nil && len(events) == 0 {
		err = fmt.Errorf("%w: the event was pruned, or is not numbered yet", ErrNotFound)
	}
	if err == nil {
		err = e.review(ctx, s, notification.FullResource, &events[0]) // asked also of one whose content is empty
	}
	if err == nil && events[0].Redacted {
		err = fmt.Errorf("%w: the event is redacted, what it is about is not told", ErrNotFound)
	}
	if err != nil {
		return Change{}, err
	}
	return events[0].Change, nil
}
