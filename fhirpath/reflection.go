package fhirpath

import (
	"slices"
	"strings"
)

// reflectionFunctions tell the types of items (FHIRPath 5.9, Types and Reflection).
var reflectionFunctions = map[string]function{
	"type": {0, 0, func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
		for _, it := range in {
			s := it.structure()
			if s == nil {
				return out, ErrUnknownType
			}
			out = append(out, Item{value: infoOf(s)})
		}
		return out, f.charge(len(in))
	}},
	"conformsTo": {1, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		url, ok, err := f.text(c.args[0], this)
		if err != nil || !ok || len(in) != 1 {
			return out, err
		}
		conforms, err := f.conformsTo(in[0], url)
		return conforms.appendTo(out), err
	}},
	"checkModifiers": {1, maxArguments, checkModifiers},
}

// checkModifiers returns its input if all its modifier extensions are listed, in
// arguments or with commas between them in one. It is an error if nothing is listed.
func checkModifiers(f *frame, c *call, this, in, out []Item) ([]Item, error) {
	var understood []string
	for i := range c.args {
		list, ok, err := f.text(c.args[i], this)
		if err != nil {
			return out, err
		}
		if !ok {
			return out, ErrModifier
		}
		for url := range strings.SplitSeq(list, ",") {
			understood = append(understood, strings.TrimSpace(url))
		}
	}
	for _, it := range in {
		for e := range it.extended().Get("modifierExtension").Elements() {
			if err := f.charge(1 + len(understood)); err != nil {
				return out, err
			}
			if !slices.ContainsFunc(understood, e.Get("url").Is) {
				return out, ErrModifier
			}
		}
	}
	return append(out, in...), f.charge(len(in))
}

func infoOf(s *structure) typeInfo {
	if s.kind == backboneKind {
		s = s.base // it has no name of its own
	}
	switch {
	case s.kind == systemKind:
		return typeInfo{"System", s.name, "System.Any"}
	case s.base == nil:
		return typeInfo{"FHIR", s.name, "System.Any"}
	}
	return typeInfo{"FHIR", s.name, "FHIR." + s.base.name}
}

// definitions is where the base definitions of FHIR have their canonical urls.
const definitions = "http://hl7.org/fhir/StructureDefinition/"

// conformsTo answers for the base definitions, by the type of the item alone: a
// resource is not validated. What other profiles ask is ErrProfile.
func (f *frame) conformsTo(it Item, url string) (truth, error) {
	url, _, _ = strings.Cut(url, "|")
	name, ok := strings.CutPrefix(url, definitions)
	s := f.model.structures[name]
	switch {
	case !ok || s == nil:
		return unknown, ErrProfile
	case it.structure() == nil:
		return unknown, ErrUnknownType
	}
	return truthOf(it.structure().derives(s)), f.step()
}
