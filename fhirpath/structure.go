package fhirpath

import "slices"

// structure is a type: one that a release of FHIR defines, one that is defined
// inside another, such as Patient.contact, or one of the System types.
type structure struct {
	name string
	kind structureKind
	base *structure

	// system is the System type that a value of a primitive type or a Quantity
	// converts to in computations; nil for the other types.
	system *structure

	// elements has those of the bases, too, and for a choice element such as
	// value[x] also value and valueQuantity.
	elements map[string]*element

	// open: what an element of this type holds is told by its resourceType.
	open bool
}

type structureKind uint8

const (
	systemKind structureKind = iota
	primitiveKind
	complexKind
	backboneKind // defined inside another type
	resourceKind
)

// element is the definition of an element of a structure.
type element struct {
	name     string     // as the JSON member is called, without [x]
	of       *structure // nil for a choice element
	choices  []*element // of a choice element: one for each type
	choiceOf *element   // valueQuantity: the choice that it is of
	repeats  bool
	targets  []string // of a Reference or canonical, if the definition limits them
}

// abstract reports whether elements are of other types that derive from s and that may
// have more in them.
func (s *structure) abstract() bool {
	return s.open || s.name == "Base" || s.name == "Element" || slices.Contains(abstractTypes, s.name)
}

// derives reports whether s is base or derives from it.
func (s *structure) derives(base *structure) bool {
	for ; s != nil; s = s.base {
		if s == base {
			return true
		}
	}
	return false
}

// title is the name of the type as type() gives it: a structure that is defined
// inside another has none of its own.
func (s *structure) title() string {
	switch s.kind {
	case backboneKind:
		return s.base.title()
	case systemKind:
		return "System." + s.name
	}
	return s.name
}

// The System types of FHIRPath.
var (
	systemAny      = &structure{name: "Any"}
	systemBoolean  = systemType("Boolean")
	systemString   = systemType("String")
	systemInteger  = systemType("Integer")
	systemLong     = systemType("Long")
	systemDecimal  = systemType("Decimal")
	systemDate     = systemType("Date")
	systemDateTime = systemType("DateTime")
	systemTime     = systemType("Time")
	systemQuantity = systemType("Quantity")

	// typeInfoType is the type of what type() returns.
	typeInfoType = &structure{name: "TypeInfo", base: systemAny}
)

// systemTypes are the types that the namespace System names.
var systemTypes = map[string]*structure{
	"Any": systemAny, "Boolean": systemBoolean, "String": systemString, "Integer": systemInteger,
	"Long": systemLong, "Decimal": systemDecimal, "Date": systemDate, "DateTime": systemDateTime,
	"Time": systemTime, "Quantity": systemQuantity,
}

func systemType(name string) *structure {
	s := &structure{name: name, base: systemAny}
	s.system = s
	return s
}

// systemOf are the System types of the primitive types that are not strings, and
// of Quantity. What derives from one of them has the same.
var systemOf = map[string]*structure{
	"boolean": systemBoolean, "integer": systemInteger, "integer64": systemLong, "decimal": systemDecimal,
	"date": systemDate, "dateTime": systemDateTime, "instant": systemDateTime, "time": systemTime,
	"Quantity": systemQuantity,
}
