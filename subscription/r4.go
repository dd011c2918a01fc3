package subscription

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/topic"
)

// r4Form is the form of R4 and R4B: the profile backport-subscription of the Backport
// guide (docs/conformance.md, Extensions and profiles, PROF-01).
var r4Form = form{
	members:   []string{"criteria", "error", "channel", "tag"},
	mandatory: []string{"status", "reason", "criteria", "channel"},
	details:   []string{"language", "text", "contained", "extension"},
	statuses:  []Status{StatusRequested, StatusActive, StatusError, StatusOff},
	reason:    true,
	problem:   true,
	read:      readR4,
	write:     writeR4,
	spec:      specR4,
	mask:      maskR4,
	element:   func(path string) string { return path },
}

func readR4(r *reader, s *Subscription) {
	r.tag()
	r.criteria(s)
	channel := r.root.Get("channel")
	if channel.Kind() != fhirpath.Object {
		r.invalid("Subscription.channel", "channel is required")
		return
	}
	r.known(channel, "Subscription.channel", "id", "extension", "modifierExtension", "type", "endpoint", "payload", "header")
	r.modifiers(channel, "Subscription.channel")
	s.ChannelType = r.channelType(channel)
	s.Endpoint, _ = r.text(channel, "endpoint", "Subscription.channel.endpoint")
	s.Headers = r.headers(channel)
	if s.Classic != "" {
		r.classicChannel(channel, s)
		return
	}
	r.payload(channel, s)
	r.channelExtensions(channel, s)
}

// criteria reads the topic's canonical and the filters. An extension there that is
// not known might narrow what is asked for, so it is refused, never ignored
// (ACC-08, ACC-13, INF-13).
func (r *reader) criteria(s *Subscription) {
	s.Topic, _ = r.text(r.root, "criteria", "Subscription.criteria")
	switch {
	case s.Topic == "":
		r.invalid("Subscription.criteria", "criteria is required: the canonical of a topic")
	case isQuery(s.Topic):
		r.classic(s)
		return
	}
	for _, ext := range r.extensions(r.other(r.root, "criteria", "Subscription"), "Subscription.criteria") {
		const element = "Subscription.criteria.extension"
		if url := ext.Get("url").Text(); url != filterCriteriaURL {
			r.refuse(element, "An extension of criteria is not supported; only backport-filter-criteria is")
			continue
		}
		text, ok := r.text(ext, "valueString", element+".value")
		if !ok || text == "" {
			r.invalid(element+".value", "backport-filter-criteria needs a valueString")
			continue
		}
		filters, err := topic.ParseFilter(text)
		if err != nil {
			r.refuse(element+".value", err.Error())
			continue
		}
		s.Filters = append(s.Filters, filters...)
	}
	if len(s.Filters) > maxFilters {
		r.refuse("Subscription.criteria.extension", fmt.Sprintf("There are more than %d filters", maxFilters))
	}
}

// channelType is the code of channel.type, unless a backport-channel-type names a
// channel of its own, which then wins (CH-CUS-01).
func (r *reader) channelType(channel fhirpath.Node) string {
	const element = "Subscription.channel.type"
	code, _ := r.text(channel, "type", element)
	switch code {
	case "rest-hook", "websocket", "email", "sms", "message":
	case "":
		r.invalid(element, "type is required")
	default:
		r.invalid(element, "type must be rest-hook, websocket, email, sms or message")
	}
	for _, ext := range r.single(r.extensions(r.other(channel, "type", "Subscription.channel"), element), element) {
		r.foreign(ext, element+".extension", channelTypeURL)
		if ext.Get("url").Is(channelTypeURL) {
			system, custom := ext.Path("valueCoding", "system").Text(), ext.Path("valueCoding", "code").Text()
			if custom == "" {
				r.invalid(element+".extension.value", "backport-channel-type needs a valueCoding with a code")
			}
			code = customType(system, custom)
		}
	}
	return code
}

