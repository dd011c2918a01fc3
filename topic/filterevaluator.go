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

// FilterTest reports whether a filter lets an event about a resource through. An
// error means that the answer is unknown: the engine asks again. One that panics lets
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

// defined compiles a filter by a name of the topic's own.
func (t *Topic) defined(f Filter, allowed *allowance, resourceType string, o Options) (FilterTest, error) {
	if err := allowed.check(f, o.search()); err != nil {
		return nil, err
	}
	test, err := o.Filters.CompileFilter(t, f, resourceType)
	if err != nil {
		return nil, &FilterError{f, err.Error()}
	}
	return test, nil
}
