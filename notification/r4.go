package notification

import (
	"strconv"
	"time"
)

// r4 is the form of the Subscriptions R5 Backport guide for R4: a history whose first
// entry is a Parameters resource (BND-01, BND-15, PROF-04).
var r4 = form{
	header: `,"meta":{"profile":["http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-notification-r4"]}` +
		`,"type":"history"`,
	statuses: []string{"requested", "active", "error", "off"},
	status:   appendParameters,
	exchange: appendExchange,
}

const statusProfileR4 = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4"

// appendParameters appends the status resource. The slices are in their customary
// order, counters are strings (STS-01, STS-02, EVN-06).
func appendParameters(dst []byte, n *Notification) []byte {
	dst = append(dst, `{"resourceType":"Parameters","id":`...)
	dst = appendString(dst, n.StatusID)
	dst = append(dst, `,"meta":{"profile":["`+statusProfileR4+`"]},"parameter":[{"name":"subscription","valueReference":{"reference":`...)
	dst = appendString(dst, n.Subscription)
	dst = append(dst, `}}`...)
	if n.showsTopic() {
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
		dst = appendEventParts(dst, n, &n.Events[i])
	}
	for _, c := range n.Errors {
		dst = append(dst, `,{"name":"error","valueCodeableConcept":{"coding":[`...)
		dst = appendCoding(dst, c)
		dst = append(dst, `]}}`...)
	}
	return append(dst, `]}`...)
}

func appendEventParts(dst []byte, n *Notification, e *Event) []byte {
	dst = append(dst, `,{"name":"notification-event","part":[{"name":"event-number","valueString":"`...)
	dst = strconv.AppendInt(dst, e.Number, 10)
	dst = append(dst, `"}`...)
	if !e.Timestamp.IsZero() {
		dst = append(dst, `,{"name":"timestamp","valueInstant":"`...)
		dst = e.Timestamp.UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, `"}`...)
	}
	if n.refers(e) {
		dst = append(dst, `,{"name":"focus","valueReference":{"reference":`...)
		dst = appendString(dst, e.Focus.FullURL)
		dst = append(dst, `}}`...)
		for i := range e.Context {
			dst = append(dst, `,{"name":"additional-context","valueReference":{"reference":`...)
			dst = appendString(dst, e.Context[i].FullURL)
			dst = append(dst, `}}`...)
		}
		for i := range e.Queries {
			dst = append(dst, `,{"name":"related-query","part":[`...)
			if q := &e.Queries[i]; q.Type != (Coding{}) {
				dst = append(dst, `{"name":"query-type","valueCoding":`...)
				dst = appendCoding(dst, q.Type)
				dst = append(dst, `},`...)
			}
			dst = append(dst, `{"name":"query","valueString":`...)
			dst = appendString(dst, e.Queries[i].Query)
			dst = append(dst, `}]}`...)
		}
	}
	for _, c := range e.Triggers {
		dst = append(dst, `,{"name":"trigger","valueCoding":`...)
		dst = appendCoding(dst, c)
		dst = append(dst, '}')
	}
	if e.Authorization != (Authorization{}) {
		dst = append(dst, `,{"name":"authorization-type","valueCoding":`...)
		dst = appendCoding(dst, e.Authorization.Type)
		dst = append(dst, '}')
		if e.Authorization.Value != "" {
			dst = append(dst, `,{"name":"authorization-value","valueString":`...)
			dst = appendString(dst, e.Authorization.Value)
			dst = append(dst, '}')
		}
	}
	return append(dst, `]}`...)
}
