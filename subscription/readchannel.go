package subscription

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
)

// channelTypeSystem is the code system of the standard's own channels.
const channelTypeSystem = "http://terminology.hl7.org/CodeSystem/subscription-channel-type"

// channelType is the code of channel.type, unless a backport-channel-type names a
// channel of its own, which then wins (spec.md CH-CUS-01).
func (r *reader) channelType(channel fhirpath.Node) string {
	code, _ := r.text(channel, "type", "Subscription.channel.type")
	switch code {
	case "rest-hook", "websocket", "email", "sms", "message":
	case "":
		r.invalid("Subscription.channel.type", "type is required")
	default:
		r.invalid("Subscription.channel.type", "type must be rest-hook, websocket, email, sms or message")
	}
	for _, ext := range r.single(r.extensions(r.other(channel, "type", "Subscription.channel"), "Subscription.channel.type"), "Subscription.channel.type") {
		r.foreign(ext, "Subscription.channel.type.extension", channelTypeURL)
		if ext.Get("url").Is(channelTypeURL) {
			system, custom := ext.Path("valueCoding", "system").Text(), ext.Path("valueCoding", "code").Text()
			if custom == "" {
				r.invalid("Subscription.channel.type.extension.value", "backport-channel-type needs a valueCoding with a code")
			}
			if code = custom; system != "" && system != channelTypeSystem {
				code = system + "|" + custom
			}
		}
	}
	return code
}

func (r *reader) headers(channel fhirpath.Node) []string {
	var headers []string
	for header := range channel.Get("header").Elements() {
		if header.Kind() != fhirpath.String {
			r.invalid("Subscription.channel.header", "header must be strings of the form Name: value")
			continue
		}
		headers = append(headers, header.Text())
	}
	return headers
}

// payload reads the MIME type and the content level. Clients that leave them out
// get the least that the standard has, and are shown so (spec.md ACC-16, LIFE-10).
func (r *reader) payload(channel fhirpath.Node, s *Subscription) {
	s.ContentType, _ = r.text(channel, "payload", "Subscription.channel.payload")
	if s.ContentType == "" {
		s.ContentType = "application/fhir+json"
		if s.ChannelType == "email" { // whose payload says what people read
			s.ContentType = "text/plain"
		}
	}
	mediaType, params, err := ParsePayload(s.ContentType)
	switch {
	case err != nil:
		r.invalid("Subscription.channel.payload", "payload must be a MIME type")
	case strings.Contains(mediaType, "json") && mediaType != "application/fhir+json" && mediaType != "application/json",
		strings.HasSuffix(mediaType, "xml"), strings.HasSuffix(mediaType, "turtle"):
		r.refuse("Subscription.channel.payload", "payload must be application/fhir+json: notifications are JSON")
	}
	r.fhirVersion = params["fhirversion"]
	s.Content = notification.Empty
	for _, ext := range r.single(r.extensions(r.other(channel, "payload", "Subscription.channel"), "Subscription.channel.payload"), "Subscription.channel.payload") {
		r.foreign(ext, "Subscription.channel.payload.extension", payloadContentURL)
		if !ext.Get("url").Is(payloadContentURL) {
			continue
		}
		switch content := notification.Content(ext.Get("valueCode").Text()); content {
		case notification.Empty, notification.IDOnly, notification.FullResource:
			s.Content = content
		default:
			r.refuse("Subscription.channel.payload.extension.value", "backport-payload-content must be empty, id-only or full-resource")
		}
	}
}

// channelExtensions reads the numbers. Those outside the host's limits are brought
// within them, and the accepted resource says so (spec.md ACC-21); 0 means absent
// (HB-08).
func (r *reader) channelExtensions(channel fhirpath.Node, s *Subscription) {
	for _, ext := range r.single(r.extensions(channel, "Subscription.channel"), "Subscription.channel") {
		r.foreign(ext, "Subscription.channel.extension", heartbeatPeriodURL, timeoutURL, maxCountURL)
		switch url := ext.Get("url").Text(); url {
		case heartbeatPeriodURL:
			if s.HeartbeatPeriod = r.seconds(ext, url); s.HeartbeatPeriod > 0 {
				s.HeartbeatPeriod = max(s.HeartbeatPeriod, r.limits.MinHeartbeat.Truncate(time.Second))
			}
		case timeoutURL:
			s.Timeout = min(r.seconds(ext, url), r.limits.SendTimeout)
		case maxCountURL:
			if s.MaxCount = min(r.number(ext, url), r.limits.MaxBatch); s.MaxCount == 0 {
				r.invalid("Subscription.channel.extension('"+url+"').value", "a number from 1 is needed")
			}
		}
	}
}

func (r *reader) seconds(ext fhirpath.Node, url string) time.Duration {
	return time.Duration(r.number(ext, url)) * time.Second
}

// number reads an unsignedInt, positiveInt or (as deployed clients write it) integer.
func (r *reader) number(ext fhirpath.Node, url string) int {
	for _, name := range []string{"valueUnsignedInt", "valuePositiveInt", "valueInteger"} {
		if value := ext.Get(name); value.Kind() == fhirpath.Number {
			n, err := strconv.ParseInt(string(value.Raw()), 10, 64)
			if err == nil && n >= 0 && n <= math.MaxInt32 {
				return int(n)
			}
		}
	}
	r.invalid("Subscription.channel.extension('"+url+"').value", "a whole number, not negative, is needed")
	return 0
}

// foreign refuses extensions that the guide would have read, had they been written
// correctly: cross-version ones (spec.md ACC-13) and misspelt ones of its own.
func (r *reader) foreign(ext fhirpath.Node, element string, known ...string) {
	url := ext.Get("url").Text()
	if !slices.Contains(known, url) && (strings.HasPrefix(url, crossVersionPrefix) || strings.HasPrefix(url, backport)) {
		r.refuse(element, "The extension is not supported here")
	}
}
