package search

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/union"
)

// NewDefinitions returns the search parameters of release r and the host's own,
// each a SearchParameter resource as JSON. The error joins all that is wrong with
// them, each with the number of the resource and the element.
//
// An expression must be one that resources of the base can have: it is compiled
// strictly. A union is divided among the bases by the type that each part begins
// with. Refused are, beside what is malformed or unknown: special parameters; codes
// that the standard has for all resources; a code that the base already has, unless
// it is the release's own parameter by that canonical url, which is replaced; and
// elements that would change the meaning in a way that is not computed here.
func NewDefinitions(r fhirpath.Release, searchParameters ...[]byte) (*Definitions, error) {
	standard := load(r)
	if len(standard.types) == 0 {
		return nil, errors.New("search: no release is given")
	}
	reader := &definitionReader{
		to:    &Definitions{release: r, types: standard.types, byType: maps.Clone(standard.byType)},
		kinds: map[string]string{},
		seen:  map[string]bool{},
	}
	for _, list := range standard.byType {
		for _, d := range list {
			reader.kinds[d.URL] = d.Kind
		}
	}
	roots := make([]fhirpath.Node, len(searchParameters))
	for i, raw := range searchParameters {
		doc, err := fhirpath.Parse(raw)
		if err != nil {
			reader.problems = append(reader.problems, fmt.Errorf("search: SearchParameter %d: %w", i, err))
			continue
		}
		roots[i] = doc.Root()
		reader.kinds[roots[i].Get("url").Text()] = roots[i].Get("type").Text()
	}
	for i, root := range roots {
		if root.Exists() {
			reader.number = i
			reader.read(root)
		}
	}
	if err := errors.Join(reader.problems...); err != nil {
		return nil, err
	}
	return reader.to, nil
}

// definitionReader reads SearchParameter resources.
type definitionReader struct {
	to       *Definitions
	kinds    map[string]string // by canonical: what components refer to
	seen     map[string]bool   // canonicals, and base with code, of the host's own
	number   int               // of the resource, for errors
	problems []error
}

func (r *definitionReader) fail(element, problem string) {
	r.problems = append(r.problems, fmt.Errorf("search: SearchParameter %d: %s %s", r.number, element, problem))
}

func (r *definitionReader) read(n fhirpath.Node) {
	if !n.Get("resourceType").Is("SearchParameter") {
		r.fail("resourceType", "must be SearchParameter")
		return
	}
	before := len(r.problems)
	p := Parameter{Code: n.Get("code").Text(), Kind: n.Get("type").Text(), URL: n.Get("url").Text()}
	switch {
	case !isAbsolute(p.URL) || strings.ContainsAny(p.URL, " |"):
		r.fail("url", "must be an absolute address, without version")
	case r.seen[p.URL]:
		r.fail("url", "is that of another one")
	}
	r.seen[p.URL] = true
	if p.Code == "" || strings.ContainsFunc(p.Code, notInCode) {
		r.fail("code", "must be letters, digits, - and _")
	} else if r.reserved(p.Code) {
		r.fail("code", "is one that the standard has for all resources")
	}
	switch p.Kind {
	case KindComposite, KindDate, KindNumber, KindQuantity, KindReference, KindString, KindToken, KindURI:
	default:
		r.fail("type", "must be a type of search parameters, and not special")
	}
	for _, name := range [...]string{"xpathUsage", "processingMode"} {
		if mode := n.Get(name); mode.Exists() && !mode.Is("normal") {
			r.fail(name, "asks for a way of matching that is not supported")
		}
	}
	for _, name := range [...]string{"constraint", "modifierExtension"} {
		if n.Get(name).Exists() {
			r.fail(name, "is not supported")
		}
	}
	for target := range n.Get("target").Elements() {
		switch t := target.Text(); {
		case t == "Resource":
			p.Targets = r.to.types
		case r.to.IsResourceType(t):
			p.Targets = append(slices.Clip(p.Targets), t)
		default:
			r.fail("target", "names no resource type of "+r.to.release.String())
		}
	}
	p.Components = r.components(n, p.Kind)
	expression := n.Get("expression").Text()
	if expression == "" {
		r.fail("expression", "is missing")
	}
	if !n.Get("base").Exists() {
		r.fail("base", "is missing")
	}
	if len(r.problems) > before {
		return
	}
	for base := range n.Get("base").Elements() {
		p.ResourceType = base.Text()
		p.Expression = union.For(p.ResourceType, expression)
		r.add(p)
	}
}

// components reads those of a composite. Each names the definition that it takes
// its type from, which may be the release's or another of the host's.
func (r *definitionReader) components(n fhirpath.Node, kind string) (components []Component) {
	for c := range n.Get("component").Elements() {
		canonical, _, _ := strings.Cut(c.Get("definition").Text(), "|")
		component := Component{Kind: r.kinds[canonical], Expression: c.Get("expression").Text()}
		switch component.Kind {
		case "", KindSpecial, KindComposite:
			r.fail("component.definition", "must be the canonical of a known parameter that is neither composite nor special")
		}
		if component.Expression == "" {
			r.fail("component.expression", "is missing")
		}
		components = append(components, component)
	}
	if (kind == KindComposite) != (len(components) > 0) {
		r.fail("component", "must be there in a composite, and only there")
	}
	return components
}

// add puts the parameter beside those of its base.
func (r *definitionReader) add(p Parameter) {
	if !r.to.has(p.ResourceType) {
		r.fail("base", "names no resource type of "+r.to.release.String())
		return
	}
	if p.Expression == "" {
		r.fail("expression", "has no part for "+p.ResourceType)
		return
	}
	strict := fhirpath.Options{Release: r.to.release, Strict: true, Context: p.ResourceType}
	if _, err := fhirpath.Compile(p.Expression, strict); err != nil {
		r.fail("expression", "can't be evaluated: "+reason(err))
		return
	}
	d := newDefinition(r.to.release, p)
	if _, _, err := d.expressions(); err != nil {
		r.fail("component.expression", "can't be evaluated: "+reason(err))
		return
	}
	list := slices.Clone(r.to.byType[p.ResourceType])
	i, taken := slices.BinarySearchFunc(list, p.Code, byCode)
	key := p.ResourceType + "." + p.Code
	switch {
	case r.seen[key] || taken && list[i].URL != p.URL:
		r.fail("code", "is that of another parameter of "+p.ResourceType)
		return
	case taken:
		list[i] = d
	default:
		list = slices.Insert(list, i, d)
	}
	r.seen[key] = true
	r.to.byType[p.ResourceType] = list
}

// reserved reports whether the standard has the code for all resources, or for
// results. Their meaning is fixed.
func (r *definitionReader) reserved(code string) bool {
	_, special := specials[code]
	_, refused := refusedCodes[code]
	return special || refused || r.to.lookup("DomainResource", code) != nil && strings.HasPrefix(code, "_")
}

func notInCode(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
}
