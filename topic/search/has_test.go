package search_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// TestHas goes through the FHIR search page, "Reverse Chaining".
func TestHas(t *testing.T) {
	h, o := newHost(t, fhirpath.R4, peter, joe, bp, audit, visit)
	check(t, o, peter, `
	+ _has:Observation:patient:code=8480-6
	+ _has:Observation:patient:code=http://loinc.org|8480-6
	- _has:Observation:patient:code=1234-5
	+ _has:Observation:patient:code=1234-5,8480-6
	+ _has:Observation:subject:status=final
	+ _has:Observation:patient:code:not=1234-5
	- _has:Observation:patient:code:not=8480-6
	+ _has:Observation:patient:value-quantity=gt100
	+ _has:Observation:patient:code=8480-6&_has:Encounter:patient:status=finished
	- _has:Observation:patient:code=8480-6&_has:Encounter:patient:status=planned
	+ _has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/joe
	- _has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/jane
	+ _has:Observation:patient:_has:AuditEvent:entity:agent:Practitioner=joe
	+ _has:Observation:patient:encounter.status=finished
	- _has:Observation:patient:encounter.status=planned
	+ _has:Observation:patient:subject:Patient.name:exact=Peter
	x _has=1
	x _has:Observation=1
	x _has:Observation:patient=1
	x _has:Observation:patient:=1
	x _has:Nonsense:patient:code=1
	x _has:Observation:nonsense:code=1
	x _has:Observation:code:code=1
	x _has:Observation:patient:nonsense=1
	x _has:Observation:encounter:code=1
	x _has:Observation:patient:code:nonsense=1
	x _has:Observation:patient:date=x
	x _has:Observation:patient:code=
	x _has:Observation:patient:_count=1
	`)
	check(t, o, bp, `
	+ patient._has:Encounter:patient:status=finished
	- patient._has:Encounter:patient:status=planned
	`)
	check(t, o, `{"resourceType":"Patient"}`, "- _has:Observation:patient:code=8480-6")
	check(t, o, `{"resourceType":"Patient","id":"2"}`, "- _has:Observation:patient:code=8480-6")

	// What the resource says about itself reaches the query as a value only.
	h.asked = nil
	criteria, err := search.ParseQuery(o, "Patient", `_has:Observation:patient:code=http://x|a\,b`)
	require.NoError(t, err)
	_, err = criteria.Match(context.Background(), node(t, `{"resourceType":"Patient","id":"1,2&code=8480-6"}`), base)
	require.NoError(t, err)
	require.Equal(t, []string{`Observation?patient=Patient/1\,2%26code=8480-6&code=http://x|a\,b`}, h.asked)
}
