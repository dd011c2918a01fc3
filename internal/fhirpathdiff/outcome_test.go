package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

func TestDifference(t *testing.T) {
	values := func(v ...value) outcome { return outcome{values: v} }
	failed := outcome{err: "no"}
	for _, test := range []struct {
		name       string
		our, their outcome
		want       string
	}{
		{"nothing", values(), values(), agree},
		{"equal", values(value{"FHIR.code", "a"}), values(value{"FHIR.code", "a"}), agree},
		{"two errors", failed, outcome{err: "other words"}, agree},
		{"our error", failed, values(), ourError},
		{"their error", values(), failed, theirError},
		{"panic counts even beside an error", outcome{err: "panic", panicked: true}, failed, ourPanic},
		{"count", values(), values(value{"FHIR.code", "a"}), inCount},
		{"value", values(value{"FHIR.code", "a"}), values(value{"FHIR.code", "b"}), inValue},
		{"order", values(value{"x", "a"}, value{"x", "b"}), values(value{"x", "b"}, value{"x", "a"}), inValue},
		{"type", values(value{"FHIR.code", "a"}), values(value{"FHIR.string", "a"}), inType},
		{"eighth decimal", values(value{"System.Decimal", "0.333333333333"}), values(value{"System.Decimal", "0.33333333"}), agree},
		{"eighth decimal differs", values(value{"System.Decimal", "0.33333334"}), values(value{"System.Decimal", "0.33333333"}), inValue},
		{"strings are no numbers", values(value{"System.String", "1.0"}), values(value{"System.String", "1"}), inValue},
	} {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, difference(test.our, test.their)) })
	}
}

func TestNormal(t *testing.T) {
	for _, test := range []struct{ typ, text, want string }{
		{"System.Decimal", "1.500", "1.5"},
		{"System.Decimal", "100.0", "100"},
		{"FHIR.decimal", "1e-2", "0.01"},
		{"System.Integer", "10", "10"},
		{"System.String", "1.500", "1.500"},
		{"System.Time", "T10:30", "10:30"},
		{"System.DateTime", "@2020-01-01T", "2020-01-01"},
		{"System.Quantity", "4.50 'mg'", "4.5 'mg'"},
	} {
		require.Equal(t, test.want, normal(test.typ, test.text), test)
	}
	require.Equal(t, `{"a":[1.5,{"b":2}],"c":0.1}`, canonical([]byte(`{"c": {"$decimal":"0.10"}, "a": [1.50, {"b": 2.0}]}`)))
}

func TestOurs(t *testing.T) {
	doc, err := fhirpath.Parse([]byte(`{"resourceType":"Observation","valueQuantity":{"unit":"mg","value":1.50}}`))
	require.NoError(t, err)
	require.Equal(t, []value{{"FHIR.Quantity", `{"unit":"mg","value":1.5}`}}, ours(t.Context(), "Observation.value", doc.Root()).values)
	require.Equal(t, []value{{"System.Decimal", "0.5"}}, ours(t.Context(), "1 / 2", doc.Root()).values)
	require.Equal(t, "refused: expected an expression", ours(t.Context(), "1 +", doc.Root()).err)
}
