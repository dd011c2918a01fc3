package search_test

import (
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// TestMembership goes through FHIR R5 search, _in, and :in on references; _list.
// spec: AMB-28
func TestMembership(t *testing.T) {
	_, o := newHost(t, fhirpath.R5,
		`{"resourceType":"Group","id":"g","member":[{"entity":{"reference":"Patient/1"}},{"entity":{"reference":"Patient/old"},"inactive":true},
		 {"entity":{"reference":"Patient/left"},"period":{"end":"2001-01-01"}},{"entity":{"reference":"https://fhir.example.org/r4/Patient/3"},"period":{"start":"2001"}},
		 {"entity":{"reference":"Patient/soon"},"period":{"start":"2999-01-01"}}]}`,
		`{"resourceType":"Group","id":"empty"}`,
		`{"resourceType":"Group","id":"definition","characteristic":[{"exclude":false}]}`,
		`{"resourceType":"List","id":"42","entry":[{"item":{"reference":"Patient/2"}},{"item":{"reference":"Patient/1"},"deleted":true}]}`,
		`{"resourceType":"CareTeam","id":"t","participant":[{"member":{"reference":"Practitioner/joe"}},{"member":{"reference":"Patient/2"},"coveragePeriod":{"end":"2001"}}]}`,
	)
	for id, table := range map[string]string{
		"1": `
		+ _in=Group/g
		- _in:not=Group/g
		- _in=List/42
		+ _in:not=List/42
		+ _in=List/42,Group/g
		+ _in=https://fhir.example.org/r4/Group/g
		- _in=Group/empty
		- _in=Group/none
		+ _in:not=Group/none
		? _in=Group/definition
		+ _in=Group/g,Group/definition
		? _in:not=Group/definition
		- _list=42
		x _in=Patient/1
		x _in=g
		x _in=
		x _in=Group/
		x _in=Group/g/_history/1
		x _in:missing=true
		x _in:exact=Group/g
		x _list=$current-allergies
		x _list=Group/g
		x _list:not=42
		x _in.name=x
		x _list.name=x
		`,
		"2":    "+ _list=42\n + _in=List/42\n - _in=CareTeam/t\n + _list=1,42\n - _list=1",
		"3":    "+ _in=Group/g",
		"old":  "- _in=Group/g",
		"left": "- _in=Group/g",
		"soon": "- _in=Group/g",
	} {
		check(t, o, `{"resourceType":"Patient","id":"`+id+`"}`, table)
	}
	check(t, o, `{"resourceType":"Encounter","subject":{"reference":"Patient/1"},"participant":[{"actor":{"reference":"Practitioner/joe"}}]}`, `
	+ patient:in=Group/g
	- patient:not-in=Group/g
	- patient:in=List/42
	+ patient:not-in=List/42
	+ patient:in=List/42,Group/g
	+ patient._in=Group/g
	- patient._in=List/42
	+ patient._in:not=List/42
	+ subject:Patient._in=Group/g
	+ participant:in=CareTeam/t
	? patient:in=Group/definition
	? patient:not-in=Group/definition
	- patient:in=Group/empty
	+ location:not-in=Group/g
	- location:in=Group/g
	x patient:in=Patient/1
	x patient:in=g
	x patient._in:exact=Group/g
	x status:in=Group/g&status:in=
	`)
	check(t, o, `{"resourceType":"Patient"}`, "- _in=Group/g\n + _in:not=Group/g\n - _list=42")
}
