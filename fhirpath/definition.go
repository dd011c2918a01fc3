package fhirpath

import (
	"iter"
	"maps"
	"slices"
)

// Type is the definition of a type of FHIR in one release, for those who check or
// evaluate something else than FHIRPath against it. It is small and comparable; pass
// it by value. The zero Type is no type and has no elements.
type Type struct{ s *structure }

// Element is the definition of an element of a Type.
type Element struct{ e *element }

// Type returns the type of that name: a resource or data type, such as Patient or
// HumanName, or one that is defined inside another and named by its path, such as
// Patient.contact.
func (r Release) Type(name string) (Type, bool) {
	m := r.model()
	if m == nil || m.structures[name] == nil {
		return Type{}, false
	}
	return Type{m.structures[name]}, true
}

// ResourceType returns the type that a resource names. It is false where the release
// has no such resource.
func (r Release) ResourceType(resource Node) (Type, bool) {
	m := r.model()
	if m == nil {
		return Type{}, false
	}
	s := m.resource(resource)
	return Type{s}, s != nil
}

// Name returns the name as Release.Type takes it, and System.String for what has
// that type of FHIRPath, as Element.id has.
func (t Type) Name() string {
	switch {
	case t.s == nil:
		return ""
	case t.s.kind == systemKind:
		return "System." + t.s.name
	}
	return t.s.name
}

// IsResource reports whether it is a type of resources. Which elements a value of
// Resource or DomainResource has, only its resourceType tells.
func (t Type) IsResource() bool { return t.s != nil && t.s.kind == resourceKind }

// IsPrimitive reports whether values are a single string, number or boolean in JSON.
func (t Type) IsPrimitive() bool {
	return t.s != nil && (t.s.kind == primitiveKind || t.s.kind == systemKind)
}

// System returns the name of the System type that a primitive value converts to in
// FHIRPath: Boolean, String, Integer, Long, Decimal, Date, DateTime or Time; "" for
// types that are not primitive.
func (t Type) System() string {
	if !t.IsPrimitive() || t.s.system == nil {
		return ""
	}
	return t.s.system.name
}

// Element returns the element of that name, inherited ones included. A choice such as
// value[x] is found as value, and each of its types as it is called in JSON, such as
// valueQuantity.
func (t Type) Element(name string) (Element, bool) {
	if t.s == nil || t.s.elements[name] == nil {
		return Element{}, false
	}
	return Element{t.s.elements[name]}, true
}

// Elements yields all that Element finds, by name.
func (t Type) Elements() iter.Seq[Element] {
	return func(yield func(Element) bool) {
		if t.s == nil {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(t.s.elements)) {
			if !yield(Element{t.s.elements[name]}) {
				return
			}
		}
	}
}

// Name returns the name, that of a choice without [x].
func (e Element) Name() string { return e.e.name }

// Type returns the type of the values. It is the zero Type for a choice.
func (e Element) Type() Type { return Type{e.e.of} }

// Repeats reports whether there may be several, which JSON writes as an array.
func (e Element) Repeats() bool { return e.e.repeats }

// Choices returns the elements that a choice may be in JSON, nil for what is none.
func (e Element) Choices() []Element {
	var list []Element
	for _, c := range e.e.choices {
		list = append(list, Element{c})
	}
	return list
}

// In returns the element's value in an object, with its type. Of a choice that is
// the value of whichever type is there.
func (e Element) In(object Node) (Node, Type) {
	for _, c := range e.e.choices {
		if n := object.Get(c.name); n.Exists() {
			return n, Type{c.of}
		}
	}
	if e.e.of == nil {
		return Node{}, Type{}
	}
	return object.Get(e.e.name), Type{e.e.of}
}
