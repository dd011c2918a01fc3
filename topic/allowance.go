package topic

import (
	"errors"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/topic/search"
)

// allowance is what a topic's canFilterBy says of one parameter of one type.
type allowance struct {
	listed      bool
	code        string // of the search parameter
	comparators []string
	modifiers   []string
}

// allowance looks parameter up under canFilterBy. stated is true if an entry names
// the focus type itself.
func (t *Topic) allowance(parameter, focus string, o search.Options) (a allowance, stated bool) {
	a.code = parameter
	for i := range t.CanFilterBy {
		c := &t.CanFilterBy[i]
		if c.Resource != "" && !standsFor(c.Resource, focus) {
			continue
		}
		code, ok := c.names(parameter, focus, o)
		if !ok {
			continue
		}
		a.listed, a.code = true, code
		stated = stated || c.Resource == focus
		a.comparators = append(a.comparators, c.Comparators...)
		a.modifiers = append(a.modifiers, c.Modifiers...)
	}
	return a, stated
}

// names reports whether the entry is about parameter, and returns the code of the
// search parameter. The topic and the filter may each give the code, the canonical
// of the definition, or a name of the topic's own, which filterDefinition may lead to a
// search parameter (TOP-15, TOP-16).
func (c *CanFilterBy) names(parameter, focus string, o search.Options) (code string, ok bool) {
	code = c.FilterParameter
	if _, known := o.Lookup(focus, code); !known {
		if p, ok := o.LookupURL(focus, withoutVersion(code)); ok {
			code = p.Code
		} else if p, ok := o.LookupURL(focus, withoutVersion(c.FilterDefinition)); ok {
			code = p.Code
		}
	}
	if untyped(parameter) == code {
		code = parameter
	}
	return code, parameter == code || parameter == c.FilterParameter || parameter != "" && parameter == withoutVersion(c.FilterDefinition)
}

// withoutVersion takes the version off a canonical.
func withoutVersion(canonical string) string {
	url, _, _ := strings.Cut(canonical, "|")
	return url
}

// untyped takes the types out of a chain: subject:Patient.name is subject.name. What
// stands behind a colon in the last link would be a modifier, and stays.
func untyped(parameter string) string {
	if !strings.Contains(parameter, ":") {
		return parameter
	}
	links := strings.Split(parameter, ".")
	for i := range links[:len(links)-1] {
		links[i], _, _ = strings.Cut(links[i], ":")
	}
	return strings.Join(links, ".")
}

// compile parses f for one focus type. It returns nil if the type has no such
// search parameter.
func (a *allowance) compile(f Filter, focus string, o search.Options) (*search.Criterion, error) {
	if err := a.check(f, o); err != nil {
		return nil, err
	}
	named := f
	named.Parameter = a.code
	c, err := search.Parse(o, focus, named.name(), f.prefix()+f.Value)
	if err != nil {
		first, _, _ := strings.Cut(untyped(a.code), ".")
		if _, ok := o.Lookup(focus, first); !ok && !strings.HasPrefix(first, "_") {
			return nil, nil
		}
		var problem *search.Error
		if errors.As(err, &problem) {
			return nil, &FilterError{f, "can't be evaluated: " + problem.Problem}
		}
		return nil, &FilterError{f, "can't be evaluated"}
	}
	prefixes := c.Prefixes()
	switch compared := f.prefix() != ""; {
	case compared && len(prefixes) == 0:
		return nil, &FilterError{f, "has a comparator, which only dates, numbers and quantities have"}
	case compared && strings.Contains(f.Value, ","):
		return nil, &FilterError{f, "has a comparator and several values: each may have its own, before it"}
	case f.Comparator == "eq" && len(prefixes) > 0:
		return nil, &FilterError{f, "has a comparator and a value that begins with one"}
	}
	for _, prefix := range prefixes {
		if prefix != "eq" && !slices.Contains(a.comparators, prefix) {
			return nil, &FilterError{f, notAllowed("comparator")}
		}
	}
	return c, nil
}

// check holds what f has beside its value against what the topic allows (FLT-11).
func (a *allowance) check(f Filter, o search.Options) error {
	modifier := f.Modifier
	if o.IsResourceType(modifier) {
		modifier = "type"
	}
	switch {
	case modifier != "" && !slices.Contains(a.modifiers, modifier):
		return &FilterError{f, notAllowed("modifier")}
	case modifier != "" && f.Comparator != "":
		return &FilterError{f, "has a comparator and a modifier, and may have one of them only"}
	case f.prefix() != "" && !slices.Contains(a.comparators, f.Comparator):
		return &FilterError{f, notAllowed("comparator")}
	}
	return nil
}

func notAllowed(what string) string { return "has a " + what + " that the topic does not allow" }
