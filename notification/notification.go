package notification

import (
	"encoding/json"
	"time"
)

// Type is a code of the value set subscription-notification-type.
type Type string

// The kinds of notifications (spec.md section 8.2).
const (
	Handshake         Type = "handshake"
	Heartbeat         Type = "heartbeat"
	EventNotification Type = "event-notification"
	QueryStatus       Type = "query-status" // an answer of $status
	QueryEvent        Type = "query-event"  // an answer of $events
)

// Content is a code of the value set backport-content-value-set: how much of an
// event its notification discloses.
type Content string

// The payload levels (spec.md section 8.3).
const (
	Empty        Content = "empty"
	IDOnly       Content = "id-only"
	FullResource Content = "full-resource"
)

// Notification is what one notification Bundle says about one subscription.
type Notification struct {
	ID        string    // Bundle.id; the same for every attempt to send the same events
	StatusID  string    // id of the status entry, a UUID
	Timestamp time.Time // when the Bundle was assembled

	Type         Type
	Content      Content
	Subscription string // absolute URL of the Subscription
	Topic        string // canonical
	Status       string // status of the Subscription: requested, active, error or off
	// EventsSinceSubscriptionStart is the number of events so far: in an event
	// notification the highest number within.
	EventsSinceSubscriptionStart int64
	Events                       []Event
	Errors                       []Coding // codes of what is wrong, for status error
}

// Event is one notification-event.
type Event struct {
	Number    int64
	Timestamp time.Time
	Focus     Entry
	Context   []Entry // resources that the topic's notificationShape adds
}

// Entry is a resource that an event is about, as an entry of the Bundle shows it.
type Entry struct {
	FullURL  string          // absolute URL of the resource, never version specific
	Resource json.RawMessage // nil for a deletion, and for what the subscriber may not see
	Method   string          // of the request that made the change: POST, PUT, DELETE, or GET
	URL      string          // of that request, relative to the server's base
	Status   string          // of its response, such as "201"
}

// Coding is a code with its system.
type Coding struct{ System, Code string }
