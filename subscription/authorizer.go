package subscription

import (
	"context"
	"encoding/json"
	"errors"
)

// Authorizer is the host's policy. The engine never assumes a right: without an
// answer nothing is accepted, numbered or sent. Methods may be called at the same
// time.
type Authorizer interface {
	// AuthorizeSubscription decides whether s may be created, or replace what it
	// replaces, considering its topic, filters, channel and content (SEC-02).
	// The caller's identity is the host's matter: it is in ctx, where the host's own
	// middleware has put it. An error refuses; its text is not shown.
	//
	// It returns whose Subscription this is, in words of the host's own: the other
	// methods find them as s.Owner. When that changes, the endpoint is verified anew
	// before anything is sent.
	AuthorizeSubscription(ctx context.Context, s *Subscription) (owner string, err error)

	// AuthorizeAccess decides whether the caller may have access to a Subscription that
	// exists. For one who may not, it is as if it did not exist. An error decides nothing:
	// the caller is told of a failure.
	AuthorizeAccess(ctx context.Context, s *Subscription, a Access) (bool, error)

	// AuthorizeEvent decides for all candidates of one event at once what each may
	// know, in the order of subs. focus is the resource after the change, or its last
	// state for a deletion; it may be empty, and is read-only. An error decides nothing: the event
	// waits and is asked about again.
	//
	// It is asked when an event is numbered, when Deny means that there is no event and subs
	// have no Endpoint, no Headers and of their Resource only topic, filters and payload; and
	// again, for one subscriber, whenever content of an event is about to be sent or
	// read by $events: whatever is not Allow then leaves the number and nothing else.
	// So a right that is taken away ends with the next answer.
	//
	// Failure policy: while it fails, no later event is numbered either, since numbers
	// follow the order of the changes: an event that might be somebody's is not left out,
	// and not shown. An error is therefore for what passes, such as a policy server that is
	// away. Of what can never be judged, Deny is the answer. The log and BatchSequenced say
	// how often it was asked in vain, and about which change.
	AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*Subscription) ([]Verdict, error)
}

// Verdict is what a subscriber may know of an event. The zero value is Deny.
type Verdict uint8

// Deny: nothing, the event gets no number. Redact: that it happened, without
// focus and content. Allow: what the Subscription's content level gives.
const (
	Deny Verdict = iota
	Redact
	Allow
)

// InsecureAllowAll is an Authorizer for demonstrations and tests: everybody may
// subscribe to everything and see everything.
type InsecureAllowAll struct{}

// AuthorizeSubscription allows. Nobody owns anything.
func (InsecureAllowAll) AuthorizeSubscription(context.Context, *Subscription) (string, error) {
	return "", nil
}

// AuthorizeAccess allows.
func (InsecureAllowAll) AuthorizeAccess(context.Context, *Subscription, Access) (bool, error) {
	return true, nil
}

// AuthorizeEvent allows all.
func (InsecureAllowAll) AuthorizeEvent(_ context.Context, _ json.RawMessage, subs []*Subscription) ([]Verdict, error) {
	verdicts := make([]Verdict, len(subs))
	for i := range verdicts {
		verdicts[i] = Allow
	}
	return verdicts, nil
}

// authorize asks the host; an answer of another length, or a panic, is none.
func (e *Engine) authorize(ctx context.Context, focus json.RawMessage, subs []*Subscription) (verdicts []Verdict, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("subscription: Authorizer panicked")
		}
	}()
	bounded := newWithin(ctx, e.cfg.SendTimeout)
	defer bounded.end()
	verdicts, err = e.cfg.Authorizer.AuthorizeEvent(bounded, focus, subs)
	if err == nil && len(verdicts) != len(subs) {
		err = errors.New("subscription: Authorizer returned another number of verdicts than there were subscriptions")
	}
	return verdicts, err
}
