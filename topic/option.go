package topic

import "github.com/carillon-fhir/carillon/fhirpath"

// Extensions of a topic, on the SubscriptionTopic or the Basic itself, with which it
// chooses where the standard leaves a choice. They are ours. Each has a valueBoolean.
const (
	// NamedTypesOnlyURL sets Topic.NamedTypesOnly.
	NamedTypesOnlyURL = "https://carillon-fhir.github.io/fhir/StructureDefinition/subscriptiontopic-named-types-only"
	// AdjustFiltersURL sets Topic.AdjustFilters.
	AdjustFiltersURL = "https://carillon-fhir.github.io/fhir/StructureDefinition/subscriptiontopic-adjust-filters"
)

// options reads the extensions by which a topic chooses.
func (r *reader) options(root element, t *Topic) {
	for e := range root.node.Get("extension").Elements() {
		var option *bool
		switch url := e.Get("url"); {
		case url.Is(NamedTypesOnlyURL):
			option = &t.NamedTypesOnly
		case url.Is(AdjustFiltersURL):
			option = &t.AdjustFilters
		default:
			continue
		}
		value, ok := e.Get("valueBoolean").Bool()
		if !ok || e.Kind() != fhirpath.Object {
			r.problem(root.path+".extension('"+e.Get("url").Text()+"')", "must have a valueBoolean")
		}
		*option = value
	}
}

// options returns the extensions that options reads.
func (t *Topic) options() (list []extension) {
	yes := true
	if t.NamedTypesOnly {
		list = append(list, extension{URL: NamedTypesOnlyURL, ValueBoolean: &yes})
	}
	if t.AdjustFilters {
		list = append(list, extension{URL: AdjustFiltersURL, ValueBoolean: &yes})
	}
	return list
}
