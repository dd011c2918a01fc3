package search

import (
	"context"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// compositeTest is value$value: every part must hold of the same element.
type compositeTest []compositePart

type compositePart struct {
	expression *fhirpath.Expression
	test       test
}

func parseComposite(s string, d *definition, expressions []*fhirpath.Expression, r fhirpath.Release) (test, string) {
	values := split(s, '$')
	if len(values) != len(d.Components) {
		return nil, "a composite has one value for each of its components, joined by $"
	}
	var t compositeTest
	for i, component := range d.Components {
		part := Criterion{definition: &definition{Parameter: Parameter{Code: d.Code, Kind: component.Kind}}}
		parse, problem := part.parser(r)
		if problem != "" {
			return nil, problem
		}
		if values[i] == "" {
			return nil, "a component's value is missing"
		}
		test, problem := parse(values[i])
		if problem != "" {
			return nil, problem
		}
		t = append(t, compositePart{expressions[i], test})
	}
	return t, ""
}

// match is never asked: a component's value is found by an expression, see
// matchParts.
func (t compositeTest) match(element, string) bool { return false }

// matchParts reports whether every part holds of what its expression finds in e.
func (t compositeTest) matchParts(ctx context.Context, v *View, e element) (bool, error) {
	for _, part := range t {
		elements, err := v.evaluate(ctx, nil, part.expression, e.node)
		if err != nil {
			return false, err
		}
		found := false
		for _, inner := range elements {
			if found = part.test.match(inner, v.base); found {
				break
			}
		}
		if !found {
			return false, nil
		}
	}
	return true, nil
}
