package notification

import (
	"strconv"
	"time"
)

// appendStatusEntry appends the entry of the status resource up to and with the
// resource; the caller adds what the kind of Bundle asks for and closes it. The
// slices are in their customary order, counters are strings (spec.md STS-01,
// STS-02, EVN-06).
func appendStatusEntry(dst []byte, n *Notification) []byte {
	dst = append(dst, `{"fullUrl":"urn:uuid:`...)
	dst = appendText(dst, n.StatusID)
	dst = append(dst, `","resource":{"resourceType":"Parameters","id":`...)
	dst = appendString(dst, n.StatusID)
	dst = append(dst, `,"meta":{"profile":["`+statusProfileR4+`"]},"parameter":[{"name":"subscription","valueReference":{"reference":`...)
	dst = appendString(dst, n.Subscription)
	dst = append(dst, `}}`...)
	if n.Topic != "" && n.showsTopic() {
		dst = append(dst, `,{"name":"topic","valueCanonical":`...)
		dst = appendString(dst, n.Topic)
		dst = append(dst, '}')
	}
	dst = append(dst, `,{"name":"status","valueCode":`...)
	dst = appendString(dst, n.Status)
	dst = append(dst, `},{"name":"type","valueCode":`...)
	dst = appendString(dst, string(n.Type))
	dst = append(dst, `},{"name":"events-since-subscription-start","valueString":"`...)
	dst = strconv.AppendInt(dst, n.EventsSinceSubscriptionStart, 10)
	dst = append(dst, `"}`...)
	for i := range n.Events {
		dst = appendEvent(dst, &n.Events[i], n.Content != Empty)
	}
	for _, c := range n.Errors {
		dst = appendError(dst, c)
	}
	return append(dst, `]}`...)
}

// showsTopic is the default of AMB-13 and PAY-05: whoever reads an empty event
// should not learn what it was about. A handshake, a heartbeat and an answer of
// $status tell of no event.
func (n *Notification) showsTopic() bool {
	return n.Content != Empty || n.Type != EventNotification && n.Type != QueryEvent
}

func appendEvent(dst []byte, e *Event, references bool) []byte {
	dst = append(dst, `,{"name":"notification-event","part":[{"name":"event-number","valueString":"`...)
	dst = strconv.AppendInt(dst, e.Number, 10)
	dst = append(dst, `"}`...)
	if !e.Timestamp.IsZero() {
		dst = append(dst, `,{"name":"timestamp","valueInstant":"`...)
		dst = e.Timestamp.UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, `"}`...)
	}
	if references && !e.withheld() {
		dst = append(dst, `,{"name":"focus","valueReference":{"reference":`...)
		dst = appendString(dst, e.Focus.FullURL)
		dst = append(dst, `}}`...)
		for i := range e.Context {
			dst = append(dst, `,{"name":"additional-context","valueReference":{"reference":`...)
			dst = appendString(dst, e.Context[i].FullURL)
			dst = append(dst, `}}`...)
		}
	}
	return append(dst, `]}`...)
}

func appendError(dst []byte, c Coding) []byte {
	dst = append(dst, `,{"name":"error","valueCodeableConcept":{"coding":[{`...)
	if c.System != "" {
		dst = append(dst, `"system":`...)
		dst = appendString(dst, c.System)
		dst = append(dst, ',')
	}
	dst = append(dst, `"code":`...)
	dst = appendString(dst, c.Code)
	return append(dst, `}]}}`...)
}
