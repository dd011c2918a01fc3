package subscription

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/topic"
)

// r5Form is the form of R5, whose Subscription has elements for everything.
var r5Form = form{
	members: []string{"identifier", "name", "topic", "managingEntity", "filterBy", "channelType", "endpoint", "parameter",
		"heartbeatPeriod", "timeout", "contentType", "content", "maxCount"},
	mandatory: []string{"status", "topic", "channelType"},
	details:   []string{"language", "text", "contained", "extension", "parameter"},
	statuses:  []Status{StatusRequested, StatusActive, StatusError, StatusOff, StatusEnteredInError},
	read:      readR5,
	write:     writeR5,
	spec:      specR5,
	mask:      maskR5,
	element:   elementR5,
}

func readR5(r *reader, s *Subscription) {
	for name, half := range r.root.Members() {
		if primitive, ok := strings.CutPrefix(name, "_"); ok {
			element := "Subscription." + primitive
			for _, ext := range r.extensions(half, element) {
				r.foreign(ext, element+".extension")
			}
		}
	}
	s.Topic, _ = r.text(r.root, "topic", "Subscription.topic")
	switch {
	case s.Topic == "":
		r.invalid("Subscription.topic", "topic is required: the canonical of a topic")
	case r.other(r.root, "topic", "Subscription").Get("extension").Len() > 0:
		r.refuse("Subscription.topic.extension", "An extension of topic is not supported, as it may narrow what is asked for")
	}
	r.filterBy(s)
	s.ChannelType = r.channelCoding()
	s.Endpoint, _ = r.text(r.root, "endpoint", "Subscription.endpoint")
	s.Headers = r.parameters()
	text, _ := r.text(r.root, "contentType", "Subscription.contentType")
	s.ContentType, s.Content = r.contentType(text, s.ChannelType), notification.Empty
	if code, ok := r.text(r.root, "content", "Subscription.content"); ok {
		s.Content = r.content(code, "Subscription.content")
	}
	if value := r.root.Get("heartbeatPeriod"); value.Exists() {
		s.HeartbeatPeriod = r.heartbeatPeriod(r.count(value, "Subscription.heartbeatPeriod"))
	}
	if value := r.root.Get("timeout"); value.Exists() {
		s.Timeout = r.timeout(r.count(value, "Subscription.timeout"))
	}
	if value := r.root.Get("maxCount"); value.Exists() {
		s.MaxCount = r.maxCount(r.count(value, "Subscription.maxCount"), "Subscription.maxCount")
	}
}

func (r *reader) filterBy(s *Subscription) {
	filters, err := topic.ParseFilterBy(r.root)
	if err != nil {
		for _, one := range each(err) {
			var named *topic.ElementError
			if errors.As(one, &named) {
				r.refuse(named.Element, named.Problem)
			} else {
				r.refuse("Subscription.filterBy", one.Error())
			}
		}
	}
	if s.Filters = filters; len(filters) > maxFilters {
		r.refuse("Subscription.filterBy", fmt.Sprintf("There are more than %d filters", maxFilters))
	}
}

// channelCoding is the channel that channelType names.
func (r *reader) channelCoding() string {
	const element = "Subscription.channelType"
	coding := r.root.Get("channelType")
	if coding.Kind() != fhirpath.Object {
		r.invalid(element, "channelType is required: a Coding")
		return ""
	}
	for _, ext := range r.extensions(coding, element) {
		r.foreign(ext, element+".extension")
	}
	system, _ := r.text(coding, "system", element+".system")
	code, _ := r.text(coding, "code", element+".code")
	if code == "" {
		r.invalid(element+".code", "a code is needed")
	}
	return customType(system, code)
}

// parameters returns what R5 calls a channel's parameters, of rest-hook its headers.
func (r *reader) parameters() (lines []string) {
	const element = "Subscription.parameter"
	list := r.root.Get("parameter")
	if list.Exists() && list.Kind() != fhirpath.Array {
		r.invalid(element, "parameter must be an array")
	}
	for p := range list.Elements() {
		r.known(p, element, "id", "extension", "name", "value")
		name, _ := r.text(p, "name", element+".name")
		value, _ := r.text(p, "value", element+".value")
		switch {
		case name == "" || strings.ContainsAny(name, ":\r\n"):
			r.invalid(element+".name", "a name, without a colon, is needed")
		case value == "":
			r.invalid(element+".value", "a value is needed")
		}
		lines = append(lines, name+": "+value)
	}
	return lines
}

func writeR5(r *reader, s *Subscription, resource object) {
	resource["contentType"], resource["content"] = quote(s.ContentType), quote(string(s.Content))
	for name, value := range map[string]int{
		"heartbeatPeriod": int(s.HeartbeatPeriod / time.Second), "timeout": int(s.Timeout / time.Second), "maxCount": s.MaxCount,
	} {
		if value > 0 {
			resource[name] = json.RawMessage(strconv.Itoa(value))
		}
	}
	if r.unmasked {
		resource["parameter"] = withValues(resource["parameter"], s.Headers)
	}
	if s.adjusted {
		var list [][]byte
		for _, f := range s.Filters {
			list = append(list, filterByOf(f))
		}
		resource["filterBy"] = array(list)
	}
}

// filterByOf writes a filter as an element of filterBy.
func filterByOf(f topic.Filter) json.RawMessage {
	element := object{}
	for name, value := range map[string]string{
		"resourceType": f.ResourceType, "filterParameter": f.Parameter, "comparator": f.Comparator, "modifier": f.Modifier, "value": f.Value,
	} {
		if value != "" {
			element[name] = quote(value)
		}
	}
	return element.raw()
}

func specR5(resource object) object {
	return resource.only("topic", "filterBy", "end", "channelType", "contentType", "content")
}

func maskR5(resource object) {
	var lines []string
	for p := range parsed(resource["parameter"]).Elements() {
		lines = append(lines, maskLine(p.Get("name").Text()+":"))
	}
	if len(lines) > 0 {
		resource["parameter"] = withValues(resource["parameter"], lines)
	}
}

// withValues returns parameter with the values of the given lines.
func withValues(parameter json.RawMessage, lines []string) json.RawMessage {
	var list [][]byte
	for p := range parsed(parameter).Elements() {
		element := members(p)
		_, value, _ := strings.Cut(lines[len(list)], ":")
		element["value"] = quote(strings.TrimSpace(value))
		list = append(list, element.raw())
	}
	return array(list)
}

// elementR5 returns R5's name of an element of R4.
func elementR5(path string) string {
	for _, name := range [][2]string{
		{"Subscription.criteria.extension", "Subscription.filterBy"},
		{"Subscription.criteria", "Subscription.topic"},
		{"Subscription.channel.type", "Subscription.channelType"},
		{"Subscription.channel.endpoint", "Subscription.endpoint"},
		{"Subscription.channel.header", "Subscription.parameter"},
		{"Subscription.channel.payload.extension", "Subscription.content"},
		{"Subscription.channel.payload", "Subscription.contentType"},
	} {
		if strings.HasPrefix(path, name[0]) {
			return name[1]
		}
	}
	if path == "Subscription.channel" {
		return "Subscription"
	}
	return path
}
