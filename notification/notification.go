package notification

import (
	"encoding/json"
	"time"
)

// Type is a code of the value set subscription-notification-type (STS-09).
type Type string

// The kinds of notifications (docs/conformance.md, Notifications).
const (
	Handshake         Type = "handshake"
	Heartbeat         Type = "heartbeat"
	EventNotification Type = "event-notification"
	QueryStatus       Type = "query-status" // an answer of $status
	QueryEvent        Type = "query-event"  // an answer of $events
)

// Content is a code of the value set backport-content-value-set: how much of an
// event its notification discloses (docs/conformance.md, Notifications).
type Content string

// The payload levels, from the least to the most.
const (
	Empty        Content = "empty"
	IDOnly       Content = "id-only"
	FullResource Content = "full-resource"
)

// Notification is what one notification Bundle says about one subscription
// (BND-17).
type Notification struct {
	ID        string    // Bundle.id; the same for every attempt to send the same events
	StatusID  string    // id of the status entry, a UUID
	Timestamp time.Time // when the Bundle was assembled; written in UTC, left out if zero

	Type Type // required by Append
	// Content rules what Append shows of Events. It may be "" where there are no
	// events, and Parse leaves it so where nothing tells.
	Content      Content
	Subscription string // absolute URL of the Subscription
	Topic        string // canonical; "" leaves it out
	Status       string // status of the Subscription: requested, active, error, off or, in R5, entered-in-error
	// EventsSinceSubscriptionStart is the number of events so far: in an event
	// notification the highest number within (EVN-05).
	EventsSinceSubscriptionStart int64
	Events                       []Event  // in the order of their numbers (BND-16)
	Errors                       []Coding // codes of what is wrong, for status error (ERR-10)

	// EntryPerReference adds to an id-only notification an entry without a resource
	// for each reference, as older guides have it and some clients expect (PAY-06, AMB-09).
	EntryPerReference bool
	// ShowDeleted lets a full-resource notification show the Resource of a deletion,
	// its last state, which some clients expect (AMB-14).
	ShowDeleted bool

	// Problems is what Parse tolerated, the first 100 of it. Append ignores it.
	Problems []InvalidError
}

// Event is one notification-event.
type Event struct {
	Number    int64     // from 1, without gaps in one subscription (EVN-01)
	Timestamp time.Time // when it occurred; written in UTC, left out if zero
	Focus     Entry     // the zero Entry, without Context: the subscriber may only know that it happened
	Context   []Entry   // resources that the topic's notificationShape adds

	// Triggers are the codes of the events that fired, as the patient data feed of US
	// Core has them (STS-11). They are written at every level, as that guide demands, and
	// in R4 only: nothing says what they are in the other releases.
	Triggers []Coding
	// Queries are what the subscriber may want to ask next (EXT-08). They name
	// resources, so they are written where references are.
	Queries []RelatedQuery
	// Authorization tells how to be allowed to ask (EXT-09); the zero value is none. It is
	// written at every level.
	Authorization Authorization
}

// RelatedQuery is a query about an event's resources, such as that for the
// medications of an Encounter that ended (STS-03, EXT-08).
type RelatedQuery struct {
	Type  Coding // the zero Coding leaves it out
	Query string // an absolute URL
}

// Authorization is a hint of how to be authorized to fetch what an event is about. Its
// Value should be a code to exchange once, never a token that grants access by itself
// (STS-03, EXT-09, SEC-07).
type Authorization struct {
	Type  Coding // required where there is a Value
	Value string // the code; "": there is no hint
}

// Entry is a resource that an event is about, as an entry of the Bundle shows it.
//
// Append fills in what is missing of the request and the response, so that a
// resource which only accompanies an event needs no more than FullURL and Resource:
// method GET, the FullURL, and the usual status of that method (BND-12, BND-13).
type Entry struct {
	FullURL  string          // absolute URL of the resource, never version specific (BND-09)
	Resource json.RawMessage // a JSON object; nil for a deletion, and for what the subscriber may not see
	Method   string          // of the request that made the change: POST, PUT, PATCH, DELETE, or GET
	URL      string          // of that request, relative to the server's base
	Status   string          // of its response, such as "201"
}

// Coding is a code with its system.
type Coding struct {
	System string // URI of the code system; "" if it is not said
	Code   string // as the system has it
}
