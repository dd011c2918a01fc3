package topic

import (
	"context"
	"errors"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// FilterEvaluator evaluates filters by names that a topic defines itself and that are
// no search parameters, such as orgIdentifier or hub.event (TOP-16, FLT-13). Methods
// may be called at the same time.
type FilterEvaluator interface {
	// CompileFilter compiles a filter that the topic lists under canFilterBy, for one
	// type of focus, with a modifier or comparator only if the topic lists that, too. It
	// returns nil and no error for a name that is not its own, which is then refused. An
	// error refuses the filter; its text is shown to the client.
	CompileFilter(t *Topic, f Filter, resourceType string) (FilterTest, error)
}

// FilterTest reports whether a filter lets an event about a resource through. What
// happened is in ctx, see Events. An error means that the answer is unknown: the engine asks again. One that panics lets
// nothing through.
type FilterTest func(ctx context.Context, resource fhirpath.Node) (bool, error)

// definedFilter is a filter by a name that the topic defines.
type definedFilter struct {
	Filter
	test FilterTest
}

// errFilterPanicked is final: the test would panic each time, and the other
// subscriptions must not suffer.
var errFilterPanicked = errors.New("topic: a FilterTest panicked")

// passes asks the test.
func (d *definedFilter) passes(ctx context.Context, resource fhirpath.Node) (ok bool, err error) {
	defer func() {
		if recover() != nil {
			ok, err = false, errFilterPanicked
		}
	}()
	return d.test(ctx, resource)
}

// defined compiles a filter by a name of the topic's own, nil if nobody knows it. named
// is the type that the filter names, if any.
func (t *Topic) defined(f Filter, allowed *allowance, resourceType, named string, o Options) (FilterTest, error) {
	if err := allowed.check(f, o.search()); err != nil {
		return nil, err
	}
	if o.Filters != nil {
		if test, err := o.Filters.CompileFilter(t, f, resourceType); err != nil {
			return nil, &FilterError{f, err.Error()}
		} else if test != nil {
			return test, nil
		}
	}
	if o.Events && allowed.code == EventParameter {
		return t.eventFilter(f, named, o)
	}
	return nil, nil
}
