package subscription

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// Status is the operation $status: a searchset Bundle with the status of the given
// Subscriptions in one of the given statuses; no ids, or no statuses, mean all
// (OP-03). Unknown ids are left out.
func (e *Engine) Status(ctx context.Context, tenant string, ids []string, statuses []Status, self string) (json.RawMessage, error) {
	var records []Record
	if len(ids) > 0 {
		for _, id := range ids {
			r, err := e.find(ctx, tenant, id, AccessRead)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			records = append(records, r)
		}
	} else {
		for after := int64(0); ; {
			page, err := e.cfg.Store.ListSubscriptions(ctx, ListQuery{Tenant: tenant, After: after, Limit: pageOfSubscriptions})
			if err != nil {
				return nil, err
			}
			for i := range page {
				permitted, err := e.permits(ctx, &page[i], AccessRead)
				if err != nil {
					return nil, err
				}
				if permitted {
					records = append(records, page[i])
				}
			}
			if len(page) < pageOfSubscriptions {
				break
			}
			after = page[len(page)-1].Key
		}
	}
	var list []*notification.Notification
	for i := range records {
		if len(statuses) > 0 && !slices.Contains(statuses, records[i].Status) {
			continue
		}
		s, err := e.served.restore(e, &records[i])
		if err != nil {
			if s, err = e.restoreSpec(records[i].Tenant, records[i].Spec); err != nil {
				s = &Subscription{Content: notification.Empty} // nothing but its status is known
			}
		}
		if s.Classic != "" {
			if len(ids) > 0 {
				return nil, refuseClassic("$status")
			}
			continue
		}
		n := e.describe(&records[i], s)
		n.Type = notification.QueryStatus
		list = append(list, n)
	}
	return notification.AppendStatusBundle(nil, e.cfg.StatusRelease, self, time.Now().UTC().Truncate(time.Millisecond), newID(), list)
}

// maxEvents bounds the answer of $events, and so does Config.MaxBytes; the client asks
// for more by a higher eventsSinceNumber (OP-11).
const maxEvents = 1000

// Events is the operation $events: a notification Bundle with the events of a
// Subscription numbered from since to until, both included; 0 means no bound. What
// retention has removed is missing, and the notification has the error incomplete of
// the code system issue-type then; eventsSinceSubscriptionStart tells the true count
// (OP-09). At most a thousand events come at once, the oldest first. content may be lower than
// the Subscription's own level, never higher; "" means that level. Where there is nothing
// to show in R5, whose query-event must have an event, the answer is that of $status
// (OP-12).
func (e *Engine) Events(ctx context.Context, tenant, id string, since, until int64, content notification.Content) (json.RawMessage, error) {
	r, err := e.find(ctx, tenant, id, AccessEvents)
	if err != nil {
		return nil, err
	}
	s, err := e.restore(r)
	if err != nil {
		return nil, err
	}
	if s.Classic != "" {
		return nil, refuseClassic("$events")
	}
	n := e.describe(&r, s)
	n.ID, n.Type = newID(), notification.QueryEvent
	if n.Content, err = lower(content, s.Content); err != nil {
		return nil, err
	}
	if until == 0 || until > r.Count {
		until = r.Count
	}
	if since = max(since, 1); since <= until {
		shown := &showing{room: e.cfg.MaxBytes, limit: maxEvents}
		if err := e.showAll(ctx, r.Key, s, since, until, n.Content, shown); err != nil {
			return nil, err
		}
		shown.into(n)
		if missing(n.Events, since) {
			n.Errors = append(n.Errors, incomplete)
		}
	}
	return notification.Append(nil, s.Release, n)
}

// incomplete says in a notification that retention has removed events that belong
// into it.
var incomplete = notification.Coding{System: "http://hl7.org/fhir/issue-type", Code: "incomplete"}

// missing reports whether there are gaps in events that should begin with the given
// number. What is missing at the end comes with the next request.
func missing(events []notification.Event, first int64) bool {
	for i := range events {
		if events[i].Number != first+int64(i) {
			return true
		}
	}
	return len(events) == 0
}

// lower returns the lesser of a requested and a granted content level.
func lower(asked, granted notification.Content) (notification.Content, error) {
	levels := []notification.Content{notification.Empty, notification.IDOnly, notification.FullResource}
	if asked == "" {
		return granted, nil
	}
	i := slices.Index(levels, asked)
	if i < 0 {
		return "", refuse(http.StatusBadRequest, "", "invalid", "content must be empty, id-only or full-resource")
	}
	return levels[min(i, slices.Index(levels, granted))], nil
}

// eventNumber reads a bound of $events.
func eventNumber(name, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text[0] == '-' || text[0] == '+' || n == 0 && name == "eventsUntilNumber" {
		return 0, refuse(http.StatusBadRequest, "", "invalid", name+" must be an event number")
	}
	return n, nil
}
