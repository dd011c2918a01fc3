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
	ResourceType string // where it is defined: the type itself, DomainResource or Resource
	Code         string // the name in a query
	Kind         string // one of the Kind constants
	URL          string // canonical of the SearchParameter
	Expression   string // FHIRPath; "" if the definition has none
	Targets      []string
	Components   []Component // of a composite
}

// Component is one part of a composite parameter. Its expression starts at each
// element that the composite's own expression finds.
type Component struct {
	Kind       string
	Expression string
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
		err        error
	}
}

// expressions compiles the definition's expressions once.
func (d *definition) expressions() (*fhirpath.Expression, []*fhirpath.Expression, error) {
	d.once.Do(func() {
		c := &d.compile
		if c.expression, c.err = fhirpath.Compile(d.Expression, fhirpath.Options{Release: d.release}); c.err != nil {
			return
		}
		for _, component := range d.Components {
			e, err := fhirpath.Compile(component.Expression, fhirpath.Options{Release: d.release})
			if err != nil {
				c.err = err
				return
			}
			c.components = append(c.components, e)
		}
	})
	return d.compile.expression, d.compile.components, d.compile.err
}

// refusal says why the parameter can't be evaluated on one resource alone; ""
// if it can.
func (d *definition) refusal() string {
	if reason, ok := refusedCodes[d.Code]; ok {
		return reason
	}
	if d.Kind == KindSpecial {
		return "special parameters are not supported"
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

// refusedCodes are parameters that are about more than the resource at hand, or
// about the result rather than the resource.
var refusedCodes = map[string]string{
	"_content": "full-text search is not supported",
	"_filter":  "filter expressions are not supported",
	"_has":     "reverse chaining needs other resources",
	"_in":      "group and list membership needs other resources",
	"_list":    "list membership needs other resources",
	"_query":   "named queries are not supported",
	"_text":    "full-text search is not supported",
	"_type":    "the resource type is already given",

	"_contained":     "it shapes results and is no criterion",
	"_containedType": "it shapes results and is no criterion",
	"_count":         "it shapes results and is no criterion",
	"_elements":      "it shapes results and is no criterion",
	"_format":        "it shapes results and is no criterion",
	"_graph":         "it shapes results and is no criterion",
	"_include":       "it shapes results and is no criterion",
	"_maxresults":    "it shapes results and is no criterion",
	"_pretty":        "it shapes results and is no criterion",
	"_revinclude":    "it shapes results and is no criterion",
	"_score":         "it shapes results and is no criterion",
	"_sort":          "it shapes results and is no criterion",
	"_summary":       "it shapes results and is no criterion",
	"_total":         "it shapes results and is no criterion",
}
