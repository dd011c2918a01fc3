package notification

import (
	"strconv"
	"time"
)

// The extensions of a notificationEvent (EXT-08, EXT-09).
const (
	relatedQueryURL  = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-related-query"
	authorizationURL = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/notification-authorization-hint"
)

// appendSubscriptionStatus appends the status resource of R4B and R5, which on the
// wire is the same: counters are strings (STS-04, STS-05).
func appendSubscriptionStatus(dst []byte, n *Notification) []byte {
	dst = append(dst, `{"resourceType":"SubscriptionStatus","id":`...)
	dst = appendString(dst, n.StatusID)
	dst = append(dst, `,"status":`...)
	dst = appendString(dst, n.Status)
	dst = append(dst, `,"type":`...)
	dst = appendString(dst, string(n.Type))
	dst = append(dst, `,"eventsSinceSubscriptionStart":"`...)
	dst = strconv.AppendInt(dst, n.EventsSinceSubscriptionStart, 10)
	dst = append(dst, '"')
	for i := range n.Events {
		dst = appendSeparator(dst, i, `,"notificationEvent":[`)
		dst = appendNotificationEvent(dst, n, &n.Events[i])
	}
	dst = appendEnd(dst, len(n.Events))
	dst = append(dst, `,"subscription":{"reference":`...)
	dst = appendString(dst, n.Subscription)
	dst = append(dst, '}')
	if n.showsTopic() {
		dst = append(dst, `,"topic":`...)
		dst = appendString(dst, n.Topic)
	}
	for i, c := range n.Errors {
		dst = appendSeparator(dst, i, `,"error":[`)
		dst = append(dst, `{"coding":[`...)
		dst = appendCoding(dst, c)
		dst = append(dst, `]}`...)
	}
	dst = appendEnd(dst, len(n.Errors))
	return append(dst, '}')
}

func appendNotificationEvent(dst []byte, n *Notification, e *Event) []byte {
	dst = append(dst, '{')
	dst = appendExtensions(dst, n, e)
	dst = append(dst, `"eventNumber":"`...)
	dst = strconv.AppendInt(dst, e.Number, 10)
	dst = append(dst, '"')
	if !e.Timestamp.IsZero() {
		dst = append(dst, `,"timestamp":"`...)
		dst = e.Timestamp.UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, '"')
	}
	if n.refers(e) {
		dst = append(dst, `,"focus":{"reference":`...)
		dst = appendString(dst, e.Focus.FullURL)
		dst = append(dst, '}')
		for i := range e.Context {
			dst = appendSeparator(dst, i, `,"additionalContext":[`)
			dst = append(dst, `{"reference":`...)
			dst = appendString(dst, e.Context[i].FullURL)
			dst = append(dst, '}')
		}
		dst = appendEnd(dst, len(e.Context))
	}
	return append(dst, '}')
}

// appendExtensions appends the extensions of an event and a comma, if it has any.
func appendExtensions(dst []byte, n *Notification, e *Event) []byte {
	count := 0
	if n.refers(e) {
		for i := range e.Queries {
			dst = appendSeparator(dst, count, `"extension":[`)
			count++
			dst = append(dst, `{"url":"`+relatedQueryURL+`","extension":[`...)
			if q := &e.Queries[i]; q.Type != (Coding{}) {
				dst = append(dst, `{"url":"queryType","valueCoding":`...)
				dst = appendCoding(dst, q.Type)
				dst = append(dst, `},`...)
			}
			dst = append(dst, `{"url":"query","valueString":`...)
			dst = appendString(dst, e.Queries[i].Query)
			dst = append(dst, `}]}`...)
		}
	}
	if e.Authorization != (Authorization{}) {
		dst = appendSeparator(dst, count, `"extension":[`)
		count++
		dst = append(dst, `{"url":"`+authorizationURL+`","extension":[{"url":"type","valueCoding":`...)
		dst = appendCoding(dst, e.Authorization.Type)
		dst = append(dst, '}')
		if e.Authorization.Value != "" {
			dst = append(dst, `,{"url":"value","valueString":`...)
			dst = appendString(dst, e.Authorization.Value)
			dst = append(dst, '}')
		}
		dst = append(dst, `]}`...)
	}
	if count > 0 {
		dst = append(dst, `],`...)
	}
	return dst
}

// appendSeparator appends what goes before element i of a list: open, which names and
// opens it, or a comma. An empty list has no place in FHIR's JSON, so nobody opens one.
func appendSeparator(dst []byte, i int, open string) []byte {
	if i == 0 {
		return append(dst, open...)
	}
	return append(dst, ',')
}

func appendEnd(dst []byte, length int) []byte {
	if length == 0 {
		return dst
	}
	return append(dst, ']')
}
