package search

import (
	"sync"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// The kinds of search parameters, SearchParameter.type.
const (
	KindComposite = "composite"
	KindDate      = "date"
	KindNumber    = "number"
	KindQuantity  = "quantity"
	KindReference = "reference"
	KindSpecial   = "special"
	KindString    = "string"
	KindToken     = "token"
	KindURI       = "uri"
)

// Parameter is a search parameter as one resource type has it.
type Parameter struct {
	ResourceType string      // where it is defined: the type itself, DomainResource or Resource
	Code         string      // the name in a query
	Kind         string      // one of the Kind constants
	URL          string      // canonical of the SearchParameter
	Expression   string      // FHIRPath; "" if the definition has none
	Targets      []string    // types that a reference may lead to
	Components   []Component // of a composite
}

// Component is one part of a composite parameter. Its expression starts at each
// element that the composite's own expression finds.
type Component struct {
	Kind       string // one of the Kind constants
	Expression string // FHIRPath
}

// definition is a Parameter with its expressions, compiled on first use.
type definition struct {
	Parameter
	release fhirpath.Release
	salt    uint64 // tells its index keys from other parameters'
	once    sync.Once
	compile struct {
		expression *fhirpath.Expression
		components []*fhirpath.Expression
		resolves   bool // references, for more than their type
		err        error
	}
	typesOnce sync.Once
	types     elementTypes
}

func newDefinition(r fhirpath.Release, p Parameter) *definition {
	return &definition{Parameter: p, release: r, salt: hashString(0, p.ResourceType+"\t"+p.Code)}
}

// elementTypes returns the types of the elements that the parameter finds, 0 if
// they are not known.
func (d *definition) elementTypes() elementTypes {
	d.typesOnce.Do(func() {
		if d.Expression != "" {
			d.types = elementTypesOf(d)
		}
	})
	return d.types
}

// expressions compiles the definition's expressions once.
func (d *definition) expressions() (*fhirpath.Expression, []*fhirpath.Expression, error) {
	d.once.Do(func() {
		c := &d.compile
		if c.expression, c.err = fhirpath.Compile(d.Expression, fhirpath.Options{Release: d.release}); c.err != nil {
			return
		}
		c.resolves = c.expression.Needs().Resolver
		for _, component := range d.Components {
			e, err := fhirpath.Compile(component.Expression, fhirpath.Options{Release: d.release})
			if err != nil {
				c.err = err
				return
			}
			c.resolves = c.resolves || e.Needs().Resolver
			c.components = append(c.components, e)
		}
	})
	return d.compile.expression, d.compile.components, d.compile.err
}

// refusal says why the parameter can't be evaluated; "" if it can.
func (d *definition) refusal() string {
	if reason, ok := refusedCodes[d.Code]; ok {
		return reason
	}
	if _, ok := specials[d.Code]; ok {
		return "it is no element of the resource"
	}
	if d.Kind == KindSpecial {
		if reason, ok := refusedSpecials[d.Code]; ok {
			return reason
		}
		return "special parameters of this kind are not supported"
	}
	if d.Expression == "" {
		return "its definition has no expression for this resource type"
	}
	for _, c := range d.Components {
		if c.Kind == "" || c.Kind == KindSpecial || c.Kind == KindComposite {
			return "a component of it has no usable definition"
		}
	}
	return ""
}

// refusedCodes are parameters that are about the result rather than the resource,
// or that the standard leaves to each server.
var refusedCodes = map[string]string{
	"_content": "full-text search is not supported",
	"_query":   "named queries are not supported",
	"_text":    "full-text search is not supported",

	"_contained":     shapesResults,
	"_containedType": shapesResults,
	"_count":         shapesResults,
	"_elements":      shapesResults,
	"_format":        shapesResults,
	"_graph":         shapesResults,
	"_include":       shapesResults,
	"_maxresults":    shapesResults,
	"_offset":        shapesResults,
	"_pretty":        shapesResults,
	"_revinclude":    shapesResults,
	"_score":         shapesResults,
	"_sort":          shapesResults,
	"_summary":       shapesResults,
	"_total":         shapesResults,
}

const shapesResults = "it shapes results and is no criterion"

// refusedSpecials are the special parameters of single resource types.
var refusedSpecials = map[string]string{
	"near":         "distances between places are not computed",
	"contains":     "whether a place is inside a boundary is not computed",
	"section-text": "full-text search is not supported",
}
