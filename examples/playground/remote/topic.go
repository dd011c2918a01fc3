package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/search"
)

// Topic is a topic in plain words, with what a form needs.
type Topic struct {
	URL         string    `json:"url"`
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Triggers    []Trigger `json:"triggers,omitempty"`
	Filters     []Filter  `json:"filters,omitempty"`
	Includes    []string  `json:"includes,omitempty"` // in words
	Known       bool      `json:"known"`              // false: only its url is
}

// Trigger is what makes a topic fire.
type Trigger struct {
	Resource string   `json:"resource"`
	Words    string   `json:"words"`
	Criteria []string `json:"criteria,omitempty"` // as the topic has them, with what they are
}

// Filter is one way to narrow a Subscription.
type Filter struct {
	Resource    string   `json:"resource,omitempty"`
	Parameter   string   `json:"parameter"`
	Description string   `json:"description,omitempty"`
	Kind        string   `json:"kind,omitempty"`    // of the search parameter: token, date, reference ...
	Targets     []string `json:"targets,omitempty"` // of a reference
	Comparators []string `json:"comparators,omitempty"`
	Modifiers   []string `json:"modifiers,omitempty"`
}

// Topics asks the server for its topics: SubscriptionTopic, on R4 as Basic, and whatever
// else its CapabilityStatement lists, by url alone.
func (s *Server) Topics(ctx context.Context, c *Capability) ([]Topic, error) {
	paths := []string{"SubscriptionTopic?_count=200"}
	if c.release == fhirpath.R4 {
		paths = []string{"Basic?code=http://hl7.org/fhir/fhir-types%7CSubscriptionTopic&_count=200", "SubscriptionTopic?_count=200"}
	}
	list := []Topic{}
	for _, path := range paths {
		e, err := s.Do(ctx, Request{Method: http.MethodGet, Path: path, Why: "Which topics are there?"})
		if err != nil {
			return nil, err
		}
		if list = append(list, read(c.release, e.Answer)...); len(list) > 0 {
			break
		}
	}
	for _, canonical := range c.Topics {
		bare, _, _ := strings.Cut(canonical, "|")
		if !slices.ContainsFunc(list, func(t Topic) bool { return t.URL == bare }) {
			list = append(list, Topic{URL: canonical, Title: canonical[strings.LastIndexAny(canonical, "/:")+1:]})
		}
	}
	slices.SortStableFunc(list, func(a, b Topic) int { return strings.Compare(a.Title, b.Title) })
	return list, nil
}

// read takes the topics out of a searchset; what is no topic is left out.
func read(r fhirpath.Release, searchset string) (list []Topic) {
	var bundle struct {
		Entry []struct {
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	if json.Unmarshal([]byte(searchset), &bundle) != nil {
		return nil
	}
	for _, entry := range bundle.Entry {
		if t, err := topic.Parse(entry.Resource); err == nil && t.Status != "retired" {
			list = append(list, Describe(r, t))
		}
	}
	return list
}

// Describe puts a topic into words.
func Describe(r fhirpath.Release, t *topic.Topic) Topic {
	out := Topic{URL: t.URL, Title: t.Title, Description: t.Description, Known: true}
	if out.Title == "" {
		out.Title = t.URL[strings.LastIndexAny(t.URL, "/:")+1:]
	}
	for _, trigger := range t.ResourceTriggers {
		out.Triggers = append(out.Triggers, describeTrigger(&trigger))
	}
	for _, trigger := range t.EventTriggers {
		words := "when an event of its own happens"
		if len(trigger.Event) > 0 {
			words = "when the event " + trigger.Event[0].Code + " happens"
		}
		out.Triggers = append(out.Triggers, Trigger{Resource: trigger.Resource, Words: words})
	}
	for _, f := range t.CanFilterBy {
		out.Filters = append(out.Filters, describeFilter(r, t, f))
	}
	for _, shape := range t.NotificationShapes {
		for _, include := range shape.Includes {
			out.Includes = append(out.Includes, "what "+strings.ReplaceAll(include, ":", ".")+" refers to")
		}
		for _, include := range shape.RevIncludes {
			out.Includes = append(out.Includes, "resources that refer to it by "+strings.ReplaceAll(include, ":", "."))
		}
	}
	return out
}

func describeTrigger(t *topic.ResourceTrigger) Trigger {
	var when []string
	for _, i := range t.Interactions {
		when = append(when, strings.TrimSuffix(i.String(), "e")+"ed")
	}
	if len(when) == 0 {
		when = []string{"created", "updated", "deleted"}
	}
	last := len(when) - 1
	words := "when it is " + when[last]
	if last > 0 {
		words = "when it is " + strings.Join(when[:last], ", ") + " or " + when[last]
	}
	out := Trigger{Resource: t.Resource, Words: words}
	if q := t.Query; q != nil {
		if q.Previous != "" {
			out.Criteria = append(out.Criteria, "before the change: "+q.Previous)
		}
		if q.Current != "" {
			out.Criteria = append(out.Criteria, "after the change: "+q.Current)
		}
		if q.Previous != "" && q.Current != "" {
			out.Criteria = append(out.Criteria, map[bool]string{true: "both must be true", false: "one of both is enough"}[q.RequireBoth])
		}
	}
	if t.FHIRPath != "" {
		out.Criteria = append(out.Criteria, "FHIRPath: "+t.FHIRPath)
	}
	if t.Expression != nil {
		out.Criteria = append(out.Criteria, fmt.Sprintf("%s: %s", t.Expression.Language, t.Expression.Expression))
	}
	return out
}

func describeFilter(r fhirpath.Release, t *topic.Topic, f topic.CanFilterBy) Filter {
	out := Filter{Resource: f.Resource, Parameter: f.FilterParameter, Description: f.Description, Comparators: f.Comparators, Modifiers: f.Modifiers}
	of := f.Resource
	if of == "" && len(t.ResourceTriggers) > 0 {
		of = t.ResourceTriggers[0].Resource
	}
	if p, ok := search.Lookup(r, of, f.FilterParameter); ok {
		out.Kind, out.Targets = p.Kind, p.Targets
	}
	return out
}
