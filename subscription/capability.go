package subscription

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/carillon-fhir/carillon/topic/search"
)

// CapabilityFragment returns what a host merges into its CapabilityStatement: the
// guide that the server instantiates and the rest.resource entry for Subscription
// with its profile, search parameters, operations and, one extension each, the topics
// (spec.md DISC-02, CAP-03 to CAP-05). It is nil for another release than the host's.
func (e *Engine) CapabilityFragment(r Release) json.RawMessage {
	if r != e.cfg.Release {
		return nil
	}
	const guide = "http://hl7.org/fhir/uv/subscriptions-backport/"
	type extension struct {
		URL            string `json:"url"`
		ValueCanonical string `json:"valueCanonical"`
	}
	type coded struct {
		Code string `json:"code"`
	}
	type named struct {
		Name       string `json:"name"`
		Definition string `json:"definition"`
		Type       string `json:"type,omitempty"`
	}
	type resource struct {
		Extension         []extension `json:"extension,omitempty"`
		Type              string      `json:"type"`
		SupportedProfile  []string    `json:"supportedProfile"`
		Interaction       []coded     `json:"interaction"`
		Versioning        string      `json:"versioning"`
		UpdateCreate      bool        `json:"updateCreate"`
		ConditionalCreate bool        `json:"conditionalCreate"`
		ConditionalDelete string      `json:"conditionalDelete"`
		SearchParam       []named     `json:"searchParam"`
		Operation         []named     `json:"operation"`
	}
	type rest struct {
		Mode     string     `json:"mode"`
		Resource []resource `json:"resource"`
	}
	out := resource{
		Type:              "Subscription",
		SupportedProfile:  []string{backport + "backport-subscription"},
		Interaction:       []coded{{"read"}, {"create"}, {"update"}, {"delete"}, {"search-type"}},
		Versioning:        "versioned-update",
		UpdateCreate:      true,
		ConditionalCreate: true,
		ConditionalDelete: "multiple",
		Operation: []named{
			{Name: "status", Definition: guide + "OperationDefinition/backport-subscription-status"},
			{Name: "events", Definition: guide + "OperationDefinition/backport-subscription-events"},
		},
	}
	for _, ch := range e.cfg.Channels {
		if _, ok := ch.(Connector); ok {
			out.Operation = append(out.Operation, named{Name: "get-ws-binding-token", Definition: guide + "OperationDefinition/backport-subscription-get-ws-binding-token"})
			break
		}
	}
	newest := e.topics.Load().newest
	for _, url := range slices.Sorted(maps.Keys(newest)) {
		if newest[url].Status != "retired" {
			out.Extension = append(out.Extension, extension{backport + "capabilitystatement-subscriptiontopic-canonical", url})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(guideParameters)) {
		kind := map[bool]string{true: "token", false: "string"}[name == "custom-channel" || name == "payload-type"]
		out.SearchParam = append(out.SearchParam, named{name, guide + "SearchParameter/Subscription-" + name, kind})
	}
	for _, p := range search.Parameters(r, "Subscription") {
		out.SearchParam = append(out.SearchParam, named{p.Code, p.URL, p.Kind})
	}
	raw, _ := json.Marshal(struct { // strings only: can't fail
		Instantiates []string `json:"instantiates"`
		Rest         []rest   `json:"rest"`
	}{[]string{guide + "CapabilityStatement/backport-subscription-server-r4"}, []rest{{"server", []resource{out}}}})
	return raw
}
