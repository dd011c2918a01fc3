package notification

import (
	"slices"
	"strconv"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Append appends the notification Bundle of n to dst and returns the extended
// buffer. Its first entry is the status of the Subscription; that, the type of the
// Bundle and what is said of requests and responses are the release's own:
//
//   - R4: a history, Parameters, a request and a response in every entry (BND-01
//     to BND-15)
//   - R4B: the same with a SubscriptionStatus. That is also the form of the
//     guide's first version and of clients that demand a SubscriptionStatus on R4
//   - R5: a subscription-notification, SubscriptionStatus, no response, a request
//     where a resource changed or is not shown (BND-06, BND-07)
//
// n.Content rules what is shown (PAY-01 to PAY-10): empty shows neither focus nor
// context; id-only shows their references, and entries for them if
// n.EntryPerReference; full-resource adds an entry for each focus and each context,
// where a deletion, or a resource that the subscriber may not see, has a request and a
// response only. A context that several events share appears once, unless its state
// differs. The topic is left out where events are shown as empty (AMB-13).
//
// Two rules of R5 change what is written. An answer of $events without events has the
// type query-status (AMB-10). And no two entries may have the same fullUrl and version,
// so of several events that show the same version of a resource, or show it without a
// version, only the last has an entry, which stands for all (BND-08).
//
// Append allocates nothing but the growth of dst, unless there are more than 64
// entries, or several entries of one resource in R5. It returns an error that is
// ErrRelease, or an *InvalidError; dst is then returned as it came.
func Append(dst []byte, r fhirpath.Release, n *Notification) ([]byte, error) {
	f, err := formOf(r)
	if err != nil {
		return dst, err
	}
	if err := f.check(n); err != nil {
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
	dst = append(dst, f.header...)
	dst = appendTimestamp(dst, n.Timestamp)
	dst = append(dst, `,"entry":[`...)
	dst = f.appendStatusEntry(dst, n)
	dst = f.exchange(dst, n, nil)
	dst = append(dst, '}')
	if n.hasEntries() {
		show := func(e *Entry) { dst = f.appendEntry(dst, n, e) }
		if f.once {
			n.versions(show)
		} else {
			n.entries(show)
		}
	}
	return append(dst, `]}`...), nil
}

// AppendStatusBundle appends the answer of $status to dst: a Bundle of type
// searchset with a status entry for each of statuses, whose Type is QueryStatus
// (OP-04 to OP-06). self is the absolute URL of the request, id and
// timestamp are the Bundle's. A status shows events, if it has any, as its Content
// allows, without entries of their own.
//
// Allocation and errors are those of Append; the element at fault is one of
// whichever status is refused first.
func AppendStatusBundle(dst []byte, r fhirpath.Release, self string, timestamp time.Time, id string, statuses []*Notification) ([]byte, error) {
	f, err := formOf(r)
	if err != nil {
		return dst, err
	}
	if !instant(timestamp) {
		return dst, invalid("timestamp", "its year has more than four digits")
	}
	total := 0
	for _, n := range statuses {
		if err := f.check(n); err != nil {
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
	for i, n := range statuses {
		dst = appendSeparator(dst, i, `,"entry":[`)
		dst = f.appendStatusEntry(dst, n)
		dst = append(dst, `,"search":{"mode":"match"}}`...)
	}
	dst = appendEnd(dst, len(statuses))
	return append(dst, '}'), nil
}

// appendStatusEntry appends the entry of the status up to and with its resource; the
// caller adds what the kind of Bundle asks for and closes it.
func (f *form) appendStatusEntry(dst []byte, n *Notification) []byte {
	dst = append(dst, `{"fullUrl":"urn:uuid:`...)
	dst = appendText(dst, n.StatusID)
	dst = append(dst, `","resource":`...)
	return f.status(dst, n)
}

// appendEntry appends one entry after the status entry, comma included.
func (f *form) appendEntry(dst []byte, n *Notification, e *Entry) []byte {
	dst = append(dst, `,{"fullUrl":`...)
	dst = appendString(dst, e.FullURL)
	if resource := n.shown(e); resource != nil {
		dst = append(dst, `,"resource":`...)
		dst = append(dst, resource...)
	}
	dst = f.exchange(dst, n, e)
	return append(dst, '}')
}

func appendTimestamp(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return dst
	}
	dst = append(dst, `,"timestamp":"`...)
	dst = t.UTC().AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"')
}

// appendCoding appends c as a JSON object.
func appendCoding(dst []byte, c Coding) []byte {
	dst = append(dst, '{')
	if c.System != "" {
		dst = append(dst, `"system":`...)
		dst = appendString(dst, c.System)
		if c.Code != "" {
			dst = append(dst, ',')
		}
	}
	if c.Code != "" {
		dst = append(dst, `"code":`...)
		dst = appendString(dst, c.Code)
	}
	return append(dst, '}')
}
