package fhirserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// capabilities serves GET metadata: what this server does, merged with what the
// engine says of Subscriptions and topics (CAP-02 to CAP-05).
func (s *Server) capabilities(context.Context, view, *interaction) (*result, error) {
	return &result{status: http.StatusOK, resource: s.capability}, nil
}

type coded struct {
	Code string `json:"code"`
}

type searchParam struct {
	Name       string `json:"name"`
	Definition string `json:"definition,omitempty"`
	Type       string `json:"type"`
}

type restResource struct {
	Type              string        `json:"type"`
	Interaction       []coded       `json:"interaction"`
	Versioning        string        `json:"versioning"`
	ReadHistory       bool          `json:"readHistory"`
	UpdateCreate      bool          `json:"updateCreate"`
	ConditionalCreate bool          `json:"conditionalCreate"`
	ConditionalRead   string        `json:"conditionalRead"`
	ConditionalUpdate bool          `json:"conditionalUpdate"`
	ConditionalDelete string        `json:"conditionalDelete"`
	SearchParam       []searchParam `json:"searchParam,omitempty"`
}

// capabilityStatement composes the CapabilityStatement; date is when it last
// changed, an instant.
func capabilityStatement(r fhirpath.Release, base, date string, fragment json.RawMessage) ([]byte, error) {
	var engine struct {
		Instantiates []string `json:"instantiates"`
		Rest         []struct {
			Extension json.RawMessage   `json:"extension"`
			Resource  []json.RawMessage `json:"resource"`
		} `json:"rest"`
	}
	if err := json.Unmarshal(fragment, &engine); err != nil {
		return nil, fmt.Errorf("fhirserver: the engine's part of the CapabilityStatement: %w", err)
	}
	var extension json.RawMessage
	var resources []any
	served := map[string]bool{} // by the engine
	for _, rest := range engine.Rest {
		extension = rest.Extension
		for _, resource := range rest.Resource {
			if resourceEntryType(resource) == "Basic" { // this server has it whole
				continue
			}
			served[resourceEntryType(resource)] = true
			resources = append(resources, resource)
		}
	}
	for _, resourceType := range resourceTypes(r) {
		if !served[resourceType] {
			resources = append(resources, describe(r, resourceType))
		}
	}
	guides := []string{"http://hl7.org/fhir/uv/subscriptions-backport/ImplementationGuide/hl7.fhir.uv.subscriptions-backport"}
	if r == fhirpath.R5 { // there is nothing to bring back
		guides = nil
	}
	type rest struct {
		Extension   json.RawMessage `json:"extension,omitempty"`
		Mode        string          `json:"mode"`
		Resource    []any           `json:"resource"`
		Interaction []coded         `json:"interaction"`
	}
	return json.Marshal(struct {
		ResourceType        string            `json:"resourceType"`
		Status              string            `json:"status"`
		Date                string            `json:"date"`
		Kind                string            `json:"kind"`
		Instantiates        []string          `json:"instantiates,omitempty"`
		Software            map[string]string `json:"software"`
		Implementation      map[string]string `json:"implementation"`
		FHIRVersion         string            `json:"fhirVersion"`
		Format              []string          `json:"format"`
		PatchFormat         []string          `json:"patchFormat"`
		ImplementationGuide []string          `json:"implementationGuide,omitempty"`
		Rest                []rest            `json:"rest"`
	}{
		"CapabilityStatement", "active", date, "instance", engine.Instantiates,
		map[string]string{"name": "Carillon example server"},
		map[string]string{"description": "The reference host of Carillon", "url": base},
		r.Version(), []string{fhirContent, "json"}, []string{patchContent},
		guides,
		[]rest{{extension, "server", resources, []coded{{"batch"}, {"transaction"}, {"history-system"}}}},
	})
}

func describe(release fhirpath.Release, resourceType string) restResource {
	r := restResource{
		Type: resourceType, Versioning: "versioned-update", ReadHistory: true, UpdateCreate: true,
		ConditionalCreate: true, ConditionalRead: "not-match", ConditionalUpdate: true, ConditionalDelete: "single",
		Interaction: []coded{
			{"read"}, {"vread"}, {"update"}, {"patch"}, {"delete"}, {"history-instance"}, {"history-type"}, {"create"}, {"search-type"},
		},
	}
	for _, p := range search.Parameters(release, resourceType) {
		r.SearchParam = append(r.SearchParam, searchParam{p.Code, p.URL, p.Kind})
	}
	return r
}

func resourceEntryType(entry json.RawMessage) string {
	var e struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(entry, &e) // it is a part of valid JSON
	return e.Type
}
