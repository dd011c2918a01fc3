package search_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// TestChains goes through the FHIR search page, "Chaining".
func TestChains(t *testing.T) {
	h, o := newHost(t, fhirpath.R4, peter, jane, joe, lab, acme, visit, stay)
	check(t, o, bp, `
	+ subject.name=peter
	+ subject:Patient.name=peter
	- subject:Patient.name=paul
	+ patient.name=peter
	+ patient.gender=male
	- patient.gender=female
	+ patient.gender:not=female
	+ patient.name:exact=Peter
	- patient.name:exact=peter
	+ patient.name:contains=ETE
	+ patient.birthdate=1974
	+ patient.birthdate=ge1974-12-25
	- patient.birthdate=gt1975
	+ patient.name=x,peter
	+ patient.identifier=http://mrn|A\,1
	+ patient.deceased=false
	+ patient.deceased:missing=false
	+ patient.phone:missing=true
	- patient.name:missing=true
	+ subject:Patient._id=1
	+ subject._id=1
	- subject._id=2
	- subject:Group._id=1
	+ patient.organization.name=acme
	+ patient.organization.partof.name=acme
	- patient.organization.partof.name=labs
	+ patient.organization.partof=Organization/acme
	+ patient.organization:Organization.name=acme labs
	+ patient:Patient.organization:Organization.name:exact=Acme Labs
	- patient.organization.partof.partof.name=acme
	+ performer:Practitioner.given=jane
	- performer:Practitioner.given=joe
	+ performer:Practitioner.name=jane
	+ encounter.status=finished
	+ encounter.part-of.status=in-progress
	+ encounter.part-of.class=IMP
	- encounter.status=planned
	+ patient.general-practitioner:Practitioner.given=joe&patient.general-practitioner:Practitioner.address-state=MN
	+ patient.general-practitioner=Practitioner/joe
	+ specimen.type=blood
	- specimen.type=urine
	+ specimen.patient.name=peter
	- device.type=x
	- focus:Patient.name=peter
	+ subject.name=peter&status=final
	- subject.name=peter&status=amended
	x subject.nonsense=1
	x subject.name
	x subject.=1
	x .name=1
	x subject..name=1
	x subject:Nonsense.name=1
	x subject:Medication.code=1
	x subject:identifier.name=1
	x patient.name:nonsense=1
	x patient.birthdate=yesterday
	x patient.gender=a|b|c
	x status.name=1
	x code.text=1
	x nonsense.name=1
	x patient._count=1
	x patient._sort=1
	x patient.near=1
	x performer.code=1
	x subject:Patient:name=1
	`)
	// Each of them leads to every type of resource.
	for _, many := range []string{"target.subject.subject.subject.subject.name=x", "_filter=target.subject.subject.subject.subject.name eq x"} {
		_, err := search.ParseQuery(o, "Provenance", many)
		require.ErrorContains(t, err, "too many types")
	}
	long := "patient" + strings.Repeat(".link", 12) + "=1"
	_, err := search.ParseQuery(o, "Observation", long)
	require.ErrorContains(t, err, "too long")

	// Without need the host is not asked, and not twice for the same.
	h.asked = nil
	criteria, err := search.ParseQuery(o, "Observation", "patient.name=peter&status=amended")
	require.NoError(t, err)
	require.False(t, matches(t, criteria, node(t, bp)))
	require.Empty(t, h.asked)
	criteria, err = search.ParseQuery(o, "Observation", "patient.name=peter&patient.gender=male&subject:Patient.birthdate=1974&subject:Group.member=x")
	require.NoError(t, err)
	require.False(t, matches(t, criteria, node(t, bp)))
	require.Equal(t, []string{"Patient/1"}, h.asked)
	require.True(t, criteria.NeedsHost())
	require.Equal(t, "subject", criteria[2].Parameter().Code)
	require.Nil(t, criteria[2].Prefixes())
	criteria, err = search.ParseQuery(o, "Observation", "patient.birthdate=ge1974,lt1960&status=final")
	require.NoError(t, err)
	require.Equal(t, []string{"ge", "lt"}, criteria[0].Prefixes())
	require.False(t, criteria[1].NeedsHost())
	_, keyed := criteria[0].Keys()
	require.False(t, keyed)
}

// TestChainOfResource: a reference may hold the resource itself, or a canonical.
func TestChainOfResource(t *testing.T) {
	_, o := newHost(t, fhirpath.R4, peter, `{"resourceType":"Questionnaire","id":"q","title":"Intake"}`)
	check(t, o, `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Composition","title":"Letter","subject":{"reference":"Patient/1"}}}]}`, `
	+ composition.title=lett
	+ composition.patient.name=peter
	- composition.title=other
	`)
	check(t, o, `{"resourceType":"QuestionnaireResponse","questionnaire":"Questionnaire/q","subject":{"identifier":{"value":"x"}}}`, `
	+ questionnaire.title=int
	- questionnaire.title=x
	- patient.name=peter
	- subject:Patient.name:missing=true
	`)
}
