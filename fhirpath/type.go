package fhirpath

// typeSpecifier is the T of is, as and ofType: what the name stands for in FHIR
// and in System, one of which may be nil.
type typeSpecifier struct {
	name         string
	fhir, system *structure
}

// specifierOf reads a type's name out of an expression that stands for one.
func (c *compiler) specifierOf(e *expr) (t typeSpecifier, err error) {
	namespace := ""
	switch {
	case e.form == nameForm:
	case e.form == memberForm && e.left.form == nameForm && (e.left.text == "FHIR" || e.left.text == "System"):
		namespace = e.left.text
	default:
		return t, c.fail(e, "expected the name of a type")
	}
	t.name = e.text
	if namespace != "System" {
		if t.fhir = c.model.structures[t.name]; t.fhir != nil && t.fhir.kind == backboneKind {
			t.fhir = nil // its name is a path, which is not for expressions
		}
	}
	if namespace != "FHIR" {
		t.system = systemTypes[t.name]
	}
	if t.fhir == nil && t.system == nil {
		return t, c.fail(e, "unknown type "+quoteName(t.name)+" in "+c.options.Release.String())
	}
	return t, nil
}

// is tells whether an item is of type t. It is unknown where the item's type is
// not known and its JSON does not show it.
func (it Item) is(t typeSpecifier) truth {
	s := it.structure()
	switch {
	case s != nil:
		return truthOf(t.fhir != nil && s.derives(t.fhir) || t.system != nil && s.derives(t.system))
	case t.fhir == nil:
		return no
	case !it.hasValue():
		return unknown
	}
	return it.node.shapeIs(t.fhir)
}

// ofType is what as and ofType ask: there, unlike for is, each primitive type of FHIR
// is independent of all others, so that a code is no string
// (https://hl7.org/fhir/fhirpath.html#fn-ofType).
func (it Item) ofType(t typeSpecifier) truth {
	s := it.structure()
	if s != nil && s.kind == primitiveKind && t.fhir != nil && t.fhir.kind == primitiveKind && t.fhir.system != nil {
		return truthOf(s == t.fhir)
	}
	return it.is(t)
}
