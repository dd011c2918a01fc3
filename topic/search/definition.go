package search

import (
	"embed"
	"slices"
	"strings"
	"sync"

	"github.com/carillon-fhir/carillon/fhirpath"
)

//go:generate go run ../../internal/searchgen -shared ../../../shared -out definitions

//go:embed definitions/*.tsv
var tables embed.FS

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

// Lookup returns the parameter of that code which searches for resourceType
// understand in release r: the type's own, otherwise one of those that all
// resources have. ok is false if there is none, or no such type. The types
// Resource and DomainResource have the parameters that all their types share.
// It is safe for concurrent use.
func Lookup(r fhirpath.Release, resourceType, code string) (p Parameter, ok bool) {
	d := lookup(r, resourceType, code)
	if d == nil {
		return Parameter{}, false
	}
	return d.Parameter, true
}

// Parameters returns every parameter that this package can evaluate for
// resourceType in release r, sorted by code: what a CapabilityStatement lists
// under rest.resource.searchParam. It is empty if there is no such type.
func Parameters(r fhirpath.Release, resourceType string) []Parameter {
	t := load(r)
	var found []Parameter
	for _, base := range t.bases(resourceType) {
		for _, d := range t.byType[base] {
			shadowed := slices.ContainsFunc(found, func(p Parameter) bool { return p.Code == d.Code })
			if !shadowed && d.refusal() == "" {
				found = append(found, d.Parameter)
			}
		}
	}
	slices.SortFunc(found, func(a, b Parameter) int { return strings.Compare(a.Code, b.Code) })
	return found
}

// IsResourceType reports whether release r has a resource type of that name. The
// abstract types Resource and DomainResource are not among them.
func IsResourceType(r fhirpath.Release, name string) bool {
	_, ok := slices.BinarySearch(load(r).types, name)
	return ok
}

// ResourceTypes returns the names of the release's resource types, sorted.
func ResourceTypes(r fhirpath.Release) []string { return slices.Clone(load(r).types) }

// definition is a Parameter with its expressions, compiled on first use.
type definition struct {
	Parameter
	salt    uint64 // tells its index keys from other parameters'
	once    sync.Once
	compile struct {
		expression *fhirpath.Expression
		components []*fhirpath.Expression
		err        error
	}
}

// expressions compiles the definition's expressions once.
func (d *definition) expressions(r fhirpath.Release) (*fhirpath.Expression, []*fhirpath.Expression, error) {
	d.once.Do(func() {
		c := &d.compile
		if c.expression, c.err = fhirpath.Compile(d.Expression, fhirpath.Options{Release: r}); c.err != nil {
			return
		}
		for _, component := range d.Components {
			e, err := fhirpath.Compile(component.Expression, fhirpath.Options{Release: r})
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

// table is one release's parameters.
type table struct {
	types  []string                 // sorted
	byType map[string][]*definition // sorted by code
}

var loaders = map[fhirpath.Release]func() *table{
	fhirpath.R4:  sync.OnceValue(func() *table { return parseTable("definitions/r4.tsv") }),
	fhirpath.R4B: sync.OnceValue(func() *table { return parseTable("definitions/r4b.tsv") }),
	fhirpath.R5:  sync.OnceValue(func() *table { return parseTable("definitions/r5.tsv") }),
}

// load returns the release's table, an empty one for a release that is none.
func load(r fhirpath.Release) *table {
	if f, ok := loaders[r]; ok {
		return f()
	}
	return &table{}
}

// parseTable reads one embedded file. The generator's README describes its form.
func parseTable(name string) *table {
	raw, err := tables.ReadFile(name)
	if err != nil {
		panic(err) // embedded: it is there or the build is broken
	}
	first, rest, _ := strings.Cut(string(raw), "\n")
	t := &table{types: strings.Split(first, ","), byType: map[string][]*definition{}}
	for line := range strings.Lines(rest) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		d := &definition{Parameter: Parameter{
			ResourceType: cells[0], Code: cells[1], Kind: cells[2], URL: cells[3], Expression: cells[4],
		}}
		switch cells[5] {
		case "":
		case "*":
			d.Targets = t.types
		default:
			d.Targets = strings.Split(cells[5], ",")
		}
		if cells[6] != "" {
			for _, c := range strings.Split(cells[6], ";") {
				kind, expression, _ := strings.Cut(c, "=")
				d.Components = append(d.Components, Component{Kind: kind, Expression: expression})
			}
		}
		d.salt = hashString(0, d.ResourceType+"\t"+d.Code)
		t.byType[d.ResourceType] = append(t.byType[d.ResourceType], d)
	}
	return t
}

// bases lists the types whose parameters a search for resourceType may use,
// nearest first; none if the release has no such type.
func (t *table) bases(resourceType string) []string {
	switch resourceType {
	case "Resource":
		return []string{"Resource"}
	case "DomainResource":
		return []string{"DomainResource", "Resource"}
	}
	if _, ok := slices.BinarySearch(t.types, resourceType); !ok {
		return nil
	}
	switch resourceType {
	case "Binary", "Bundle", "Parameters":
		return []string{resourceType, "Resource"}
	}
	return []string{resourceType, "DomainResource", "Resource"}
}

// lookup finds a definition, nil if there is none.
func lookup(r fhirpath.Release, resourceType, code string) *definition {
	t := load(r)
	for _, base := range t.bases(resourceType) {
		list := t.byType[base]
		i, ok := slices.BinarySearchFunc(list, code, func(d *definition, code string) int { return strings.Compare(d.Code, code) })
		if ok {
			return list[i]
		}
	}
	return nil
}
