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

// Definitions are the search parameters of one release: those that HL7 publishes
// with it, and those that a host adds. They are immutable and safe for concurrent
// use.
type Definitions struct {
	release fhirpath.Release
	types   []string                 // sorted
	byType  map[string][]*definition // sorted by code
}

// Lookup returns the parameter of that code which searches for resourceType
// understand: the type's own, otherwise one of those that all resources have. ok
// is false if there is none, or no such type. The types Resource and
// DomainResource have the parameters that all their types share.
func (ds *Definitions) Lookup(resourceType, code string) (p Parameter, ok bool) {
	d := ds.lookup(resourceType, code)
	if d == nil {
		return Parameter{}, false
	}
	return d.Parameter, true
}

// LookupURL is Lookup by the canonical url of the definition, without a version.
func (ds *Definitions) LookupURL(resourceType, url string) (p Parameter, ok bool) {
	if url == "" {
		return Parameter{}, false
	}
	bases, n := ds.bases(resourceType)
	for _, base := range bases[:n] {
		for _, d := range ds.byType[base] {
			if d.URL == url {
				return d.Parameter, true
			}
		}
	}
	return Parameter{}, false
}

// Parameters returns every parameter that this package can evaluate for
// resourceType, sorted by code: what a CapabilityStatement lists under
// rest.resource.searchParam. It is empty if there is no such type.
func (ds *Definitions) Parameters(resourceType string) []Parameter {
	var found []Parameter
	bases, n := ds.bases(resourceType)
	for _, base := range bases[:n] {
		for _, d := range ds.byType[base] {
			shadowed := slices.ContainsFunc(found, func(p Parameter) bool { return p.Code == d.Code })
			if !shadowed && d.refusal() == "" {
				found = append(found, d.Parameter)
			}
		}
	}
	slices.SortFunc(found, func(a, b Parameter) int { return strings.Compare(a.Code, b.Code) })
	return found
}

// IsResourceType reports whether the release has a resource type of that name. The
// abstract types Resource and DomainResource are not among them.
func (ds *Definitions) IsResourceType(name string) bool {
	_, ok := slices.BinarySearch(ds.types, name)
	return ok
}

// ResourceTypes returns the names of the release's resource types, sorted.
func (ds *Definitions) ResourceTypes() []string { return slices.Clone(ds.types) }

// Lookup is Definitions.Lookup in the parameters of release r. It is safe for
// concurrent use, as are the functions below.
func Lookup(r fhirpath.Release, resourceType, code string) (p Parameter, ok bool) {
	return load(r).Lookup(resourceType, code)
}

// Parameters is Definitions.Parameters of release r.
func Parameters(r fhirpath.Release, resourceType string) []Parameter {
	return load(r).Parameters(resourceType)
}

// IsResourceType is Definitions.IsResourceType of release r.
func IsResourceType(r fhirpath.Release, name string) bool { return load(r).IsResourceType(name) }

// ResourceTypes is Definitions.ResourceTypes of release r.
func ResourceTypes(r fhirpath.Release) []string { return load(r).ResourceTypes() }

var loaders = map[fhirpath.Release]func() *Definitions{
	fhirpath.R4:  sync.OnceValue(func() *Definitions { return parseTable(fhirpath.R4, "definitions/r4.tsv") }),
	fhirpath.R4B: sync.OnceValue(func() *Definitions { return parseTable(fhirpath.R4B, "definitions/r4b.tsv") }),
	fhirpath.R5:  sync.OnceValue(func() *Definitions { return parseTable(fhirpath.R5, "definitions/r5.tsv") }),
}

// load returns the release's definitions, none for a release that is none.
func load(r fhirpath.Release) *Definitions {
	if f, ok := loaders[r]; ok {
		return f()
	}
	return &Definitions{release: r}
}

// parseTable reads one embedded file. The generator's README describes its form.
func parseTable(r fhirpath.Release, name string) *Definitions {
	raw, err := tables.ReadFile(name)
	if err != nil {
		panic(err) // embedded: it is there or the build is broken
	}
	first, rest, _ := strings.Cut(string(raw), "\n")
	ds := &Definitions{release: r, types: strings.Split(first, ","), byType: map[string][]*definition{}}
	for line := range strings.Lines(rest) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		p := Parameter{ResourceType: cells[0], Code: cells[1], Kind: cells[2], URL: cells[3], Expression: cells[4]}
		switch cells[5] {
		case "":
		case "*":
			p.Targets = ds.types
		default:
			p.Targets = strings.Split(cells[5], ",")
		}
		if cells[6] != "" {
			for _, c := range strings.Split(cells[6], ";") {
				kind, expression, _ := strings.Cut(c, "=")
				p.Components = append(p.Components, Component{Kind: kind, Expression: expression})
			}
		}
		ds.byType[p.ResourceType] = append(ds.byType[p.ResourceType], newDefinition(r, p))
	}
	return ds
}

// bases are the n types whose parameters a search for resourceType may use, nearest
// first; none if the release has no such type.
func (ds *Definitions) bases(resourceType string) (names [3]string, n int) {
	switch resourceType {
	case "Resource":
		return [3]string{"Resource"}, 1
	case "DomainResource":
		return [3]string{"DomainResource", "Resource"}, 2
	}
	if _, ok := slices.BinarySearch(ds.types, resourceType); !ok {
		return names, 0
	}
	switch resourceType {
	case "Binary", "Bundle", "Parameters":
		return [3]string{resourceType, "Resource"}, 2
	}
	return [3]string{resourceType, "DomainResource", "Resource"}, 3
}

// has reports whether the release has the type, which may be abstract.
func (ds *Definitions) has(resourceType string) bool {
	_, n := ds.bases(resourceType)
	return n > 0
}

// lookup finds a definition, nil if there is none.
func (ds *Definitions) lookup(resourceType, code string) *definition {
	bases, n := ds.bases(resourceType)
	for _, base := range bases[:n] {
		list := ds.byType[base]
		i, ok := slices.BinarySearchFunc(list, code, byCode)
		if ok {
			return list[i]
		}
	}
	return nil
}

// byCode is the order of a type's parameters.
func byCode(d *definition, code string) int { return strings.Compare(d.Code, code) }
