package validate

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// definition is a StructureDefinition, as the tree of its snapshot.
type definition struct {
	url, of string // canonical, and the type that it is about
	root    *element
}

// element is an ElementDefinition with those below it.
type element struct {
	name     string // in its parent, without [x]
	choice   bool
	min      int
	max      int // -1: no bound
	types    []typeRef
	exact    any // of fixed[x], decoded; nil: any
	pattern  any // of pattern[x]
	codes    []string
	rules    []rule
	children []*element
	slicing  *slicing
	slices   []*element
}

type typeRef struct {
	Code    string
	Profile []string
}

// rule is an invariant that is an error.
type rule struct {
	key        string
	expression *fhirpath.Expression
}

// published is what is read of an ElementDefinition. Its fixed[x] and pattern[x] are
// found by name.
type published struct {
	ID, ContentReference string
	Min                  int
	Max                  string
	Type                 []typeRef
	Slicing              *slicing
	Constraint           []struct{ Key, Severity, Expression string }
	Binding              struct{ Strength, ValueSet string }
}

// build makes the tree. An element's place is told by its id: each dot goes one down,
// a colon names a slice.
func build(raw []byte, r fhirpath.Release) (*definition, error) {
	var sd struct {
		ResourceType, URL, Type string
		Snapshot                struct{ Element []json.RawMessage }
	}
	if err := json.Unmarshal(raw, &sd); err != nil {
		return nil, err
	}
	if sd.ResourceType != "StructureDefinition" {
		return nil, nil
	}
	d := &definition{url: sd.URL, of: sd.Type}
	all := make(map[string]*element)
	references := make(map[*element]string)
	for _, raw := range sd.Snapshot.Element {
		var p published
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, err
		}
		e, err := p.element(raw, r)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", sd.URL, p.ID, err)
		}
		all[p.ID] = e
		if _, id, ok := strings.Cut(p.ContentReference, "#"); ok {
			references[e] = id
		}
		dot := strings.LastIndexByte(p.ID, '.')
		if dot < 0 {
			d.root = e
			continue
		}
		if base, _, ok := strings.Cut(p.ID[dot:], ":"); ok {
			sliced := all[p.ID[:dot]+base]
			sliced.slices = append(sliced.slices, e)
			continue
		}
		all[p.ID[:dot]].children = append(all[p.ID[:dot]].children, e)
	}
	for e, id := range references {
		if len(e.children) == 0 {
			e.children = all[id].children
		}
		e.rules = append(e.rules, all[id].rules...)
	}
	return d, nil
}

func (p *published) element(raw []byte, r fhirpath.Release) (*element, error) {
	name, _, _ := strings.Cut(p.ID[strings.LastIndexByte(p.ID, '.')+1:], ":")
	e := &element{min: p.Min, max: -1, types: p.Type, slicing: p.Slicing}
	e.name, e.choice = strings.CutSuffix(name, "[x]")
	if p.Max != "*" {
		max, err := strconv.Atoi(p.Max)
		if err != nil {
			return nil, err
		}
		e.max = max
	}
	if p.Slicing != nil {
		if err := p.Slicing.check(); err != nil {
			return nil, err
		}
	}
	if p.Binding.Strength == "required" {
		e.codes = codes(r, p.Binding.ValueSet)
	}
	for _, c := range p.Constraint {
		if c.Severity != "error" || c.Expression == "" || c.Key == "ele-1" { // no element is empty: shape sees to that
			continue
		}
		expression, err := fhirpath.Compile(c.Expression, fhirpath.Options{Release: r})
		if err != nil {
			return nil, err
		}
		e.rules = append(e.rules, rule{c.Key, expression})
	}
	var members map[string]any
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	for name, v := range members {
		if strings.HasPrefix(name, "fixed") {
			e.exact = v
		} else if strings.HasPrefix(name, "pattern") {
			e.pattern = v
		}
	}
	return e, nil
}

// child returns the element of that name.
func (e *element) child(name string) *element {
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	return nil
}
