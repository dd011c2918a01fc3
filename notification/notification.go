package notification

import (
	"encoding/json"
	"time"
)

// Type is a code of the value set subscription-notification-type (spec.md STS-09).
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
// event its notification discloses (spec.md section 8.3).
type Content string

// The payload levels, from the least to the most.
const (
	Empty        Content = "empty"
	IDOnly       Content = "id-only"
	FullResource Content = "full-resource"
)

// Notification is what one notification Bundle says about one subscription
// (spec.md BND-17).
type Notification struct {
	ID        string    // Bundle.id; the same for every attempt to send the same events
	StatusID  string    // id of the status entry, a UUID
	Timestamp time.Time // when the Bundle was assembled; written in UTC, left out if zero

	Type Type
	// Content rules what Append shows of Events. It may be "" where there are no
	// events, and Parse leaves it so where nothing tells.
	Content      Content
	Subscription string // absolute URL of the Subscription
	Topic        string // canonical; "" leaves it out
	Status       string // status of the Subscription: requested, active, error or off
	// EventsSinceSubscriptionStart is the number of events so far: in an event
	// notification the highest number within (EVN-05).
	EventsSinceSubscriptionStart int64
	Events                       []Event  // in the order of their numbers (BND-16)
	Errors                       []Coding // codes of what is wrong, for status error
}

// Event is one notification-event.
type Event struct {
	Number    int64     // from 1, without gaps in one subscription (EVN-01)
	Timestamp time.Time // when it occurred; written in UTC, left out if zero
	Focus     Entry     // the zero Entry, without Context: the subscriber may only know that it happened
	Context   []Entry   // resources that the topic's notificationShape adds
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

// request returns the entry's request and the status of its response, completed.
func (e *Entry) request() (method, url, status string) {
	method, url, status = e.Method, e.URL, e.Status
	if method == "" {
		method = "GET"
	}
	if url == "" {
		url = e.FullURL
	}
	if status != "" {
		return method, url, status
	}
	switch method {
	case "POST":
		status = "201"
	case "DELETE":
		status = "204"
	default:
		status = "200"
	}
	return method, url, status
}

// Coding is a code with its system.
type Coding struct{ System, Code string }
