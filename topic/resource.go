package topic

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// AppendResource appends the topic as the resource by which servers of that release
// show it to clients: a SubscriptionTopic in R4B and R5, a Basic in R4 (see AppendBasic).
// id is its logical id; "" leaves it out. Parse reads it back to an equal topic, but for
// the name, which R4B does not have.
func (t *Topic) AppendResource(dst []byte, r fhirpath.Release, id string) []byte {
	if r == fhirpath.R4 {
		return t.AppendBasic(dst, id)
	}
	out := topicResource{
		ResourceType: "SubscriptionTopic", ID: id, Extension: t.options(),
		URL: t.URL, Version: t.Version, Title: t.Title, DerivedFrom: t.DerivedFrom,
		Status: t.Status, Date: t.Date, Description: t.Description,
	}
	if r == fhirpath.R5 {
		out.Name = t.Name
	}
	for i := range t.ResourceTriggers {
		out.ResourceTrigger = append(out.ResourceTrigger, t.ResourceTriggers[i].resource())
	}
	for _, e := range t.EventTriggers {
		out.EventTrigger = append(out.EventTrigger, eventTrigger{e.Description, conceptOf(e.Event), definitionURL(e.Resource)})
	}
	for _, c := range t.CanFilterBy {
		f := canFilterBy{c.Description, c.Resource, c.FilterParameter, c.FilterDefinition, c.Comparators, c.Modifiers}
		if r == fhirpath.R4B { // which has one list for both
			f.Comparator, f.Modifier = nil, slices.Concat(c.Comparators, c.Modifiers)
		}
		out.CanFilterBy = append(out.CanFilterBy, f)
	}
	for _, s := range t.NotificationShapes {
		out.NotificationShape = append(out.NotificationShape, notificationShape{s.relatedQueries(), s.Resource, s.Includes, s.RevIncludes})
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // criteria are full of & and <
	if err := encoder.Encode(out); err != nil {
		panic(err) // plain structs of strings: there is nothing that can fail
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

type topicResource struct {
	ResourceType      string              `json:"resourceType"`
	ID                string              `json:"id,omitempty"`
	Extension         []extension         `json:"extension,omitempty"`
	URL               string              `json:"url"`
	Version           string              `json:"version,omitempty"`
	Name              string              `json:"name,omitempty"`
	Title             string              `json:"title,omitempty"`
	DerivedFrom       []string            `json:"derivedFrom,omitempty"`
	Status            string              `json:"status"`
	Date              string              `json:"date,omitempty"`
	Description       string              `json:"description,omitempty"`
	ResourceTrigger   []resourceTrigger   `json:"resourceTrigger,omitempty"`
	EventTrigger      []eventTrigger      `json:"eventTrigger,omitempty"`
	CanFilterBy       []canFilterBy       `json:"canFilterBy,omitempty"`
	NotificationShape []notificationShape `json:"notificationShape,omitempty"`
}

type resourceTrigger struct {
	Extension            []extension    `json:"extension,omitempty"`
	Description          string         `json:"description,omitempty"`
	Resource             string         `json:"resource"`
	SupportedInteraction []string       `json:"supportedInteraction,omitempty"`
	QueryCriteria        *queryCriteria `json:"queryCriteria,omitempty"`
	FHIRPathCriteria     string         `json:"fhirPathCriteria,omitempty"`
}

type queryCriteria struct {
	Previous        string `json:"previous,omitempty"`
	ResultForCreate string `json:"resultForCreate,omitempty"`
	Current         string `json:"current,omitempty"`
	ResultForDelete string `json:"resultForDelete,omitempty"`
	RequireBoth     bool   `json:"requireBoth"`
}

type eventTrigger struct {
	Description string           `json:"description,omitempty"`
	Event       *codeableConcept `json:"event"`
	Resource    string           `json:"resource"`
}

type canFilterBy struct {
	Description      string   `json:"description,omitempty"`
	Resource         string   `json:"resource,omitempty"`
	FilterParameter  string   `json:"filterParameter"`
	FilterDefinition string   `json:"filterDefinition,omitempty"`
	Comparator       []string `json:"comparator,omitempty"`
	Modifier         []string `json:"modifier,omitempty"`
}

type notificationShape struct {
	Extension  []extension `json:"extension,omitempty"`
	Resource   string      `json:"resource"`
	Include    []string    `json:"include,omitempty"`
	RevInclude []string    `json:"revInclude,omitempty"`
}

func (r *ResourceTrigger) resource() resourceTrigger {
	out := resourceTrigger{Description: r.Description, Resource: definitionURL(r.Resource), FHIRPathCriteria: r.FHIRPath}
	for _, i := range r.Interactions {
		out.SupportedInteraction = append(out.SupportedInteraction, i.String())
	}
	if q := r.Query; q != nil {
		out.QueryCriteria = &queryCriteria{q.Previous, q.ResultForCreate.String(), q.Current, q.ResultForDelete.String(), q.RequireBoth}
	}
	if r.Expression != nil {
		value := expression(*r.Expression)
		out.Extension = append(out.Extension, extension{URL: ExpressionURL, ValueExpression: &value})
	}
	if len(r.Event) > 0 {
		out.Extension = append(out.Extension, extension{URL: EventURL, ValueCodeableConcept: conceptOf(r.Event)})
	}
	return out
}
