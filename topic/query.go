package topic

import (
	"context"
	"errors"
	"sync"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// query is a compiled QueryCriteria.
type query struct {
	previous, current       search.Criteria
	hasPrevious, hasCurrent bool
	forCreate, forDelete    CriteriaNotExistsBehavior
	requireBoth             bool
}

func compileQuery(t *ResourceTrigger, o Options, at string) (*query, error) {
	q := &query{
		hasPrevious: t.Query.Previous != "",
		hasCurrent:  t.Query.Current != "",
		forCreate:   t.Query.ResultForCreate,
		forDelete:   t.Query.ResultForDelete,
		requireBoth: t.Query.RequireBoth,
	}
	if !q.hasPrevious && !q.hasCurrent {
		return nil, &ElementError{at, "has neither previous nor current"}
	}
	var previousErr, currentErr error
	q.previous, previousErr = compileSide(t.Query.Previous, t.Resource, o, at+".previous")
	q.current, currentErr = compileSide(t.Query.Current, t.Resource, o, at+".current")
	return q, errors.Join(previousErr, currentErr)
}

func compileSide(criteria, resourceType string, o Options, at string) (search.Criteria, error) {
	if criteria == "" {
		return nil, nil
	}
	parsed, err := search.ParseQuery(o.search(), resourceType, criteria)
	if err != nil {
		return nil, &ElementError{at, "can't be evaluated: " + err.Error()}
	}
	if len(parsed) == 0 {
		return nil, &ElementError{at, "has no search parameter"}
	}
	return parsed, nil
}

// fires is the truth table of docs/conformance.md, Triggers.
//
// On an update each side that is given is tested, and requireBoth joins them; one
// that is not given takes no part, whatever requireBoth says (TRG-02, TRG-06).
//
// On a create the previous side is not tested, its result is resultForCreate; on
// a delete the current side's is resultForDelete (TRG-03, TRG-04). If that result
// is absent, the other side alone decides (TRG-05). If the topic does not have
// the untested side at all, there is nothing for requireBoth to join, so
// resultForCreate says whether creates count and the given side decides the rest:
// a topic with current only and test-fails does not fire on create.
func (q *query) fires(ctx context.Context, c *Change, base string) (bool, error) {
	switch c.Interaction {
	case Create:
		return q.oneSided(q.forCreate, q.hasPrevious, q.hasCurrent, func() (bool, error) {
			return test(ctx, q.current, c.Current, base)
		})
	case Delete:
		return q.oneSided(q.forDelete, q.hasCurrent, q.hasPrevious, func() (bool, error) {
			return test(ctx, q.previous, c.Previous, base)
		})
	}
	if q.hasPrevious {
		passed, err := test(ctx, q.previous, c.Previous, base)
		if err != nil || !q.hasCurrent || passed != q.requireBoth {
			return passed, err
		}
	}
	return test(ctx, q.current, c.Current, base)
}

// oneSided decides where one side can't be tested and has a fixed result.
func (q *query) oneSided(fixed CriteriaNotExistsBehavior, hasFixed, hasTested bool, tested func() (bool, error)) (bool, error) {
	switch {
	case !hasTested:
		return fixed == TestPasses, nil
	case fixed == BehaviorAbsent:
		return tested()
	case fixed == TestPasses && hasFixed && !q.requireBoth:
		return true, nil
	case fixed == TestFails && (q.requireBoth || !hasFixed):
		return false, nil
	}
	return tested()
}

func test(ctx context.Context, criteria search.Criteria, resource fhirpath.Node, base string) (bool, error) {
	v := views.Get().(*search.View)
	defer putView(v)
	v.Reset(resource, base)
	return criteria.Test(ctx, v)
}

// views saves triggers the memory of a View for each change.
var views = sync.Pool{New: func() any { return new(search.View) }}

func putView(v *search.View) {
	v.Reset(fhirpath.Node{}, "")
	views.Put(v)
}
