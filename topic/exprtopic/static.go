package exprtopic

import "github.com/carillon-fhir/carillon/fhirpath"

// kind is what is known of a value before there is data.
type kind uint8

const (
	anyKind kind = iota // a choice, or computed from one
	nilKind
	boolKind
	numberKind
	textKind
	timeKind // a point in time or a duration
	objectKind
	listKind
)

func (k kind) String() string {
	return [...]string{"anything", "nil", "a bool", "a number", "a string", "a time", "an element with children", "a list"}[k]
}

// static is the type of an expression.
type static struct {
	kind        kind
	mayBeAbsent bool          // nil where the element is absent
	of          fhirpath.Type // of an object
	values      *static       // of a list
}

// staticOf is the type of an element's value.
func staticOf(e fhirpath.Element) static {
	var s static
	switch of := e.Type(); {
	case of.IsPrimitive():
		s = static{kind: primitive(of), mayBeAbsent: true}
	case of != (fhirpath.Type{}) && !of.IsResource():
		s = static{kind: objectKind, of: of}
	}
	if e.Repeats() {
		return static{kind: listKind, values: &s}
	}
	return s
}

func primitive(of fhirpath.Type) kind {
	switch of.System() {
	case "Boolean":
		return boolKind
	case "Integer", "Long", "Decimal":
		return numberKind
	}
	return textKind
}

// is reports whether a value may be of one of the kinds.
func (s static) is(kinds ...kind) bool {
	for _, k := range kinds {
		if s.kind == k {
			return true
		}
	}
	return s.kind == anyKind
}

// either is what a value is that is one of the two.
func either(a, b static) static {
	switch {
	case a.kind == nilKind:
		b.mayBeAbsent = true
		return b
	case b.kind == nilKind:
		a.mayBeAbsent = true
		return a
	case a.kind != b.kind || a.of != b.of || a.kind == listKind:
		return static{}
	}
	a.mayBeAbsent = a.mayBeAbsent || b.mayBeAbsent
	return a
}
