package subscription

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/topic/search"
)

const (
	guideURL = "http://hl7.org/fhir/uv/subscriptions-backport/"
	coreURL  = "http://hl7.org/fhir/"
)

// CapabilityFragment returns what a host merges into its CapabilityStatement: in R4 and
// R4B the guide that the server instantiates and, if there are query criteria, where their
// subscribers connect (CAP-11), and the entries of rest.resource that Handler serves. Subscription has its profile, interactions, search parameters,
// operations and channels and, but in R5, one extension for each topic; SubscriptionTopic,
// in R4 Basic, what topics are found by (DISC-01, DISC-02, DISC-05, CAP-03 to CAP-07).
// A host of R4 that has Basic of its own keeps its own entry.
// It is nil for another release than the host's.
func (e *Engine) CapabilityFragment(r Release) json.RawMessage {
	if r != e.cfg.Release {
		return nil
	}
	type rest struct {
		Extension []capabilityExtension `json:"extension,omitempty"`
		Mode      string                `json:"mode"`
		Resource  []capability          `json:"resource"`
	}
	fragment := struct { // strings only: can't fail
		Instantiates []string `json:"instantiates,omitempty"`
		Rest         []rest   `json:"rest"`
	}{Rest: []rest{{e.classicSocket(), "server", []capability{e.subscriptionCapability()}}}}
	if r != R5 {
		fragment.Instantiates = []string{guideURL + "CapabilityStatement/backport-subscription-server" + map[Release]string{R4: "-r4"}[r]}
	}
	fragment.Rest[0].Resource = append(fragment.Rest[0].Resource, capability{
		Type: topicType(r), Interaction: []coded{{"read"}, {"search-type"}}, Versioning: "no-version",
		SearchParam: searchParams(r, topicType(r)),
	})
	raw, _ := json.Marshal(fragment)
	return raw
}

// capability is CapabilityStatement.rest.resource.
type capability struct {
	Extension         []capabilityExtension `json:"extension,omitempty"`
	Type              string                `json:"type"`
	SupportedProfile  []string              `json:"supportedProfile,omitempty"`
	Documentation     string                `json:"documentation,omitempty"`
	Interaction       []coded               `json:"interaction"`
	Versioning        string                `json:"versioning"`
	ReadHistory       bool                  `json:"readHistory"` // of former versions
	UpdateCreate      bool                  `json:"updateCreate,omitempty"`
	ConditionalCreate bool                  `json:"conditionalCreate,omitempty"`
	ConditionalRead   string                `json:"conditionalRead,omitempty"`
	ConditionalUpdate bool                  `json:"conditionalUpdate,omitempty"`
	ConditionalPatch  bool                  `json:"conditionalPatch,omitempty"` // R5
	ConditionalDelete string                `json:"conditionalDelete,omitempty"`
	SearchParam       []named               `json:"searchParam"`
	Operation         []named               `json:"operation,omitempty"`
}

type capabilityExtension struct {
	URL            string `json:"url"`
	ValueCanonical string `json:"valueCanonical,omitempty"`
	ValueURI       string `json:"valueUri,omitempty"`
}

type coded struct {
	Code string `json:"code"`
}

type named struct {
	Name       string `json:"name"`
	Definition string `json:"definition"`
	Type       string `json:"type,omitempty"`
}

func (e *Engine) subscriptionCapability() capability {
	r := e.cfg.Release
	out := capability{
		Type: "Subscription", Documentation: "Channels: " + strings.Join(slices.Sorted(maps.Keys(e.channels)), ", "),
		Interaction: []coded{{"read"}, {"vread"}, {"history-instance"}, {"create"}, {"update"}, {"patch"}, {"delete"}, {"search-type"}},
		Versioning:  "versioned-update", UpdateCreate: true, ConditionalCreate: true, ConditionalRead: "not-match",
		ConditionalUpdate: true, ConditionalPatch: r == R5, ConditionalDelete: "multiple",
	}
	definition := guideURL + "OperationDefinition/backport-subscription-"
	if r == R5 {
		definition = coreURL + "OperationDefinition/Subscription-"
	}
	operations := []string{"status", "events"}
	if e.connector() != nil {
		operations = append(operations, "get-ws-binding-token")
	}
	for _, name := range operations {
		out.Operation = append(out.Operation, named{Name: name, Definition: definition + name})
	}
	out.Operation = append(out.Operation, named{Name: "resend", Definition: guideURL + "OperationDefinition/backport-subscription-resend"}) // R5 has none of its own
	if r != R5 {
		out.SupportedProfile = []string{backport + "backport-subscription"}
		for _, name := range slices.Sorted(maps.Keys(guideParameters)) {

			out.SearchParam = append(out.SearchParam, named{name, guideURL + "SearchParameter/Subscription-" + name, guideParameters[name].kind})
		}
	}
	out.SearchParam = append(out.SearchParam, searchParams(r, "Subscription")...)
	if r != R5 {
		newest := e.topics.Load().newest
		for _, url := range slices.Sorted(maps.Keys(newest)) {
			if newest[url].Status != "retired" {
				out.Extension = append(out.Extension, capabilityExtension{URL: backport + "capabilitystatement-subscriptiontopic-canonical", ValueCanonical: url})
			}
		}
	}
	return out
}

// classicSocket says where subscribers with query criteria connect.
func (e *Engine) classicSocket() []capabilityExtension {
	c := e.connector()
	if c == nil || len(e.cfg.Classic) == 0 {
		return nil
	}
	return []capabilityExtension{{URL: coreURL + "StructureDefinition/capabilitystatement-websocket", ValueURI: c.URL()}}
}

// connector returns the channel whose subscribers connect; nil if there is none.
func (e *Engine) connector() Connector {
	for _, ch := range e.cfg.Channels {
		if c, ok := ch.(Connector); ok {
			return c
		}
	}
	return nil
}

func searchParams(r Release, resourceType string) (list []named) {
	for _, p := range search.Parameters(r, resourceType) {
		list = append(list, named{p.Code, p.URL, p.Kind})
	}
	return list
}
