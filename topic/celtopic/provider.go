package celtopic

import (
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// provider shows CEL's checker the types of a release. It makes no values: criteria
// read.
type provider struct {
	release fhirpath.Release
	own     *types.Registry // CEL's own types
}

// prefix keeps FHIR's names apart from CEL's own.
const prefix = "fhir."

func objectName(t fhirpath.Type) string { return prefix + t.Name() }

func (p provider) find(name string) (fhirpath.Type, bool) {
	name, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return fhirpath.Type{}, false
	}
	t, ok := p.release.Type(name)
	return t, ok && !t.IsPrimitive()
}

// FindStructType implements types.Provider.
func (p provider) FindStructType(name string) (*types.Type, bool) {
	t, ok := p.find(name)
	if !ok {
		return nil, false
	}
	return types.NewTypeTypeWithParam(types.NewObjectType(objectName(t))), true
}

// FindStructFieldNames implements types.Provider.
func (p provider) FindStructFieldNames(name string) ([]string, bool) {
	t, ok := p.find(name)
	var names []string
	for e := range t.Elements() {
		names = append(names, e.Name())
	}
	return names, ok
}

// FindStructFieldType implements types.Provider. What it returns reads the element
// wherever the expression names it.
func (p provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	t, ok := p.find(name)
	if !ok {
		return nil, false
	}
	if field == resourceType && t.IsResource() {
		return &types.FieldType{
			Type:    types.NewNullableType(types.StringType),
			IsSet:   func(target any) bool { return target.(*object).has(field) },
			GetFrom: func(target any) (any, error) { return target.(*object).member(field) },
		}, true
	}
	e, ok := t.Element(field)
	if !ok {
		return nil, false
	}
	return &types.FieldType{
		Type:    typeOf(e),
		IsSet:   func(target any) bool { return target.(*object).hasElement(e) },
		GetFrom: func(target any) (any, error) { return target.(*object).element(e) },
	}, true
}

// resourceType is the member that is no element.
const resourceType = "resourceType"

// typeOf is the type of an element's value as criteria see it. A primitive value may
// be absent, which is null.
func typeOf(e fhirpath.Element) *types.Type {
	t := types.DynType
	switch of := e.Type(); {
	case of.IsPrimitive():
		t = types.NewNullableType(primitive(of))
	case of != (fhirpath.Type{}) && !of.IsResource():
		t = types.NewObjectType(objectName(of))
	}
	if e.Repeats() {
		return types.NewListType(t)
	}
	return t
}

func primitive(of fhirpath.Type) *types.Type {
	switch of.System() {
	case "Boolean":
		return types.BoolType
	case "Integer", "Long":
		return types.IntType
	case "Decimal":
		return types.DoubleType
	}
	return types.StringType
}

// EnumValue implements types.Provider: there are none.
func (provider) EnumValue(string) ref.Val { return types.NewErr("celtopic: no enumerations") }

// FindIdent implements types.Provider: the names of CEL's own types.
func (p provider) FindIdent(name string) (ref.Val, bool) { return p.own.FindIdent(name) }

// NewValue implements types.Provider. It is not reached: inspect refuses expressions
// that make values.
func (provider) NewValue(string, map[string]ref.Val) ref.Val { return types.WrapErr(errNoTypes) }
