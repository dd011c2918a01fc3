package subscription

import (
	"context"
	"errors"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// Channel carries notifications to subscribers. The engine decides when, in which
// order and how often; a Channel makes one attempt when it is asked to. All
// methods are called from several goroutines at once.
type Channel interface {
	// Type returns the code of Subscription.channel.type that this channel serves,
	// such as "rest-hook", or the code or system|code of a backport-channel-type.
	// It never changes.
	Type() string
	// Check decides whether a Subscription may use this channel as t describes. It
	// is called when the Subscription is created or updated, before anything is
	// stored, and must not contact the endpoint. A refusal's text is shown to the
	// client; an *ElementError names the element at fault.
	Check(ctx context.Context, t Target) error
	// Send makes one attempt to deliver m: no retry, no reordering, no logging of
	// what it carries. It returns within t.Timeout and ctx. nil means that the
	// endpoint accepted m; Permanent, Gone, RetryAfter and NotConnected errors steer
	// the engine, and any other error counts as transient. Its text reaches logs,
	// so it holds no URL, address, header value or content. m is read-only and must
	// not be kept; nobody ever writes to its Body again, so a transport that goes on
	// reading for a while after Send has returned needs no copy. An error with a method SubscriptionError() string names the code of
	// the code system subscription-error that clients see if the engine gives up:
	// error-response or dns-resolution-error; without it the code is no-response.
	Send(ctx context.Context, t Target, m Message) error
}

// Connector is a Channel whose subscribers connect to this server, such as websocket.
// Its Subscriptions are active at once: each connection gets a handshake. The engine
// does not claim their events: whichever node a subscriber connects to, the Connector
// begins a Session there by Engine.Connect, binds it by the tokens that the subscriber
// shows (Engine.BindingToken), and sends what Session.Next returns. One that nobody is
// connected to keeps its events, for Config.Retention; then it is turned off.
//
// Send is for what goes to everybody who is connected to this node, out of turn.
type Connector interface {
	Channel

	// URL is where subscribers connect, such as wss://fhir.example.org/r4/ws.
	URL() string
}

// Confirmer is a Channel over which a Subscription becomes active only when its
// receiver says so, because what it sends could harm a stranger: e-mail. A handshake of
// it carries Message.Confirmation, and a nil error of Send does not yet activate.
type Confirmer interface {
	Channel

	// NeedsConfirmation reports whether this Subscription has to be confirmed.
	NeedsConfirmation(t Target) bool
}

// Target is where and how one Subscription wants its notifications.
type Target struct {
	Tenant       string               // whose Subscription it is; "" for a host without tenants
	Subscription string               // id of the Subscription
	Endpoint     string               // Subscription.channel.endpoint
	Headers      []string             // Subscription.channel.header, each as "Name: value"; the values are secrets
	ContentType  string               // Subscription.channel.payload, verbatim
	Content      notification.Content // the payload level
	Timeout      time.Duration        // longest time for one attempt; 0 only in Check: not yet known
	Classic      bool                 // its criteria are a search, and what it gets is what Message.Classic says
}

// Message is one notification, rendered.
type Message struct {
	ID           string                     // Bundle.id: the same for every attempt to send the same events
	Failed       int                        // attempts to send it that have failed before, as far as is known: it may have arrived
	ContentType  string                     // MIME type of Body; "" if there is no Body
	Release      Release                    // of Body
	Body         []byte                     // the Bundle, or what Classic says; the same bytes in every attempt
	Notification *notification.Notification // with no more of its events than Body has; nil for a classic Subscription
	Confirmation string                     // a handshake's token for Engine.Confirm, if the Channel is a Confirmer
	Classic      *Classic                   // what a classic Subscription's notification is about
}

// Classic is the notification of a classic Subscription, whose criteria are a search:
// Body is then the resource itself, or empty if the Subscription has no payload
// (CLS-06, CLS-07). A Subscription without payload is told that something
// happened and nothing else: then both are "".
type Classic struct {
	ResourceType string // of the resource in Body
	ResourceID   string // its id: a part of a URL as it stands
}

// Class is what an error of Send asks of the engine.
type Class string

// The classes of errors.
const (
	ClassTransient    Class = "transient"     // try again by the schedule; see RetryAfter
	ClassPermanent    Class = "permanent"     // try again for an hour at most; see Permanent
	ClassGone         Class = "gone"          // turn the Subscription off; see Gone
	ClassNotConnected Class = "not-connected" // ask again each minute; see NotConnected
)

// ClassOf returns what an error of Send asks of the engine, and the least time that it
// asks to pass before the next attempt. An error that none of this package's functions
// has marked is ClassTransient; of several marks in a chain the outermost counts. err is not
// nil.
func ClassOf(err error) (class Class, after time.Duration) {
	var s *sendError
	if errors.As(err, &s) {
		return s.class, s.after
	}
	return ClassTransient, 0
}

// sendError is an error of Send with an instruction for the engine.
type sendError struct {
	err   error
	class Class
	after time.Duration
}

func (e *sendError) Error() string { return e.err.Error() }
func (e *sendError) Unwrap() error { return e.err }

// Permanent marks an error of Send that will hardly go away by itself, such as a
// 404: the engine gives up after a short budget.
func Permanent(err error) error { return &sendError{err: err, class: ClassPermanent} }

// Gone marks an error by which the endpoint says that it wants nothing more: the
// engine turns the Subscription off.
func Gone(err error) error { return &sendError{err: err, class: ClassGone} }

// RetryAfter marks a transient error by which the endpoint asks for d to pass
// before the next attempt. The engine waits at least its own schedule's wait and
// at most an hour.
func RetryAfter(err error, d time.Duration) error {
	return &sendError{err: err, class: ClassTransient, after: d}
}

// NotConnected says that nobody listens on a channel that the subscriber opens,
// such as a websocket. It is no failure: the events stay where they are, and the
// channel is asked again each minute.
func NotConnected() error {
	return &sendError{err: errors.New("not connected"), class: ClassNotConnected}
}

// ElementError refuses a Subscription for one of its elements. Check returns it,
// and every other refusal carries it as well.
type ElementError struct {
	Element string // FHIRPath of the element, such as "Subscription.channel.endpoint"
	Code    string // code of the value set issue-type, such as "not-supported"; "" means "value"
	Problem string // shown to the client: no value that may be secret
}

// Error returns the element and the problem.
func (e *ElementError) Error() string { return e.Element + ": " + e.Problem }
