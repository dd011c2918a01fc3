package subscription

import (
	"math"
	"mime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
)

func (r *reader) channelType(channel fhirpath.Node) string {
	code, _ := r.text(channel, "type", "Subscription.channel.type")
	switch code {
	case "rest-hook", "websocket", "email", "sms", "message":
	case "":
		r.invalid("Subscription.channel.type", "type is required")
	default:
		r.invalid("Subscription.channel.type", "type must be rest-hook, websocket, email, sms or message")
	}
	for ext := range channel.Path("_type", "extension").Elements() {
		r.foreign(ext, "Subscription.channel.type.extension", channelTypeURL)
		if ext.Get("url").Is(channelTypeURL) {
			system, custom := ext.Path("valueCoding", "system").Text(), ext.Path("valueCoding", "code").Text()
			if custom == "" {
				r.invalid("Subscription.channel.type.extension.value", "backport-channel-type needs a valueCoding with a code")
			}
			if code = custom; system != "" {
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

func (r *reader) payload(channel fhirpath.Node, s *Subscription) {
	s.ContentType, _ = r.text(channel, "payload", "Subscription.channel.payload")
	if s.ContentType == "" {
		s.ContentType = "application/fhir+json"
	}
	mediaType, params, err := mime.ParseMediaType(s.ContentType)
	switch {
	case err != nil:
		r.invalid("Subscription.channel.payload", "payload must be a MIME type")
	case strings.Contains(mediaType, "json") && mediaType != "application/fhir+json" && mediaType != "application/json",
		strings.HasSuffix(mediaType, "xml"), strings.HasSuffix(mediaType, "turtle"):
		r.refuse("Subscription.channel.payload", "payload must be application/fhir+json: notifications are JSON")
	}
	r.fhirVersion = params["fhirversion"]
	s.Content = notification.Empty
	for ext := range channel.Path("_payload", "extension").Elements() {
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

func (r *reader) channelExtensions(channel fhirpath.Node, s *Subscription) {
	for ext := range channel.Get("extension").Elements() {
		r.foreign(ext, "Subscription.channel.extension", heartbeatPeriodURL, timeoutURL, maxCountURL)
		switch url := ext.Get("url").Text(); url {
		case heartbeatPeriodURL:
			if s.HeartbeatPeriod = r.seconds(ext, url); s.HeartbeatPeriod > 0 {
				s.HeartbeatPeriod = max(s.HeartbeatPeriod, r.limits.MinHeartbeat.Truncate(time.Second))
			}
		case timeoutURL:
			s.Timeout = min(r.seconds(ext, url), r.limits.SendTimeout)
		case maxCountURL:
			s.MaxCount = min(r.number(ext, url), r.limits.MaxBatch)
		}
	}
}

func (r *reader) seconds(ext fhirpath.Node, url string) time.Duration {
	return time.Duration(r.number(ext, url)) * time.Second
}

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

func (r *reader) foreign(ext fhirpath.Node, element string, known ...string) {
	url := ext.Get("url").Text()
	if !slices.Contains(known, url) && (strings.HasPrefix(url, crossVersionPrefix) || strings.HasPrefix(url, backport)) {
		r.refuse(element, "The extension is not supported here")
	}
}
