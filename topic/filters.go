package topic

import (
	"context"
	"errors"
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// Filters are the filters of one Subscription, compiled for its topic. They are
// immutable and safe for concurrent use.
type Filters struct {
	base  string
	types []typeFilters // every focus type of the topic
}

// typeFilters are the filters that apply to one focus type, all of which must
// match. The type may be abstract.
type typeFilters struct {
	resourceType string
	criteria     search.Criteria
	defined      []definedFilter
}

// CompileFilters checks filters against the topic and compiles them. Several are
// joined by AND. A filter applies to the type that it names, or else to every
// focus type for which the topic has the parameter; a focus type that no filter
// applies to passes unfiltered (FLT-09, AMB-07), unless the topic says
// NamedTypesOnly. Resource and DomainResource name no type in particular.
//
// Refused, each with a *FilterError, all at once: a type that is not a focus type
// of the topic; a parameter that the topic does not list under canFilterBy, or
// that is no search parameter of the release there (ACC-02, ACC-08); a comparator
// or modifier that the topic does not list for it (FLT-11), where plain equality is
// always allowed and a resource type as modifier is listed as "type"; and what
// asks more than there is in o.Host, such as _in, :in and chains (FLT-14). A topic
// that lists a chain lets filters name the types on its way: patient.gender is also
// patient:Patient.gender.
func (t *Topic) CompileFilters(filters []Filter, o Options) (*Filters, error) {
	compiled := &Filters{base: o.BaseURL}
	for _, name := range t.focusTypes() {
		compiled.types = append(compiled.types, typeFilters{resourceType: name})
	}
	var problems []error
	for _, f := range filters {
		if err := t.compileFilter(f, o, compiled); err != nil {
			problems = append(problems, err)
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if t.NamedTypesOnly && len(filters) > 0 {
		compiled.types = slices.DeleteFunc(compiled.types, func(of typeFilters) bool {
			return len(of.criteria)+len(of.defined) == 0
		})
	}
	return compiled, nil
}

// compileFilter adds f to each focus type that it applies to.
func (t *Topic) compileFilter(f Filter, o Options, to *Filters) error {
	named := f.ResourceType
	if named != "" {
		if named = typeName(named); named == "" {
			return &FilterError{f, "names no resource type"}
		}
	}
	if isAbstract(named) {
		named = ""
	}
	if named != "" {
		if !o.search().IsResourceType(named) || !to.covers(named) {
			return &FilterError{f, "names a resource type that the topic is not about"}
		}
		to.isolate(named)
	}
	listed, applied := false, false
	for i := range to.types {
		focus := &to.types[i]
		if named != "" && focus.resourceType != named {
			continue
		}
		allowed, stated := t.allowance(f.Parameter, focus.resourceType, o.search())
		if !allowed.listed {
			continue
		}
		listed = true
		if _, known := o.search().Lookup(focus.resourceType, allowed.code); !known {
			switch test, err := t.defined(f, &allowed, focus.resourceType, named, o); {
			case err != nil:
				return err
			case test != nil:
				focus.defined = append(focus.defined, definedFilter{f, test})
				applied = true
				continue
			}
		}
		c, err := allowed.compile(f, focus.resourceType, o.search())
		if err != nil {
			return err
		}
		if c == nil && (stated || named != "") {
			return &FilterError{f, "is no search parameter of " + focus.resourceType + " in " + o.Release.String()}
		}
		if c != nil {
			focus.criteria = append(focus.criteria, c)
			applied = true
		}
	}
	if listed && !applied {
		return &FilterError{f, "is no search parameter of " + o.Release.String()}
	}
	if !applied {
		return &FilterError{f, "is not among those that the topic can be filtered by"}
	}
	return nil
}

// covers reports whether a focus type of the topic is resourceType or stands for
// it.
func (f *Filters) covers(resourceType string) bool {
	return slices.ContainsFunc(f.types, func(t typeFilters) bool { return standsFor(t.resourceType, resourceType) })
}

// isolate gives a type that only an abstract focus type covers an entry of its
// own, so that a filter can be put on it alone.
func (f *Filters) isolate(resourceType string) {
	if !slices.ContainsFunc(f.types, func(t typeFilters) bool { return t.resourceType == resourceType }) {
		f.types = append(f.types, typeFilters{resourceType: resourceType})
	}
}

// Match reports whether the filters let an event about resource through. It is
// false for a type that the topic is not about. An error, such as that of the host
// or fhirpath.ErrLimit, means that the answer is unknown.
func (f *Filters) Match(ctx context.Context, resourceType string, resource fhirpath.Node) (bool, error) {
	v := views.Get().(*search.View)
	defer putView(v)
	v.Reset(resource, f.base)
	return f.match(ctx, resourceType, v)
}

func (f *Filters) match(ctx context.Context, resourceType string, v *search.View) (bool, error) {
	covered := false
	for i := range f.types {
		t := &f.types[i]
		if !standsFor(t.resourceType, resourceType) {
			continue
		}
		covered = true
		if ok, err := t.criteria.Test(ctx, v); !ok || err != nil {
			return false, err
		}
		for i := range t.defined {
			if ok, err := t.defined[i].passes(ctx, v.Resource()); !ok || err != nil {
				return false, err
			}
		}
	}
	return covered, nil
}
