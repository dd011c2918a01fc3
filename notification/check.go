package notification

import (
	"bytes"
	"slices"
	"strings"
	"time"
)

// check refuses what could only be written as an invalid or misleading Bundle. It
// looks at what n.Content shows and at nothing else.
func (f *form) check(n *Notification) error {
	switch n.Content {
	case Empty, IDOnly, FullResource:
	case "":
		if len(n.Events) > 0 {
			return invalid("Notification.Content", "is required where there are events")
		}
	default:
		return invalid("Notification.Content", "unknown code")
	}
	if !slices.Contains(f.statuses, n.Status) {
		return invalid("Notification.Status", "unknown code")
	}
	if n.StatusID == "" {
		return invalid("Notification.StatusID", "is required")
	}
	if n.Subscription == "" {
		return invalid("Notification.Subscription", "is required")
	}
	if n.EventsSinceSubscriptionStart < 0 {
		return invalid("Notification.EventsSinceSubscriptionStart", "is negative")
	}
	if !instant(n.Timestamp) {
		return invalid("Notification.Timestamp", "its year has more than four digits")
	}
	if err := n.checkType(); err != nil {
		return err
	}
	for i, c := range n.Errors {
		if c.Code == "" {
			return invalid(at("Notification.Errors", i)+".Code", "is required")
		}
	}
	for i := range n.Events {
		if err := n.checkEvent(i); err != nil {
			return err
		}
	}
	return nil
}

func (n *Notification) checkType() error {
	switch n.Type {
	case Handshake, Heartbeat:
		if len(n.Events) > 0 {
			return invalid("Notification.Events", "a "+string(n.Type)+" carries none")
		}
	case EventNotification:
		if len(n.Events) == 0 {
			return invalid("Notification.Events", "an event-notification carries at least one")
		}
	case QueryStatus, QueryEvent:
	default:
		return invalid("Notification.Type", "unknown code")
	}
	return nil
}

func (n *Notification) checkEvent(i int) error {
	e := &n.Events[i]
	if e.Number < 1 {
		return invalid(at("Notification.Events", i)+".Number", "want 1 or more")
	}
	if !instant(e.Timestamp) {
		return invalid(at("Notification.Events", i)+".Timestamp", "its year has more than four digits")
	}
	for j, c := range e.Triggers {
		if c.Code == "" {
			return invalid(at(at("Notification.Events", i)+".Triggers", j)+".Code", "is required")
		}
	}
	if e.Authorization.Value != "" && e.Authorization.Type == (Coding{}) {
		return invalid(at("Notification.Events", i)+".Authorization.Type", "is required where there is a value")
	}
	if n.Content == Empty || e.withheld() && len(e.Context) == 0 {
		return nil
	}
	if field, problem := n.checkEntry(&e.Focus); problem != "" {
		return invalid(at("Notification.Events", i)+".Focus."+field, problem)
	}
	for j := range e.Context {
		if field, problem := n.checkEntry(&e.Context[j]); problem != "" {
			return invalid(at(at("Notification.Events", i)+".Context", j)+"."+field, problem)
		}
	}
	for j := range e.Queries {
		if e.Queries[j].Query == "" {
			return invalid(at(at("Notification.Events", i)+".Queries", j)+".Query", "is required")
		}
	}
	return nil
}

// checkEntry returns the field at fault and what is wrong with it.
func (n *Notification) checkEntry(e *Entry) (field, problem string) {
	if e.FullURL == "" {
		return "FullURL", "is required"
	}
	if strings.Contains(e.FullURL, "/_history/") {
		return "FullURL", "is version specific"
	}
	if n.Content != FullResource {
		return "", ""
	}
	switch e.Method {
	case "", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH":
	default:
		return "Method", "unknown code"
	}
	if e.Resource != nil && !isObject(e.Resource) {
		return "Resource", "is not a JSON object"
	}
	return "", ""
}

// isObject catches a null, an empty or a cut off value. It doesn't read the whole
// resource: that was done when the resource came in.
func isObject(raw []byte) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) >= 2 && raw[0] == '{' && raw[len(raw)-1] == '}'
}

// instant reports whether t has the form of FHIR's instant.
func instant(t time.Time) bool {
	year := t.UTC().Year()
	return 0 < year && year <= 9999
}
