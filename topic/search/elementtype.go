package search

import "github.com/carillon-fhir/carillon/fhirpath"

// elementTypes are the types of elements that a token or reference parameter may
// find, as far as modifiers and bars depend on them.
type elementTypes uint16

const (
	coded         elementTypes = 1 << iota // Coding, CodeableConcept
	identifier                             // Identifier
	contactPoint                           // ContactPoint
	code                                   // code, id
	stringType                             // string
	boolean                                // boolean
	uriType                                // uri, url, oid ...
	canonicalType                          // canonical
	referenceType                          // Reference
)

// castable are FHIR types whose cast is possible if an element is of the type, or
// of one that it is derived from: a string may turn out a code, but no code a
// string's sibling.
var castable = [...]struct {
	name  string
	types elementTypes
}{
	{"Coding", coded}, {"CodeableConcept", coded}, {"Identifier", identifier}, {"ContactPoint", contactPoint},
	{"boolean", boolean}, {"Reference", referenceType},
}

// elementTypesOf asks the checker of fhirpath which casts of the expression's
// result can be. It is zero if the expression gives something else, such as a
// computed value.
func elementTypesOf(d *definition) (types elementTypes) {
	can := func(name string) bool {
		_, err := fhirpath.Compile("("+d.Expression+").ofType("+name+")",
			fhirpath.Options{Release: d.release, Strict: true, Context: d.ResourceType})
		return err == nil
	}
	for _, c := range castable {
		if can(c.name) {
			types |= c.types
		}
	}
	switch {
	case can("markdown"): // a string can be any of its subtypes, a code or id is none but itself
		types |= stringType
	case can("code"), can("id"):
		types |= code
	}
	switch {
	case can("url"):
		types |= uriType
	case can("canonical"):
		types |= canonicalType
	}
	return types
}

// mayBe reports whether an element that the parameter finds may be of one of the
// types. It is true if nothing is known about them.
func (d *definition) mayBe(types elementTypes) bool {
	known := d.elementTypes()
	return known == 0 || known&types != 0
}

// isAlways reports whether every element that the parameter finds is of one of the
// types.
func (d *definition) isAlways(types elementTypes) bool {
	known := d.elementTypes()
	return known != 0 && known&^types == 0
}
