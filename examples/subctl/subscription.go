package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// wish is a Subscription that is to be created.
type wish struct {
	topic, channel, endpoint, content, reason, end string
	filters                                        texts
	header                                         headers
	heartbeat                                      int
}

// texts are the values of a repeated flag.
type texts []string

func (t *texts) String() string { return strings.Join(*t, " ") }

func (t *texts) Set(s string) error {
	*t = append(*t, s)
	return nil
}

const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-"

// resource writes the wish as the release has it.
func (w *wish) resource(r fhirpath.Release) (map[string]any, error) {
	if r == fhirpath.R5 {
		return w.r5()
	}
	var filters []any
	for _, f := range w.filters {
		filters = append(filters, map[string]any{"url": backport + "filter-criteria", "valueString": f})
	}
	channel := map[string]any{
		"type": w.channel, "payload": "application/fhir+json",
		"_payload": extensions(map[string]any{"url": backport + "payload-content", "valueCode": w.content}),
	}
	if w.endpoint != "" {
		channel["endpoint"] = w.endpoint
	}
	if w.heartbeat > 0 {
		channel["extension"] = []any{map[string]any{"url": backport + "heartbeat-period", "valueUnsignedInt": w.heartbeat}}
	}
	if lines := w.lines(); len(lines) > 0 {
		channel["header"] = lines
	}
	s := map[string]any{
		"resourceType": "Subscription", "status": "requested", "reason": w.reason, "criteria": w.topic, "channel": channel,
	}
	if len(filters) > 0 {
		s["_criteria"] = extensions(filters...)
	}
	if w.end != "" {
		s["end"] = w.end
	}
	return s, nil
}

func extensions(list ...any) map[string]any { return map[string]any{"extension": list} }

func (w *wish) lines() (lines []string) {
	for name, values := range w.header.Header {
		for _, value := range values {
			lines = append(lines, name+": "+value)
		}
	}
	return lines
}

func (w *wish) r5() (map[string]any, error) {
	s := map[string]any{
		"resourceType": "Subscription", "status": "requested", "reason": w.reason, "topic": w.topic,
		"channelType": map[string]any{"system": "http://terminology.hl7.org/CodeSystem/subscription-channel-type", "code": w.channel},
		"contentType": "application/fhir+json", "content": w.content,
	}
	var filters []any
	for _, f := range w.filters {
		of, err := filterBy(f)
		if err != nil {
			return nil, err
		}
		filters = append(filters, of...)
	}
	if len(filters) > 0 {
		s["filterBy"] = filters
	}
	if w.endpoint != "" {
		s["endpoint"] = w.endpoint
	}
	if w.heartbeat > 0 {
		s["heartbeatPeriod"] = w.heartbeat
	}
	var parameters []any
	for name, values := range w.header.Header {
		for _, value := range values {
			parameters = append(parameters, map[string]any{"name": name, "value": value})
		}
	}
	if len(parameters) > 0 {
		s["parameter"] = parameters
	}
	if w.end != "" {
		s["end"] = w.end
	}
	return s, nil
}

// filterBy turns Encounter?patient=Patient/1 or patient=Patient/1, with a modifier as in
// code:in=..., into elements of R5.
func filterBy(text string) (list []any, err error) {
	resource, criteria, found := strings.Cut(text, "?")
	if !found {
		resource, criteria = "", text
	}
	for part := range strings.SplitSeq(criteria, "&") {
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return nil, fmt.Errorf("-filter %s: want parameter=value", part)
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, err
		}
		parameter, modifier, _ := strings.Cut(name, ":")
		f := map[string]any{"filterParameter": parameter, "value": value}
		if resource != "" {
			f["resourceType"] = resource
		}
		if modifier != "" {
			f["modifier"] = modifier
		}
		list = append(list, f)
	}
	return list, nil
}

// row is what list shows of a Subscription of any release.
func row(s fhirpath.Node) []string {
	first := func(nodes ...fhirpath.Node) string {
		for _, n := range nodes {
			if text := n.Text(); text != "" {
				return text
			}
		}
		return "-"
	}
	endpoint := first(s.Path("channel", "endpoint"), s.Get("endpoint"))
	if u, err := url.Parse(endpoint); err == nil && u.Host != "" {
		endpoint = u.Host // its path may be a secret
	}
	return []string{
		s.Get("id").Text(), s.Get("status").Text(), first(s.Path("channel", "type"), s.Path("channelType", "code")),
		endpoint, first(s.Get("topic"), s.Get("criteria")),
	}
}

const rowHead = "ID STATUS CHANNEL ENDPOINT TOPIC"