func (r *reader) headers(channel fhirpath.Node) []string {
	var headers []string
	if all := channel.Get("header"); all.Exists() && all.Kind() != fhirpath.Array {
		r.invalid("Subscription.channel.header", "header must be an array")
	}
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
	const element = "Subscription.channel.payload"
	payload, _ := r.text(channel, "payload", element)
	s.ContentType, s.Content = r.contentType(payload, s.ChannelType), notification.Empty
	for _, ext := range r.single(r.extensions(r.other(channel, "payload", "Subscription.channel"), element), element) {
		r.foreign(ext, element+".extension", payloadContentURL)
		if ext.Get("url").Is(payloadContentURL) {
			s.Content = r.content(ext.Get("valueCode").Text(), element+".extension.value")
		}
	}
}

func (r *reader) channelExtensions(channel fhirpath.Node, s *Subscription) {
	for _, ext := range r.single(r.extensions(channel, "Subscription.channel"), "Subscription.channel") {
		r.foreign(ext, "Subscription.channel.extension", heartbeatPeriodURL, timeoutURL, maxCountURL)
		url := ext.Get("url").Text()
		element := "Subscription.channel.extension('" + url + "').value"
		switch url {
		case heartbeatPeriodURL:
			s.HeartbeatPeriod = r.heartbeatPeriod(r.number(ext, element))
		case timeoutURL:
			s.Timeout = r.timeout(r.number(ext, element))
		case maxCountURL:
			s.MaxCount = r.maxCount(r.number(ext, element), element)
		}
	}
}

// number reads an unsignedInt, positiveInt or (as deployed clients write it) integer.
func (r *reader) number(ext fhirpath.Node, element string) int {
	for _, name := range []string{"valueUnsignedInt", "valuePositiveInt", "valueInteger"} {
		if value := ext.Get(name); value.Exists() {
			return r.count(value, element)
		}
	}
	return r.count(fhirpath.Node{}, element)
}

func writeR4(r *reader, s *Subscription, resource object) {
	channel := members(r.root.Get("channel"))
	if s.Classic == "" { // whose payload says what is sent, and its absence that nothing is
		channel["payload"] = quote(s.ContentType)
		channel["_payload"] = withExtension(r.root.Path("channel", "_payload"), payloadContentURL, "valueCode", quote(string(s.Content)))
	}
	for _, number := range []struct {
		url, name string
		value     int
	}{
		{heartbeatPeriodURL, "valueUnsignedInt", int(s.HeartbeatPeriod / time.Second)},
		{timeoutURL, "valueUnsignedInt", int(s.Timeout / time.Second)},
		{maxCountURL, "valuePositiveInt", s.MaxCount},
	} {
		if number.value > 0 {
			channel = members(parsed(withExtension(parsed(channel.raw()), number.url, number.name, json.RawMessage(strconv.Itoa(number.value)))))
		}
	}
	if r.unmasked {
		channel["header"] = quoteAll(s.Headers)
	}
	resource["channel"] = channel.raw()
	if s.adjusted {
		resource["_criteria"] = r.withFilters(s.Filters)
	}
}

// withFilters returns the element _criteria with an extension for each filter, in the
// place of those that it had.
func (r *reader) withFilters(filters []topic.Filter) json.RawMessage {
	element := r.root.Get("_criteria")
	criteria := members(element)
	var list [][]byte
	for ext := range element.Get("extension").Elements() {
		if !ext.Get("url").Is(filterCriteriaURL) {
			list = append(list, ext.Raw())
		}
	}
	for _, f := range filters {
		list = append(list, object{"url": quote(filterCriteriaURL), "valueString": quote(f.String())}.raw())
	}
	criteria["extension"] = array(list)
	return criteria.raw()
}

func specR4(resource object) object {
	spec := resource.only("criteria", "_criteria", "end")
	spec["channel"] = members(parsed(resource["channel"])).only("type", "_type", "payload", "_payload").raw()
	spec["reason"] = quote("-") // which is required, and may say anything
	return spec
}

func maskR4(resource object) {
	channel := members(parsed(resource["channel"]))
	if len(channel["header"]) == 0 {
		return
	}
	var lines []string
	for line := range parsed(channel["header"]).Elements() {
		lines = append(lines, maskLine(line.Text()))
	}
	channel["header"] = quoteAll(lines)
	resource["channel"] = channel.raw()
}
