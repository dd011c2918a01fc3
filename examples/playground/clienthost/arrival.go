package clienthost

import (
	"encoding/json"
	"errors"
	"path"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// Kinds of arrivals beside those of notifications.
const (
	Classic      = "classic"      // of a Subscription with query criteria: no Bundle
	Confirmation = "confirmation" // a mail that asks whether mails are wanted
	Mail         = "mail"         // a mail with nothing attached
	Unreadable   = "unreadable"
)

// Arrival is what came to an endpoint, or tried to.
type Arrival struct {
	ID       int64     `json:"id"` // from 1, in the order of arrival
	At       time.Time `json:"at"`
	Endpoint string    `json:"endpoint"` // its key
	Channel  string    `json:"channel"`
	Kind     string    `json:"kind"`   // handshake, heartbeat, event-notification, query-event, or one of this package
	Taken    bool      `json:"taken"`  // the endpoint has it
	Answer   string    `json:"answer"` // what the sender got, in words

	Subscription string   `json:"subscription,omitempty"` // its id
	Topic        string   `json:"topic,omitempty"`
	Status       string   `json:"status,omitempty"` // of the Subscription, as the notification says
	Content      string   `json:"content,omitempty"`
	Count        int64    `json:"count"` // events since the Subscription's start
	Events       []Event  `json:"events,omitempty"`
	Gap          []Range  `json:"gap,omitempty"` // numbers that this shows to be missing
	Problems     []string `json:"problems,omitempty"`

	Request string `json:"request,omitempty"` // first line of HTTP, or the subject of a mail
	Link    string `json:"link,omitempty"`    // of a Confirmation
	Body    string `json:"body,omitempty"`
}

// Event is one event of a notification.
type Event struct {
	Number    int64           `json:"number"`
	At        time.Time       `json:"at,omitzero"`
	Latency   *int64          `json:"latency,omitempty"` // ms from At to the arrival; both clocks must agree
	Focus     string          `json:"focus,omitempty"`
	Resource  json.RawMessage `json:"resource,omitempty"`
	Context   []string        `json:"context,omitempty"`
	Deleted   bool            `json:"deleted,omitempty"`
	Duplicate bool            `json:"duplicate,omitempty"`
	Late      bool            `json:"late,omitempty"` // it had been missing
}

// Arrivals returns those that are kept, oldest first.
func (h *Host) Arrivals() []Arrival {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Arrival{}, h.arrivals...) // never null in JSON
}

// arrive records what came, and tells everybody. A body that speaks of several
// Subscriptions is an Arrival for each.
func (h *Host) arrive(a Arrival, body []byte) {
	if a.At.IsZero() {
		a.At = time.Now()
	}
	a.Body = string(body)
	if a.Kind != "" {
		h.record(a, nil)
		return
	}
	list, err := notification.ParseAll(body)
	if err != nil {
		a.Kind = Unreadable
		a.Problems = []string{reason(err)}
		h.record(a, nil)
		return
	}
	for i, n := range list {
		if i > 0 && len(body) > maxRepeated {
			a.Body = "" // the first has it
		}
		a.decode(n)
		h.record(a, n)
	}
}

// reason is err in words.
func reason(err error) string {
	if errors.Is(err, notification.ErrNoNotification) {
		return "this is no notification: there is no Bundle with a status entry"
	}
	return strings.TrimPrefix(err.Error(), "notification: ")
}

func (a *Arrival) decode(n *notification.Notification) {
	a.Kind, a.Subscription, a.Topic = string(n.Type), path.Base(n.Subscription), n.Topic
	a.Status, a.Content, a.Count = n.Status, string(n.Content), n.EventsSinceSubscriptionStart
	a.Events, a.Problems, a.Gap = nil, nil, nil
	for i := range n.Problems {
		a.Problems = append(a.Problems, strings.TrimPrefix(n.Problems[i].Error(), "notification: "))
	}
	for _, e := range n.Events {
		event := Event{Number: e.Number, At: e.Timestamp, Focus: e.Focus.FullURL, Resource: e.Focus.Resource, Deleted: e.Focus.Method == "DELETE"}
		if !e.Timestamp.IsZero() {
			ms := max(a.At.Sub(e.Timestamp).Milliseconds(), 0)
			event.Latency = &ms
		}
		for _, c := range e.Context {
			event.Context = append(event.Context, c.FullURL)
		}
		a.Events = append(a.Events, event)
	}
}

// record keeps an arrival. Numbers count only of what was taken.
func (h *Host) record(a Arrival, n *notification.Notification) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.endpoints[a.Endpoint]
	if e == nil {
		return // deleted meanwhile
	}
	if n != nil && a.Taken {
		l := e.ledgers[a.Subscription]
		if l == nil {
			if len(e.ledgers) >= maxLedgers {
				clear(e.ledgers) // whoever sends names the Subscriptions
			}
			l = &ledger{missing: map[int64]bool{}}
			e.ledgers[a.Subscription] = l
		}
		a.enter(l, n)
	}
	h.next++
	a.ID = h.next
	h.arrivals = append(h.arrivals, a)
	h.kept += len(a.Body)
	for len(h.arrivals) > maxArrivals || h.kept > maxKept && len(h.arrivals) > 1 {
		h.kept -= len(h.arrivals[0].Body)
		h.arrivals = h.arrivals[1:]
	}
	h.cfg.Feed.Add("arrival", a)
}

func (a *Arrival) enter(l *ledger, n *notification.Notification) {
	l.begin(n)
	for i := range a.Events {
		if a.Events[i].Number == 0 {
			continue // of a server that does not number
		}
		var gap *Range
		a.Events[i].Duplicate, a.Events[i].Late, gap = l.take(a.Events[i].Number)
		if gap != nil {
			a.Gap = append(a.Gap, *gap)
		}
	}
	if n.Type == notification.Heartbeat {
		if gap := l.lack(n.EventsSinceSubscriptionStart); gap != nil {
			a.Gap = append(a.Gap, *gap)
		}
	}
}
