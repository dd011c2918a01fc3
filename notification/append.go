package notification

import (
	"slices"
	"strconv"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// The profiles of the Subscriptions R5 Backport IG for R4 (spec.md BND-15).
const (
	bundleProfileR4 = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-notification-r4"
	statusProfileR4 = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4"
)

// Append appends the notification Bundle of n to dst and returns the extended
// buffer. In R4, the only release so far, that is a Bundle of type history whose
// first entry is a Parameters resource and whose every entry has a request and a
// response (spec.md BND-01 to BND-15, example in 22.1).
//
// n.Content rules what is shown (PAY-01 to PAY-10): empty shows neither focus nor
// context; id-only shows their references and no further entries (AMB-09);
// full-resource adds an entry for each focus and each context, where a deletion, or
// a resource that the subscriber may not see, has a request and a response only. A
// context that several events share appears once, unless its state differs. The
// topic is left out where events are shown as empty (AMB-13).
//
// Append allocates nothing but the growth of dst, unless a full-resource Bundle has
// more than 64 entries. It returns an error that is ErrRelease, or an
// *InvalidError; dst is then returned as it came.
func Append(dst []byte, r fhirpath.Release, n *Notification) ([]byte, error) {
	if err := check(r, n); err != nil {
		return dst, err
	}
	if n.Type == QueryStatus {
		return dst, invalid("Notification.Type", "an answer of $status is no notification")
	}
	dst = slices.Grow(dst, size(n))
	dst = append(dst, `{"resourceType":"Bundle"`...)
	if n.ID != "" {
		dst = append(dst, `,"id":`...)
		dst = appendString(dst, n.ID)
	}
	dst = append(dst, `,"meta":{"profile":["`+bundleProfileR4+`"]},"type":"history"`...)
	dst = appendTimestamp(dst, n.Timestamp)
	dst = append(dst, `,"entry":[`...)
	dst = appendStatusEntry(dst, n)
	dst = append(dst, `,"request":{"method":"GET","url":`...)
	dst = appendString(dst, n.Subscription)
	dst = append(dst[:len(dst)-1], `/$status"},"response":{"status":"200"}}`...)
	if n.Content == FullResource {
		n.entries(func(e *Entry) { dst = appendEntry(dst, e) })
	}
	return append(dst, `]}`...), nil
}

// AppendStatusBundle appends the answer of $status to dst: a Bundle of type
// searchset with a status entry for each of statuses, whose Type is QueryStatus
// (spec.md OP-04 to OP-06). self is the absolute URL of the request, id and
// timestamp are the Bundle's. A status shows events, if it has any, as its Content
// allows, without entries of their own.
//
// Allocation and errors are those of Append; the element at fault is one of
// whichever status is refused first.
func AppendStatusBundle(dst []byte, r fhirpath.Release, self string, timestamp time.Time, id string, statuses []*Notification) ([]byte, error) {
	if r != fhirpath.R4 {
		return dst, check(r, &Notification{})
	}
	if !instant(timestamp) {
		return dst, invalid("timestamp", "its year has more than four digits")
	}
	total := 0
	for _, n := range statuses {
		if err := check(r, n); err != nil {
			return dst, err
		}
		if n.Type != QueryStatus {
			return dst, invalid("Notification.Type", "want query-status")
		}
		total += statusSize(n)
	}
	dst = slices.Grow(dst, 256+len(self)+total)
	dst = append(dst, `{"resourceType":"Bundle"`...)
	if id != "" {
		dst = append(dst, `,"id":`...)
		dst = appendString(dst, id)
	}
	dst = append(dst, `,"type":"searchset"`...)
	dst = appendTimestamp(dst, timestamp)
	dst = append(dst, `,"total":`...)
	dst = strconv.AppendInt(dst, int64(len(statuses)), 10)
	dst = append(dst, `,"link":[{"relation":"self","url":`...)
	dst = appendString(dst, self)
	dst = append(dst, `}]`...)
	for i, n := range statuses { // an empty list has no place in FHIR's JSON
		if i == 0 {
			dst = append(dst, `,"entry":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = appendStatusEntry(dst, n)
		dst = append(dst, `,"search":{"mode":"match"}}`...)
	}
	if len(statuses) > 0 {
		dst = append(dst, ']')
	}
	return append(dst, '}'), nil
}

// appendEntry appends one entry after the status entry, comma included.
func appendEntry(dst []byte, e *Entry) []byte {
	method, url, status := e.request()
	dst = append(dst, `,{"fullUrl":`...)
	dst = appendString(dst, e.FullURL)
	if resource := e.shown(); resource != nil {
		dst = append(dst, `,"resource":`...)
		dst = append(dst, resource...)
	}
	dst = append(dst, `,"request":{"method":`...)
	dst = appendString(dst, method)
	dst = append(dst, `,"url":`...)
	dst = appendString(dst, url)
	dst = append(dst, `},"response":{"status":`...)
	dst = appendString(dst, status)
	return append(dst, `}}`...)
}

func appendTimestamp(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return dst
	}
	dst = append(dst, `,"timestamp":"`...)
	dst = t.UTC().AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"')
}

// size is what the Bundle of n needs, or somewhat more: a text with many escapes
// may need a second growth.
func size(n *Notification) int {
	size := 512 + len(n.ID) + len(n.Subscription) + statusSize(n)
	if n.Content != FullResource {
		return size
	}
	for i := range n.Events {
		e := &n.Events[i]
		size += entrySize(&e.Focus)
		for j := range e.Context {
			size += entrySize(&e.Context[j])
		}
	}
	return size
}

func entrySize(e *Entry) int {
	return 128 + 2*len(e.FullURL) + len(e.URL) + len(e.Resource)
}

func statusSize(n *Notification) int {
	size := 1024 + 2*len(n.StatusID) + len(n.Subscription) + len(n.Topic) + 192*len(n.Errors)
	for i := range n.Events {
		e := &n.Events[i]
		size += 192
		if n.Content == Empty {
			continue
		}
		size += 64 + len(e.Focus.FullURL)
		for j := range e.Context {
			size += 80 + len(e.Context[j].FullURL)
		}
	}
	return size
}
