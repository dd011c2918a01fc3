package fhirpath_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

func typeOf(t *testing.T, r fhirpath.Release, name string) fhirpath.Type {
	typ, ok := r.Type(name)
	require.True(t, ok, name)
	require.Equal(t, name, typ.Name())
	return typ
}

func TestType(t *testing.T) {
	for _, c := range []struct {
		release           fhirpath.Release
		of, name          string
		typ, system       string
		repeats, resource bool
	}{
		{fhirpath.R4, "Patient", "birthDate", "date", "Date", false, false},
		{fhirpath.R4, "Patient", "contact", "Patient.contact", "", true, false},
		{fhirpath.R4, "Patient", "id", "id", "String", false, false},
		{fhirpath.R4, "Patient.contact", "id", "System.String", "String", false, false},
		{fhirpath.R4, "Patient", "deceasedBoolean", "boolean", "Boolean", false, false},
		{fhirpath.R4, "Patient", "contained", "Resource", "", true, true},
		{fhirpath.R4, "HumanName", "given", "string", "String", true, false},
		{fhirpath.R4, "Quantity", "value", "decimal", "Decimal", false, false},
		{fhirpath.R4, "Observation", "valueQuantity", "Quantity", "", false, false},
		{fhirpath.R4, "Questionnaire.item", "item", "Questionnaire.item", "", true, false},
		{fhirpath.R5, "Attachment", "size", "integer64", "Long", false, false},
		{fhirpath.R4, "Attachment", "size", "unsignedInt", "Integer", false, false},
	} {
		e, ok := typeOf(t, c.release, c.of).Element(c.name)
		require.True(t, ok, c.name)
		require.Equal(t, c.name, e.Name())
		require.Equal(t, c.typ, e.Type().Name())
		require.Equal(t, c.repeats, e.Repeats())
		require.Equal(t, c.resource, e.Type().IsResource())
		require.Equal(t, c.system, e.Type().System())
		require.Equal(t, c.system != "", e.Type().IsPrimitive())
		require.Nil(t, e.Choices())
	}
}

func TestTypeChoice(t *testing.T) {
	value, ok := typeOf(t, fhirpath.R4, "Observation").Element("value")
	require.True(t, ok)
	require.Equal(t, fhirpath.Type{}, value.Type())
	require.Len(t, value.Choices(), 11)
	require.Equal(t, "valueQuantity", value.Choices()[0].Name())
}

func TestElementIn(t *testing.T) {
	doc, err := fhirpath.Parse([]byte(`{"resourceType":"Observation","status":"final","valueString":"x"}`))
	require.NoError(t, err)
	observation, ok := fhirpath.R4.ResourceType(doc.Root())
	require.True(t, ok)
	for name, want := range map[string][2]string{
		"status": {"final", "code"}, "value": {"x", "string"}, "valueString": {"x", "string"},
		"valueQuantity": {"", "Quantity"}, "effective": {"", ""},
	} {
		e, ok := observation.Element(name)
		require.True(t, ok, name)
		n, typ := e.In(doc.Root())
		require.Equal(t, want, [2]string{n.Text(), typ.Name()}, name)
	}
	for _, n := range []fhirpath.Node{{}, doc.Root().Get("status")} {
		_, ok := fhirpath.R4.ResourceType(n)
		require.False(t, ok)
	}
	_, ok = fhirpath.Release(0).ResourceType(doc.Root())
	require.False(t, ok)
}

func TestTypeUnknown(t *testing.T) {
	for _, name := range []string{"", "patient", "Patient.name", "System.String"} {
		_, ok := fhirpath.R4.Type(name)
		require.False(t, ok, name)
	}
	_, ok := fhirpath.Release(0).Type("Patient")
	require.False(t, ok)
	_, ok = typeOf(t, fhirpath.R4, "Patient").Element("valueQuantity")
	require.False(t, ok)

	var none fhirpath.Type
	require.Empty(t, none.Name()+none.System())
	require.False(t, none.IsResource() || none.IsPrimitive())
	for range none.Elements() {
		t.Fatal("the zero Type has an element")
	}
}

func ExampleRelease_Type() {
	ratio, _ := fhirpath.R5.Type("Ratio")
	for e := range ratio.Elements() {
		fmt.Println(e.Name(), e.Type().Name(), e.Repeats())
	}
	// Output:
	// denominator Quantity false
	// extension Extension true
	// id System.String false
	// numerator Quantity false
}
