package search

import (
	"context"
	"errors"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Host is where criteria look that lead beyond the resource. The zero Host has
// nothing: what would need it is refused by Parse.
type Host struct {
	Resolver    Resolver             // chains, _has, _in, _list; nil: refused
	Terminology fhirpath.Terminology // :in, :not-in, :below, :above on codes; nil: refused
}

// ErrUnreadable is for a Resolver that has found a resource which is no JSON: unlike
// other errors it is an answer that will not change.
var ErrUnreadable = errors.New("search: a resource of the host can't be read")

// Resolver reads the host's other resources. It is called during Test, with its
// context, which is where a host finds the tenant, and must be safe for as many
// calls at once as there are tests.
type Resolver interface {
	// Resolve returns the resource that a reference names, relative if it is below the
	// server's base, or nil if there is none. A version in it asks for that version,
	// where the host has it.
	fhirpath.Resolver

	// Search returns the resources of a type that a query finds: all, in any order, or
	// if there are more than limit, that many of them. The query is one that this
	// package would parse for the type, such as "patient=Patient/1&code=8867-4". _has
	// asks for one, as it is enough. An error ends the Test.
	Search(ctx context.Context, resourceType, query string, limit int) ([]*fhirpath.Doc, error)
}

// Options say what criteria are parsed for.
type Options struct {
	Release     fhirpath.Release // whose resource types and search parameters are meant; required
	Definitions *Definitions     // nil: those of the release
	Host        Host             // where criteria look that lead beyond the resource; the zero Host: nowhere

	parts *int // how many criteria have been read for the one that is asked for
}

// Lookup is Definitions.Lookup of the parameters that the options mean.
func (o Options) Lookup(resourceType, code string) (p Parameter, ok bool) {
	return o.known().Lookup(resourceType, code)
}

// LookupURL is Definitions.LookupURL of the parameters that the options mean.
func (o Options) LookupURL(resourceType, url string) (p Parameter, ok bool) {
	return o.known().LookupURL(resourceType, url)
}

// Parameters is Definitions.Parameters of the parameters that the options mean.
func (o Options) Parameters(resourceType string) []Parameter {
	return o.known().Parameters(resourceType)
}

// IsResourceType is Definitions.IsResourceType of the release that the options mean.
func (o Options) IsResourceType(name string) bool { return o.known().IsResourceType(name) }

func (o *Options) known() *Definitions {
	if o.Definitions == nil {
		return load(o.Release)
	}
	return o.Definitions
}
