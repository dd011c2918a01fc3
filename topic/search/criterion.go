package search

import (
	"context"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Criterion is one parameter of a query with its value: name:modifier=value. It
// is immutable and safe for concurrent use. It keeps the Host that it was parsed
// with.
type Criterion struct {
	Modifier string // of the last parameter if there is a chain, without the colon; "" if there is none
	Value    string // as in the query, percent-decoded; escapes with \ are kept

	name       string      // without the modifier; a chain has its dots and types
	definition *definition // of the first parameter if there is a chain; its expressions are compiled
	test       test        // an anyOf if the value has alternatives
	missing    bool        // the value of :missing
	typed      bool        // the modifier is a resource type
	negated    bool        // no element may pass: :not, :not-in

	asks   bool    // the Host
	beyond *beyond // nil for most, of which there may be millions
}

// beyond is what only criteria have that lead beyond the elements of a resource.
type beyond struct {
	evaluator                   // decides in place of test; nil for tests that ask the Host
	resolver  fhirpath.Resolver // the Host's
}

// Parameter returns the definition of what the criterion searches, of a chain its
// first parameter.
func (c *Criterion) Parameter() Parameter { return c.definition.Parameter }

// evaluator decides about a resource where looking at the elements of one
// parameter is not enough.
type evaluator interface {
	holds(ctx context.Context, v *View) (bool, error)
}

// decidedBy makes e decide in place of test.
func (c *Criterion) decidedBy(e evaluator, o Options) { c.beyond = &beyond{e, o.Host.Resolver} }

// needsHost notes that the criterion asks the Host.
func (c *Criterion) needsHost(o Options) {
	c.asks = true
	if c.beyond == nil {
		c.decidedBy(nil, o)
	}
}

// holds is Test, for criteria that are a part of others.
func (c *Criterion) holds(ctx context.Context, v *View) (bool, error) { return c.Test(ctx, v) }

// test is one of the comma-separated alternatives of a value, or all of them.
type test interface {
	// match reports whether e passes. v is the view that e is of.
	match(e element, v *View) bool
}

// anyOf is a value with alternatives.
type anyOf []test

func (tests anyOf) match(e element, v *View) bool {
	for _, t := range tests {
		if t.match(e, v) {
			return true
		}
	}
	return false
}

// NeedsHost reports whether the criterion asks the Host, so that a caller may put
// off what could wait on a network.
func (c *Criterion) NeedsHost() bool { return c.asks }

// Match reports whether resource meets the criterion. base is the address of the
// server's FHIR base, see NewView. The resource is taken to be of the type that
// the criterion was parsed for. Errors are as those of Test.
func (c *Criterion) Match(ctx context.Context, resource fhirpath.Node, base string) (bool, error) {
	return c.Test(ctx, NewView(resource, base))
}

// Test is Match for a resource that several criteria look at. An error means that
// the answer is unknown: that of the Host, that of ctx, or fhirpath.ErrLimit for a
// resource so large that the parameter's expression exceeds its budget.
func (c *Criterion) Test(ctx context.Context, v *View) (bool, error) {
	if c.asks {
		v.resolver = c.beyond.resolver
		if !v.nested {
			v.lookups().count, v.lookups().visits = 0, 0
		}
	}
	if c.beyond != nil && c.beyond.evaluator != nil {
		return c.beyond.holds(ctx, v)
	}
	elements, err := v.elements(ctx, c.definition)
	if err != nil {
		return false, err
	}
	if c.Modifier == "missing" {
		return (len(elements) == 0) == c.missing, nil
	}
	v.ctx, v.err = ctx, nil
	for _, e := range elements {
		if c.test.match(e, v) {
			return !c.negated, nil
		}
	}
	// "Not in the set" is true also if there is no element at all.
	return c.negated && v.err == nil, v.err
}
