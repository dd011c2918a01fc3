package main

import (
	"errors"
	"fmt"
)

// builder turns the declarations of one release into its model.
type builder struct {
	declared map[string]*declaration
	names    map[string]string // declaration -> its type in the model
	suffixes map[string]string // DateTime -> dateTime, for every type that a choice may have
	sources  []*paths          // the release's own, then those that it borrows from
	elder    *paths            // whose primitive types and targets of references hold
	model    model
	errs     []error
}

// patterns are declared like types but describe what resources have in common: no
// resource is one or inherits from one.
var patterns = map[string]bool{"CanonicalResource": true, "MetadataResource": true}

// build makes the model of a release of its declarations. The FHIR types that they
// leave open come from own, then from the borrowed releases in turn; the first of
// these, if any, is the release that this one follows. An element whose type
// nobody knows is an error; all errors are reported together.
func build(declarations []*declaration, own *paths, borrowed ...*paths) (model, error) {
	b := &builder{
		declared: map[string]*declaration{},
		names:    map[string]string{},
		suffixes: map[string]string{},
		sources:  append([]*paths{own}, borrowed...),
		elder:    own,
		model:    model{},
	}
	if len(borrowed) > 0 {
		b.elder = borrowed[0]
	}
	for _, name := range b.elder.primitives() {
		b.model[name] = &modelType{name: name, kind: kindPrimitive, base: b.elder.parents[name]}
		b.suffixes[suffix(name)] = name
	}
	inner := map[string]bool{}
	for _, d := range declarations {
		if patterns[d.name] {
			continue
		}
		if b.declared[d.name] != nil {
			return nil, fmt.Errorf("%s: declared twice", d.name)
		}
		b.declared[d.name] = d
		for _, f := range d.fields {
			if f.declared == d.name+suffix(f.name) {
				inner[f.declared] = true
			}
		}
	}
	var roots []*declaration
	for _, d := range declarations {
		if !inner[d.name] && !patterns[d.name] {
			roots = append(roots, d)
			b.name(d, d.name)
		}
	}
	for _, d := range roots {
		b.add(d, b.kind(d), d.base)
	}
	return b.model, errors.Join(b.errs...)
}

// name gives a declaration its path as the name of its type, and so on for the
// types defined inside it.
func (b *builder) name(d *declaration, path string) {
	b.names[d.name] = path
	if d.name == path {
		b.suffixes[path] = path
	}
	for _, f := range d.fields {
		if in := b.inner(d, f); in != nil {
			b.name(in, path+"."+f.name)
		}
	}
}

// inner is the type that a field defines inside its own, or nil. Its declaration
// is named by the path: Patient has contact, of the type PatientContact.
func (b *builder) inner(d *declaration, f field) *declaration {
	if f.declared != d.name+suffix(f.name) {
		return nil
	}
	return b.declared[f.declared]
}

// kind of a type that is not defined inside another.
func (b *builder) kind(d *declaration) string {
	for ; d != nil; d = b.declared[d.base] {
		if d.name == "Resource" {
			return kindResource
		}
	}
	return kindComplex
}

// add enters a type, and those defined inside it.
func (b *builder) add(d *declaration, kind, base string) {
	t := &modelType{name: b.names[d.name], kind: kind, base: base}
	b.model[t.name] = t
	// The declarations have BackboneElement everywhere, but inside data types FHIR
	// has Element; agree checks it where the paths know it.
	innerBase := base
	switch kind {
	case kindResource:
		innerBase = "BackboneElement"
	case kindComplex:
		innerBase = "Element"
	}
	for _, f := range d.fields {
		if in := b.inner(d, f); in != nil {
			b.add(in, kindBackbone, innerBase)
		}
		b.addElement(t, f)
	}
}

// addElement enters the element of a field, or one more type of a choice.
func (b *builder) addElement(t *modelType, f field) {
	if choice, code, ok := b.choice(t.name, f.name); ok {
		of := pathType{Code: code, Targets: b.targets(t.name + "." + f.name)}
		for _, e := range t.elements {
			if e.choice && e.name == choice {
				e.types = append(e.types, of)
				return
			}
		}
		t.elements = append(t.elements, &element{choice, true, f.many, []pathType{of}})
		return
	}
	path := t.name + "." + f.name
	code, ok := b.code(path, f.declared)
	if !ok {
		b.errs = append(b.errs, fmt.Errorf("%s: nobody knows the FHIR type of this %s", path, f.declared))
	}
	t.elements = append(t.elements, &element{f.name, false, f.many, []pathType{{code, b.targets(path)}}})
}

// choice takes valueQuantity apart if the type has a choice value[x]. The first
// source that knows the path in either form decides: Device.property.valueQuantity
// is an element of that name in R4 and R4B, and became a choice in R5.
func (b *builder) choice(typeName, property string) (name, code string, ok bool) {
	for _, s := range b.sources {
		for end := 1; end < len(property); end++ {
			code, ok := b.suffixes[property[end:]]
			if !ok {
				continue
			}
			if _, ok := s.choices[typeName+"."+property[:end]]; ok {
				return property[:end], code, true
			}
		}
		if _, ok := s.types[typeName+"."+property]; ok {
			return "", "", false
		}
	}
	return "", "", false
}

// notInPaths has the types of the elements that definitions give as System.String.
var notInPaths = map[string]string{"Element.id": "System.String", "Resource.id": "id", "Extension.url": "uri"}

// code is the FHIR type of an element that is no choice.
func (b *builder) code(path, declared string) (string, bool) {
	if name, ok := b.names[declared]; ok {
		return name, true
	}
	if code, ok := notInPaths[path]; ok {
		return code, true
	}
	switch declared {
	case "boolean":
		return "boolean", true
	case "literal":
		return "code", true
	}
	for _, s := range b.sources {
		if of, ok := s.types[path]; ok && b.fits(of.Code, declared) {
			return of.Code, true
		}
	}
	return "", false
}

// fits tells whether a type is a primitive one of this release that is written in
// JSON as declared, a string or a number.
func (b *builder) fits(code, declared string) bool {
	switch code {
	case "boolean":
		return false
	case "decimal", "integer", "positiveInt", "unsignedInt":
		return declared == "number"
	}
	return declared == "string" && b.model[code] != nil
}

// targets of a Reference or canonical, as the release's own paths or else those of
// the elder release have them. They are left out if the elder's list has a target
// that this release lacks: a list that may be wrong is worse than none. Releases
// that came later have other lists, so only their types are borrowed.
func (b *builder) targets(path string) []string {
	targets := b.sources[0].types[path].Targets
	if len(targets) == 0 {
		targets = b.elder.types[path].Targets
	}
	for _, target := range targets {
		if b.declared[target] == nil {
			return nil
		}
	}
	return targets
}
