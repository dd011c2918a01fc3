package subscription

import (
	"context"
	"iter"
	"net/http"
	"strconv"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// ResendRequest says which events to send again: those that all of its bounds let
// through. Bounds are included; zero values bound nothing.
type ResendRequest struct {
	Since, Until               int64     // event numbers
	SinceInstant, UntilInstant time.Time // when they happened
}

// Resent is what was sent again.
type Resent struct {
	Events      int   // how many; 0: there was nothing within the bounds
	First, Last int64 // numbers of the first and the last of them
	More        bool  // there were more than may be sent at once: ask again, from Last+1
}

// maxResend is the most events that are sent again for one Subscription within a
// minute.
const maxResend = 1000

// maxResendScan is how many events may be looked at for their instants.
const maxResendScan = 10000

// Resend is the operation $resend of the guide's 1.2 ballot (OP-16): it sends
// events that were delivered before once more, on the Subscription's channel, with
// their numbers, as notifications of their own id. What has not been delivered yet will
// be, and is not sent. The cursor stays where it is; so new events may arrive between
// the old.
//
// It sends before it returns. The Subscription must be active, and not of a Connector,
// whose subscribers ask for $events; else the *Refusal is 422. It is 429 while another Resend of the same
// Subscription goes on in this process, and when a thousand events have been sent again
// within a minute; 503 if the endpoint does not accept, and nothing is tried again.
//
// Failure policy: what goes on is known to this process only, so n nodes allow n times
// as much.
func (e *Engine) Resend(ctx context.Context, tenant, id string, q ResendRequest) (sent Resent, err error) {
	r, err := e.find(ctx, tenant, id, AccessEvents)
	if err != nil {
		return sent, err
	}
	begun, err := e.resends.flights.begin(ctx, time.Now().Add(e.cfg.Lease), func() ([]Claim, error) {
		// Others wait for this: the Authorizer has been asked, and the store has its time.
		ctx, cancel := e.bounded(ctx)
		defer cancel()
		now, err := e.cfg.Store.GetSubscription(ctx, tenant, id)
		if err == nil && (now.Key != r.Key || now.Owner != r.Owner) {
			err = ErrNotFound // it is another's by now
		}
		r = now
		if err == nil && !e.resends.start(r.Key) {
			err = refuseThrottled("Events of this Subscription are being sent again already")
		}
		if err != nil {
			return nil, err
		}
		return []Claim{{Record: r}}, nil
	})
	if err != nil {
		return sent, err
	}
	defer e.resends.end(r.Key)
	defer e.resends.flights.end(&begun[0])
	s, err := e.restore(r)
	if err != nil {
		return sent, err
	}
	switch {
	case s.Classic != "":
		return sent, refuseClassic("$resend")
	case s.alone > 0:
		return sent, refuse(http.StatusUnprocessableEntity, "", "not-supported", "Events can't be sent again on a channel to which subscribers connect: there is $events")
	case r.Status != StatusActive:
		return sent, refuse(http.StatusUnprocessableEntity, "Subscription.status", "business-rule", "Events can be sent again while a Subscription is active only")
	}
	numbers, err := e.resendable(ctx, &r, q)
	if err != nil {
		return sent, err
	}
	if len(numbers) > maxResend {
		numbers, sent.More = numbers[:maxResend], true
	}
	if !e.resends.allow(r.Key, len(numbers), time.Now()) {
		return sent, refuseThrottled("More than " + strconv.Itoa(maxResend) + " events a minute can't be sent again")
	}
	ctx = begun[0].ctx
	for batch := range batches(numbers, s.batch()) {
		if err := e.resend(ctx, &r, s, batch[0], batch[len(batch)-1]); err != nil {
			return sent, err
		}
		if sent.First == 0 {
			sent.First = batch[0]
		}
		sent.Events, sent.Last = sent.Events+len(batch), batch[len(batch)-1]
	}
	return sent, nil
}

// resendable are the numbers of the events that q means, in order: of those that were
// delivered and are still kept.
func (e *Engine) resendable(ctx context.Context, r *Record, q ResendRequest) (numbers []int64, err error) {
	first, last := max(q.Since, 1), r.Cursor
	if q.Until > 0 {
		last = min(last, q.Until)
	}
	bounded := !q.SinceInstant.IsZero() || !q.UntilInstant.IsZero()
	for scanned := 0; first <= last && len(numbers) <= maxResend; {
		if scanned >= maxResendScan {
			return nil, refuse(http.StatusUnprocessableEntity, "", "too-costly", "There are too many events to look for instants: bounds by number are needed, too")
		}
		events, err := e.cfg.Store.ReadEvents(ctx, r.Key, first, last, maxResend+1)
		if err != nil {
			return nil, err
		}
		if len(events) == 0 {
			break
		}
		for i := range events {
			at := events[i].Change.At
			if bounded && (at.Before(q.SinceInstant) || !q.UntilInstant.IsZero() && at.After(q.UntilInstant)) {
				continue
			}
			numbers = append(numbers, events[i].Number)
		}
		scanned += len(events)
		first = events[len(events)-1].Number + 1
	}
	return numbers, nil
}

// resend sends the events from first to last as one notification.
func (e *Engine) resend(ctx context.Context, r *Record, s *Subscription, first, last int64) error {
	n := e.describe(r, s)
	n.Type, n.EventsSinceSubscriptionStart = notification.EventNotification, last
	shown := &showing{room: e.cfg.MaxBytes, limit: int(last - first + 1), whole: true}
	if err := e.showAll(ctx, r.Key, s, first, last, s.Content, shown); err != nil {
		return err
	}
	shown.into(n)
	m, err := e.message(s, n)
	if err != nil {
		return err
	}
	pass, held := e.isolation.enter(ctx, s, taskEvents, e.now(), nil)
	if held.cause != free {
		return refuseUndelivered()
	}
	told := e.attemptOn(s, &m, &shown.origin)
	told.Resent = true
	pass.sends()
	err = e.attempt(ctx, s, m)
	e.account(ctx, &told, resultOf(ctx, err), err)
	result := attempted{}
	if ctx.Err() == nil {
		result = attempted{r.Key, err, e.now()}
	}
	e.leave(ctx, pass, taskEvents, result)
	e.tellOfClaim(ctx, r.Key, &told)
	switch {
	case ctx.Err() != nil:
		return refuse(http.StatusConflict, "Subscription", "conflict", "The Subscription was changed meanwhile")
	case err != nil:
		return refuseUndelivered()
	}
	return nil
}

func refuseUndelivered() error {
	return refuse(http.StatusServiceUnavailable, "", "transient", "The endpoint does not accept notifications now, or too many are under way")
}

func refuseThrottled(problem string) error {
	return refuse(http.StatusTooManyRequests, "", "throttled", problem)
}

// batches parts numbers into runs without gaps of at most size.
func batches(numbers []int64, size int) iter.Seq[[]int64] {
	return func(yield func([]int64) bool) {
		for len(numbers) > 0 {
			n := 1
			for n < min(size, len(numbers)) && numbers[n] == numbers[n-1]+1 {
				n++
			}
			if !yield(numbers[:n]) {
				return
			}
			numbers = numbers[n:]
		}
	}
}
