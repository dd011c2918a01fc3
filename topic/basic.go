package topic

import (
	"bytes"
	"encoding/json"
)

// extension is an Extension of R4 as far as a topic needs it.
type extension struct {
	Extension            []extension      `json:"extension,omitempty"`
	URL                  string           `json:"url"`
	ValueBoolean         *bool            `json:"valueBoolean,omitempty"`
	ValueCanonical       string           `json:"valueCanonical,omitempty"`
	ValueCode            string           `json:"valueCode,omitempty"`
	ValueCodeableConcept *codeableConcept `json:"valueCodeableConcept,omitempty"`
	ValueCoding          *coding          `json:"valueCoding,omitempty"`
	ValueDateTime        string           `json:"valueDateTime,omitempty"`
	ValueExpression      *expression      `json:"valueExpression,omitempty"`
	ValueMarkdown        string           `json:"valueMarkdown,omitempty"`
	ValueString          string           `json:"valueString,omitempty"`
	ValueURI             string           `json:"valueUri,omitempty"`
}

type codeableConcept struct {
	Coding []coding `json:"coding,omitempty"`
}

type coding struct {
	System string `json:"system,omitempty"`
	Code   string `json:"code,omitempty"`
}

type expression struct {
	Language   string `json:"language"`
	Expression string `json:"expression"`
}

// AppendBasic appends the topic as the Basic that carries it on R4 servers
// (DISC-06, DISC-07), with that logical id; "" leaves the id out. Parse reads it
// back to an equal topic.
func (t *Topic) AppendBasic(dst []byte, id string) []byte {
	basic := struct {
		ResourceType      string          `json:"resourceType"`
		ID                string          `json:"id,omitempty"`
		Extension         []extension     `json:"extension"`
		ModifierExtension []extension     `json:"modifierExtension"`
		Code              codeableConcept `json:"code"`
	}{
		ResourceType:      "Basic",
		ID:                id,
		Extension:         t.extensions(),
		ModifierExtension: []extension{{URL: topicURL("status"), ValueCode: t.Status}},
		Code:              codeableConcept{[]coding{{"http://hl7.org/fhir/fhir-types", "SubscriptionTopic"}}},
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // criteria are full of & and <
	if err := encoder.Encode(basic); err != nil {
		panic(err) // plain structs of strings: there is nothing that can fail
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

func topicURL(name string) string { return "http://hl7.org/fhir/5.0" + basicPrefix + name }

func (t *Topic) extensions() []extension {
	list := present(
		extension{URL: topicURL("url"), ValueURI: t.URL},
		extension{URL: topicURL("version"), ValueString: t.Version},
		extension{URL: topicURL("name"), ValueString: t.Name},
		extension{URL: topicURL("title"), ValueString: t.Title},
		extension{URL: topicURL("date"), ValueDateTime: t.Date},
		extension{URL: topicURL("description"), ValueMarkdown: t.Description},
	)
	for _, canonical := range t.DerivedFrom {
		list = append(list, extension{URL: topicURL("derivedFrom"), ValueCanonical: canonical})
	}
	for _, r := range t.ResourceTriggers {
		list = append(list, extension{URL: topicURL("resourceTrigger"), Extension: r.extensions()})
	}
	for _, e := range t.EventTriggers {
		list = append(list, extension{URL: topicURL("eventTrigger"), Extension: e.extensions()})
	}
	for _, c := range t.CanFilterBy {
		children := present(
			extension{URL: "description", ValueMarkdown: c.Description},
			extension{URL: "resource", ValueURI: c.Resource},
			extension{URL: "filterParameter", ValueString: c.FilterParameter},
			extension{URL: "filterDefinition", ValueURI: c.FilterDefinition},
		)
		for _, code := range c.Comparators {
			children = append(children, extension{URL: "comparator", ValueCode: code})
		}
		for _, code := range c.Modifiers {
			children = append(children, extension{URL: "modifier", ValueCode: code})
		}
		list = append(list, extension{URL: topicURL("canFilterBy"), Extension: children})
	}
	for _, s := range t.NotificationShapes {
		children := present(extension{URL: "resource", ValueURI: s.Resource})
		for _, include := range s.Includes {
			children = append(children, extension{URL: "include", ValueString: include})
		}
		for _, include := range s.RevIncludes {
			children = append(children, extension{URL: "revInclude", ValueString: include})
		}
		list = append(list, extension{URL: topicURL("notificationShape"), Extension: append(children, s.relatedQueries()...)})
	}
	return append(list, t.options()...)
}

func (r *ResourceTrigger) extensions() []extension {
	list := present(
		extension{URL: "description", ValueMarkdown: r.Description},
		extension{URL: "resource", ValueURI: definitionURL(r.Resource)},
	)
	for _, i := range r.Interactions {
		list = append(list, extension{URL: "supportedInteraction", ValueCode: i.String()})
	}
	if q := r.Query; q != nil {
		children := present(
			extension{URL: "previous", ValueString: q.Previous},
			extension{URL: "resultForCreate", ValueCode: q.ResultForCreate.String()},
			extension{URL: "current", ValueString: q.Current},
			extension{URL: "resultForDelete", ValueCode: q.ResultForDelete.String()},
		)
		list = append(list, extension{
			URL:       "queryCriteria",
			Extension: append(children, extension{URL: "requireBoth", ValueBoolean: &q.RequireBoth}),
		})
	}
	if r.Expression != nil {
		value := expression(*r.Expression)
		list = append(list, extension{URL: ExpressionURL, ValueExpression: &value})
	}
	if len(r.Event) > 0 {
		list = append(list, extension{URL: EventURL, ValueCodeableConcept: conceptOf(r.Event)})
	}
	return append(list, present(extension{URL: "fhirPathCriteria", ValueString: r.FHIRPath})...)
}

func (e *EventTrigger) extensions() []extension {
	list := present(extension{URL: "description", ValueMarkdown: e.Description})
	return append(list,
		extension{URL: "event", ValueCodeableConcept: conceptOf(e.Event)},
		extension{URL: "resource", ValueURI: definitionURL(e.Resource)})
}

func conceptOf(codings []Coding) *codeableConcept {
	concept := &codeableConcept{}
	for _, c := range codings {
		concept.Coding = append(concept.Coding, coding(c))
	}
	return concept
}

func definitionURL(resourceType string) string {
	return "http://hl7.org/fhir/StructureDefinition/" + resourceType
}

// present leaves out what has an empty string for a value.
func present(all ...extension) []extension {
	var list []extension
	for _, e := range all {
		if e.ValueCode+e.ValueDateTime+e.ValueMarkdown+e.ValueString+e.ValueURI != "" {
			list = append(list, e)
		}
	}
	return list
}
