package search

import (
	"context"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// maxLookups bounds what one Test may ask the host for, and maxVisits how often it
// may come back to the answers: a hostile resource has thousands of references, each
// of which leads to the next, or all to the same.
const (
	maxLookups = 1000
	maxVisits  = 100_000
)

// lookups is what a View and those beside it have asked the host about their
// resource. Many criteria ask for the same: the patient, the group.
type lookups struct {
	resources map[string]*View // by reference; nil: there is no such resource
	searches  map[string]bool  // by type and query: something was found
	count     int
	visits    int
}

// beside returns a View of another resource that was reached from v's.
func (v *View) beside(resource fhirpath.Node) *View {
	return &View{resource: resource, base: v.base, resolver: v.resolver, now: v.clock(), asked: v.lookups(), nested: true}
}

func (v *View) lookups() *lookups {
	if v.asked == nil {
		v.asked = &lookups{resources: map[string]*View{}, searches: map[string]bool{}}
	}
	return v.asked
}

// charge counts one question to the host.
func (v *View) charge() error {
	l := v.lookups()
	if l.count++; l.count > maxLookups {
		return fhirpath.ErrLimit
	}
	return nil
}

// resolve returns the resource that a reference names, nil if there is none.
func (v *View) resolve(ctx context.Context, resolver fhirpath.Resolver, reference string) (*View, error) {
	l := v.lookups()
	if l.visits++; l.visits > maxVisits {
		return nil, fhirpath.ErrLimit
	}
	if found, ok := l.resources[reference]; ok {
		return found, nil
	}
	if err := v.charge(); err != nil {
		return nil, err
	}
	doc, err := resolver.Resolve(ctx, reference)
	if err != nil {
		return nil, err
	}
	var found *View
	if doc != nil {
		found = v.beside(doc.Root())
	}
	l.resources[reference] = found
	return found, nil
}

// finds reports whether the host finds a resource of that type by the query.
func (v *View) finds(ctx context.Context, resolver Resolver, resourceType, query string) (bool, error) {
	l, key := v.lookups(), resourceType+"?"+query
	if found, ok := l.searches[key]; ok {
		return found, nil
	}
	if err := v.charge(); err != nil {
		return false, err
	}
	docs, err := resolver.Search(ctx, resourceType, query, 1)
	if err != nil {
		return false, err
	}
	l.searches[key] = len(docs) > 0
	return len(docs) > 0, nil
}

// contained returns the contained resource of that id, nil if there is none.
func (v *View) contained(id string) *View {
	for resource := range v.resource.Get("contained").Elements() {
		if id != "" && resource.Get("id").Is(id) {
			return v.beside(resource)
		}
	}
	return nil
}

func (v *View) resourceType() string { return v.resource.Get("resourceType").Text() }
