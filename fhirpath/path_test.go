package fhirpath

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMember holds which member of an object an element's name finds, and what
// type it tells (https://hl7.org/fhir/json.html#primitive, choice of data types).
func TestMember(t *testing.T) {
	for _, c := range []struct{ name, object, want, typeName string }{
		{"value", `{"valueQuantity":{"value":1}}`, `{"value":1}`, "Quantity"},
		{"value", `{"valueString":"x"}`, "x", "string"},
		{"value", `{"valueBase64Binary":"eA=="}`, "eA==", "base64Binary"},
		{"value", `{"valuePositiveInt":1}`, "1", "positiveInt"},
		{"value", `{"valueSet":"x"}`, "", ""},
		{"value", `{"values":"x"}`, "", ""},
		{"value", `{"valuequantity":"x"}`, "", ""},
		{"value", `{"Value":"x"}`, "", ""},
		{"value", `{"valueString":"x","value":"y"}`, "y", ""},
		{"value", `{"value":"y","valueString":"x"}`, "y", ""},
		{"valueQuantity", `{"valueQuantity":{}}`, "{}", ""},
		{"value", `{"v\u0061lue":"y"}`, "y", ""},
		{"value", `{"value":null}`, "", ""},
		{"value", `{"value":[]}`, "", ""},
		{"value.extension.url", `{"value":"x","_value":{"extension":[{"url":"u"}]}}`, "u", ""},
		{"value.extension.url", `{"_value":{"extension":[{"url":"u"}]},"value":"x"}`, "u", ""},
		{"value.extension.url", `{"_valueDate":{"extension":[{"url":"u"}]},"valueDate":"2020"}`, "u", ""},
		{"value.extension.url", `{"_valueDate":{"extension":[{"url":"u"}]}}`, "u", ""},
		{"value.extension.url", `{"_valueDate":{"extension":[{"url":"u"}]},"value":"x","_value":{"extension":[{"url":"v"}]}}`, "v", ""},
		{"value.id", `{"value":["x","y"],"_value":[null,{"id":"i"}]}`, "i", ""},
		{"value.id", `{"value":["x",null],"_value":[null,{"id":"i"}]}`, "i", ""},
		{"value.first()", `{"value":[null,"y"],"_value":[{"id":"i"},null]}`, "", ""},
		{"value.last()", `{"value":[null,"y"],"_value":[{"id":"i"}]}`, "y", ""},
		{"value", `{"value":[{"a":1},{"a":2}]}`, `{"a":1},{"a":2}`, ""},
		{"extension", `{"extension":[{"url":"u"}]}`, `{"url":"u"}`, "Extension"},
	} {
		t.Run(c.name+" of "+c.object, func(t *testing.T) {
			require.Equal(t, c.want, joined(t, c.name, c.object))
			if c.typeName != "" {
				e, err := Compile(c.name, Options{Release: R4})
				require.NoError(t, err)
				got, err := e.Evaluate(t.Context(), node(t, c.object), Env{})
				require.NoError(t, err)
				require.Equal(t, c.typeName, got[0].TypeName())
			}
		})
	}
}

// TestDeepEquality holds that objects are equal whatever the order of their
// members, and decimals whatever their zeros.
func TestDeepEquality(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		equal string
	}{
		{`{"x":1,"y":[{"z":1.0}]}`, `{"y":[{"z":1.00}],"x":1}`, "true"},
		{`{"x":1}`, `{"x":1,"y":2}`, "false"},
		{`{"x":1,"y":2}`, `{"x":1}`, "false"},
		{`{"x":[1,2]}`, `{"x":[2,1]}`, "false"},
		{`{"x":"a"}`, `{"x":"\u0061"}`, "true"},
		{`{"x":1}`, `{"x":"1"}`, "false"},
		{`{"x":1e2}`, `{"x":100}`, "true"},
		{`{"x":0.1000000000000000055511151231257827}`, `{"x":0.1}`, "false"},
	} {
		require.Equal(t, c.equal, joined(t, "a = b", `{"a":`+c.a+`,"b":`+c.b+`}`), c.a+" "+c.b)
	}
}
