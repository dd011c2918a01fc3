package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An explanation must not cover more than it says.
func TestExplained(t *testing.T) {
	one := func(typ, text string) outcome { return outcome{values: []value{{typ, text}}} }
	yes, no, nothing := one("System.Boolean", "true"), one("System.Boolean", "false"), outcome{}
	wrongType := outcome{err: "fhirpath: operand of the wrong type"}
	for _, test := range []struct {
		expression string
		our, their outcome
		explained  bool
	}{
		{"issued = @2020", nothing, no, true},
		{"1 'mg' = 1 'cm'", nothing, no, true},
		{"365 days = 1 year", nothing, yes, false},
		{"issued = '2020-01-01'", yes, no, false},
		{"status = 'final'", yes, no, false},
		{"'a  b' ~ 'a b'", yes, no, false},
		{"issued ~ @2020-01-01T10:00:00Z", yes, no, true},
		{"effective.toDate()", one("System.Date", "2020-01-01"), nothing, true},
		{"'2020-01-01T10'.toDate()", one("System.Date", "2020-01-01"), nothing, false},
		{"'a' * 2", wrongType, nothing, true},
		{"'a'.replaceMatches('(a)', '$1')", wrongType, one("System.String", "a"), false},
		{"issued < 'a'", nothing, outcome{err: "types did not match"}, false},
		{"id", one("FHIR.id", "a"), one("System.String", "a"), true},
		{"name", one("FHIR.HumanName", "{}"), one("FHIR.Address", "{}"), false},
		{"1 + 1", one("System.Integer", "3"), one("System.Integer", "2"), false},
		{"meta.exists(lastUpdated.first() != @2024-01)", no, yes, true},
		{"meta.exists(lastUpdated.first() != @2024-01)", yes, no, false},
		{"status.ofType(FHIR.string)", nothing, one("FHIR.code", "final"), true},
		{"population.age.low != 18 'a'", no, yes, true},
		{"value = 18 'a'", no, yes, false},
		{"name.given", outcome{err: "panic", panicked: true}, nothing, false},
	} {
		kind := difference(test.our, test.their)
		require.NotEqual(t, agree, kind, test.expression)
		require.Equal(t, test.explained, explain(question{expression: test.expression}, kind, test.our, test.their) != "", test.expression)
	}
}
