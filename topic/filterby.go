package topic

import (
	"errors"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// ParseFilterBy reads the filterBy of a Subscription of R5, each element of which
// becomes a Filter (FLT-08 to FLT-10). All of them must match.
//
// The error joins an *ElementError for everything that is wrong: a missing
// filterParameter or value; a code that is none of the value sets search-comparator and
// search-modifier-code; a comparator beside a modifier (scr-1); the modifier type, which
// in an element of its own can't say which type; and anything that filterBy does not
// have, extensions included, as it may narrow what is asked for. Whether the topic can
// be filtered so is for CompileFilters to say, also about a comparator before a value
// that has one already. An absent filterBy has no filters.
func ParseFilterBy(subscription fhirpath.Node) ([]Filter, error) {
	r := &reader{}
	var filters []Filter
	for _, e := range r.find(element{node: subscription, path: "Subscription"}, "filterBy", true) {
		if e.node.Kind() != fhirpath.Object {
			r.problem(e.path, "must be an object")
			continue
		}
		filters = append(filters, r.filterBy(e))
	}
	if err := errors.Join(r.problems...); err != nil {
		return nil, err
	}
	return filters, nil
}

func (r *reader) filterBy(e element) Filter {
	for name := range e.node.Members() {
		if !slices.Contains([]string{"id", "resourceType", "filterParameter", "comparator", "modifier", "value"}, name) {
			r.problem(e.path, "has something that is not known, which may narrow what is asked for")
			break
		}
	}
	f := Filter{Comparator: r.text(e, "comparator"), Modifier: r.text(e, "modifier")}
	if uri := r.text(e, "resourceType"); uri != "" {
		if f.ResourceType = typeName(uri); f.ResourceType == "" {
			r.problem(e.path+".resourceType", "must be the name of a FHIR resource type or the address of its definition")
		}
	}
	var path string
	if f.Parameter, path = r.required(e, "filterParameter"); f.Parameter != "" && !isLabel(f.Parameter) {
		r.problem(path, "must be the name of a parameter, without a modifier")
	}
	f.Value, _ = r.required(e, "value")
	if f.Comparator != "" && !slices.Contains(comparators, f.Comparator) {
		r.problem(e.path+".comparator", "is no search comparator")
	}
	switch {
	case f.Modifier == "":
	case f.Modifier == "type":
		r.problem(e.path+".modifier", "can't say which type; the value can: [type]/[id]")
	case !slices.Contains(modifiers, f.Modifier):
		r.problem(e.path+".modifier", "is no search modifier")
	case f.Comparator != "":
		r.problem(e.path, "has a comparator and a modifier, and may have one of them only")
	}
	return f
}

// isLabel reports whether a filterParameter is a name, a chain, or the canonical of a
// definition. Only the parts of a chain before the last may have a colon (TOP-16).
func isLabel(parameter string) bool {
	if strings.Contains(parameter, "://") {
		return isCanonical(parameter)
	}
	return !strings.ContainsFunc(untyped(parameter), notInName)
}
