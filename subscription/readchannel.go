package subscription

import (
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// channelTypeSystem is the code system of the standard's own channels.
const channelTypeSystem = "http://terminology.hl7.org/CodeSystem/subscription-channel-type"

// customType is the Type of the Channel that a Coding names. A code without a system is
// one of the standard's, as its own examples have it (CH-03, CH-CUS-01).
func customType(system, code string) string {
	if system == "" || system == channelTypeSystem {
		return code
	}
	return system + "|" + code
}

// contentType reads the MIME type. Clients that leave it out get the standard's own, and
// are shown so (ACC-16, AMB-12).
func (r *reader) contentType(text, channelType string) string {
	const element = "Subscription.channel.payload"
	if text == "" && channelType == "email" { // where it says what people read
		return "text/plain"
	}
	if text == "" {
		return "application/fhir+json"
	}
	mediaType, _, err := ParsePayload(text)
	switch {
	case err != nil:
		r.invalid(element, "a MIME type is needed")
	case strings.Contains(mediaType, "json") && mediaType != "application/fhir+json" && mediaType != "application/json",
		strings.HasSuffix(mediaType, "xml"), strings.HasSuffix(mediaType, "turtle"):
		r.refuse(element, "The MIME type must be application/fhir+json: notifications are JSON")
	}
	return text
}

// content reads the content level; what is not said is the least (ACC-16,
// AMB-12).
func (r *reader) content(code, element string) notification.Content {
	switch content := notification.Content(code); content {
	case notification.Empty, notification.IDOnly, notification.FullResource:
		return content
	}
	r.refuse(element, "The content level must be empty, id-only or full-resource")
	return notification.Empty
}

// heartbeatPeriod, timeout and maxCount bring a number within the host's limits, and the
// accepted resource says so (ACC-21); 0 means absent (HB-08).
func (r *reader) heartbeatPeriod(seconds int) time.Duration {
	if seconds == 0 {
		return 0
	}
	return max(time.Duration(seconds)*time.Second, r.limits.MinHeartbeat.Truncate(time.Second))
}

func (r *reader) timeout(seconds int) time.Duration {
	return min(time.Duration(seconds)*time.Second, r.limits.SendTimeout)
}

func (r *reader) maxCount(n int, element string) int {
	if n == 0 {
		r.invalid(element, "a number from 1 is needed")
	}
	return min(n, r.limits.MaxBatch)
}
