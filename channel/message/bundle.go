package message

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/carillon-fhir/carillon/subscription"
)

// messageHeader is MessageHeader as all releases have it but for the names of the
// endpoints (the standard's examples).
type messageHeader struct {
	ResourceType string      `json:"resourceType"`
	ID           string      `json:"id"`
	Event        coding      `json:"eventCoding"`
	Destination  []endpoint  `json:"destination"`
	Source       endpoint    `json:"source"`
	Focus        []reference `json:"focus,omitempty"`
}

type coding struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

// endpoint has one of both.
type endpoint struct {
	Endpoint string `json:"endpoint,omitempty"`    // R4, R4B
	URL      string `json:"endpointUrl,omitempty"` // R5
}

type reference struct {
	Reference string `json:"reference"`
}

var (
	errID      = errors.New("notification without a UUID")
	errRelease = errors.New("notification of an unknown release")
)

// space is where the ids of messages are derived from those of notifications.
var space = uuid.MustParse("6f1f6c1e-8a53-4d0c-9f0e-2b1f8f0f7a44")

// bundle returns the message that carries m to the FHIR server at base
// (CH-MSG-02, CH-MSG-03). All ids follow from m.ID, so that they are the same for every
// attempt to send the same events. A classic notification without a payload has a
// MessageHeader only.
func (c *Channel) bundle(base string, m subscription.Message) ([]byte, error) {
	id, err := uuid.Parse(m.ID)
	if err != nil || id.String() != m.ID {
		return nil, errID
	}
	header := messageHeader{
		ResourceType: "MessageHeader", ID: uuid.NewSHA1(space, id[:]).String(),
		Event: coding{c.event.System, c.event.Code},
	}
	switch m.Release {
	case subscription.R4, subscription.R4B:
		header.Destination, header.Source = []endpoint{{Endpoint: base}}, endpoint{Endpoint: c.source}
	case subscription.R5:
		header.Destination, header.Source = []endpoint{{URL: base}}, endpoint{URL: c.source}
	default:
		return nil, errRelease
	}
	focus := "urn:uuid:" + m.ID
	if len(m.Body) > 0 {
		header.Focus = []reference{{focus}}
	}
	written, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	at := time.Now()
	if m.Notification != nil && !m.Notification.Timestamp.IsZero() {
		at = m.Notification.Timestamp
	}
	dst := make([]byte, 0, len(written)+len(m.Body)+320)
	dst = append(dst, `{"resourceType":"Bundle","id":"`...)
	dst = append(dst, uuid.NewSHA1(space, []byte(header.ID)).String()...)
	dst = append(dst, `","type":"message","timestamp":"`...)
	dst = at.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","entry":[{"fullUrl":"urn:uuid:`...)
	dst = append(dst, header.ID...)
	dst = append(dst, `","resource":`...)
	dst = append(dst, written...)
	if len(m.Body) > 0 {
		dst = append(dst, `},{"fullUrl":"`...)
		dst = append(dst, focus...)
		dst = append(dst, `","resource":`...)
		dst = append(dst, m.Body...)
	}
	return append(dst, `}]}`...), nil
}
