package topic

import "slices"

// comparators and modifiers are the codes of the value sets that bind
// canFilterBy.comparator and canFilterBy.modifier (TOP-12, TOP-13).
var (
	comparators = []string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}
	modifiers   = []string{
		"missing", "exact", "contains", "not", "text", "in", "not-in", "below", "above", "type",
		"identifier", "of-type", "code-text", "text-advanced", "iterate",
	}
)

func (r *reader) canFilterBy(e element) CanFilterBy {
	c := CanFilterBy{
		Description:      r.text(e, "description"),
		FilterDefinition: r.text(e, "filterDefinition"),
	}
	// A published form of US Core's topic writes * for every focus type, which
	// the standard says by leaving the element out.
	if uri := r.find(e, "resource", false); len(uri) == 1 {
		if n, _ := uri[0].value(); !n.Is("*") {
			c.Resource = r.resourceType(e)
		}
	}
	c.FilterParameter, _ = r.required(e, "filterParameter")
	for _, code := range r.find(e, "comparator", true) {
		if s := r.string(code); slices.Contains(comparators, s) {
			c.Comparators = append(c.Comparators, s)
		} else {
			r.problem(code.path, "is no search comparator")
		}
	}
	for _, code := range r.find(e, "modifier", true) {
		switch s := r.string(code); {
		case s == "=": // R4B's word for plain equality
			c.Comparators = append(c.Comparators, "eq")
		case slices.Contains(comparators, s): // R4B has no element of their own for them
			c.Comparators = append(c.Comparators, s)
		case slices.Contains(modifiers, s):
			c.Modifiers = append(c.Modifiers, s)
		default:
			r.problem(code.path, "is no search modifier")
		}
	}
	return c
}
