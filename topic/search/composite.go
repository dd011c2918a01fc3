package search

import (
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// compositeTest is value$value: every part must hold of the same element.
type compositeTest []compositePart

type compositePart struct {
	expression *fhirpath.Expression
	test       test
}

func parseComposite(s string, d *definition, expressions []*fhirpath.Expression, o Options) (test, string) {
	values := split(s, '$')
	if len(values) != len(d.Components) {
		return nil, "a composite has one value for each of its components, joined by $"
	}
	var t compositeTest
	for i, component := range d.Components {
		part := Criterion{definition: &definition{Parameter: Parameter{Code: d.Code, Kind: component.Kind}}}
		parse, problem := part.parser(o)
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

func (t compositeTest) match(e element, v *View) bool {
	for _, part := range t {
		elements, err := v.evaluate(v.ctx, nil, part.expression, e.node)
		if err != nil {
			v.err = err
			return false
		}
		if !slices.ContainsFunc(elements, func(inner element) bool { return part.test.match(inner, v) }) {
			return false
		}
	}
	return true
}
