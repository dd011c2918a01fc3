package search_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// TestFilter goes through https://hl7.org/fhir/search_filter.html: its examples, its
// grammar and its table of operators.
func TestFilter(t *testing.T) {
	_, o := newHost(t, fhirpath.R4, peter, jane, joe, lab, acme, visit, stay, audit)
	filters := func(resource, table string) {
		t.Helper()
		var rows []string
		for _, v := range vectors(table) {
			rows = append(rows, v.want+" _filter="+search.EscapeValue(v.query))
		}
		check(t, o, resource, strings.Join(rows, "\n"))
	}
	filters(peter, `
	+ name co "pet"
	+ name co "ETE"
	- name co "paul"
	+ given eq "peter"
	- given eq "pete"
	+ given eq peter
	+ given eq "peter" and birthdate ge 1970-10-10
	- given eq "peter" and birthdate ge 2014-10-10
	+ given eq "paul" or birthdate lt 2014-10-10
	+ given sw "pe"
	- given sw "et"
	+ given ew "er"
	- given ew "pet"
	+ given ne "paul"
	- given ne "peter"
	+ given gt "o"
	- given gt "p"
	+ given ge "p"
	+ given le "p"
	- given lt "p"
	+ family eq chalmers
	+ birthdate eq 1974-12-25
	- birthdate eq 1974-12-24
	+ birthdate eq 1974
	+ birthdate ne 1975
	+ birthdate gt 1974-12-24
	- birthdate gt 1974-12-25
	+ birthdate le 1974-12-25
	+ birthdate sa 1974-11
	+ birthdate eb 1975
	+ birthdate po 1974-12
	+ birthdate po 1974-12-25T10:00
	- birthdate po 1975
	+ birthdate co 1974-12-25T10:00
	- birthdate co 1974
	+ birthdate pr true
	- birthdate pr false
	+ phone pr false
	- phone pr true
	+ gender eq male
	+ gender eq "male"
	- gender ne male
	+ gender ne female
	+ not (gender eq female)
	- not (gender eq male)
	+ not(gender eq female)
	+ (gender eq male)
	+ ((gender eq male) and (given eq peter))
	+ gender eq female and given eq x or given eq peter
	- given eq peter or gender eq male and gender eq female
	+ given eq peter or (gender eq male and gender eq female)
	+ gender eq male and not (given eq paul) and birthdate pr true
	+ identifier eq http://mrn|A,1
	- identifier eq http://mrn|A
	+ organization re Organization/lab
	+ organization re lab
	+ organization re https://fhir.example.org/r4/Organization/lab
	- organization re Organization/acme
	+ organization.name eq "acme labs"
	+ organization.partof.name eq acme
	+ organization[name sw acme].partof.name eq acme
	- organization[name eq acme].partof.name eq acme
	+ general-practitioner:Practitioner.given eq joe and general-practitioner:Practitioner.address-state eq MN
	- general-practitioner[given eq joe].address-state eq MN
	+ general-practitioner[given eq joe].address-state eq CA
	+ general-practitioner[given eq "j]oe" or (given eq "joe")].address-state eq CA
	+ _id eq 1
	- _id ne 1
	x related[type eq has-component].target pr true
	x name
	x name co
	x name co ""
	x name xx "pet"
	x name co "pet
	x name co "pet" and
	x and name co "pet"
	x name co "pet" or or given eq x
	x name co "pet" given eq x
	x (name co "pet"
	x name co "pet")
	x not name co "pet"
	x ()
	x not ()
	x nonsense eq x
	x name eq "a" xor given eq "b"
	x birthdate co yesterday
	x birthdate eq ge1974
	x birthdate sw 1974
	x gender co male
	x gender sw male
	x gender gt male
	x organization eq lab
	x organization co lab
	x name re Patient/1
	x name po 1974
	x name in http://vs
	x birthdate pr maybe
	x name co -
	x name co "- -"
	x given:exact eq peter
	x organization.nonsense eq x
	x gender.name eq x
	x organization[name eq acme] eq x
	x organization[name eq acme.name eq x
	x organization:Patient.name eq x
	x _type eq Patient
	x _filter eq x
	x _list eq 1
	x _count eq 1
	x . eq x
	x name. eq x
	`)
	filters(bp, `
	+ code eq http://loinc.org|8480-6
	+ code eq loinc|8480-6
	- code eq snomed|8480-6
	+ code eq 8480-6
	- code eq http://loinc.org|1234-5
	+ subject.name co "pet"
	- subject.name co "pat"
	+ subject:Patient.name co "pet"
	+ code eq http://loinc.org|8480-6 and subject.name co "peter"
	+ value-quantity gt 100
	+ value-quantity eq 120
	+ value-quantity ap 118
	- value-quantity lt 120
	+ value-quantity le 120
	- value-quantity gt 100||mg
	+ code ss loinc|8480-6
	- code ss loinc|8480
	+ code sb loinc|8480-6.1
	- code in http://vs
	+ code ni http://vs
	+ status in http://vs
	+ encounter[status eq finished].part-of.status eq in-progress
	- encounter[status eq planned].part-of.status eq in-progress
	+ encounter.part-of.class eq IMP
	x value-quantity co 120
	x value-quantity eq 1|mg
	x value-quantity eq x
	x code ss loinc|
	x code-value-quantity eq a$1
	`)
	filters(`{"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":0.8}]}`, `
	+ probability co 0.84
	+ probability co 0.8
	- probability co 0.9
	+ probability eq 0.8
	+ probability ne 0.9
	`)
	filters(`{"resourceType":"ValueSet","url":"http://x","status":"active"}`, `
	+ url eq http://x
	- url eq http://y
	+ url ne http://y
	x url co x
	`)
	filters(`{"resourceType":"Practitioner","id":"joe"}`, `
	+ _has:AuditEvent:agent:entity-name pr false
	- _has:AuditEvent:agent:entity-name pr true
	+ _has:AuditEvent:agent:entity re Observation/bp
	+ _has:AuditEvent:agent:entity re "Observation/bp" and name pr false
	- _has:AuditEvent:agent:entity re Observation/x
	x _has:AuditEvent:agent re x
	x _has:Nonsense:agent:entity re x
	- _has:AuditEvent:entity:agent re x
	`)
	for _, hostile := range []string{
		strings.Repeat("(", 10_000), strings.Repeat("not (", 1000) + "name eq x" + strings.Repeat(")", 1000),
		"name eq x" + strings.Repeat(" and name eq x", 10_000), strings.Repeat("organization[", 1000),
		"organization" + strings.Repeat(".partof", 1000) + ".name eq x", `name co "` + strings.Repeat("\\", 1001),
	} {
		_, err := search.Parse(o, "Patient", "_filter", hostile)
		require.Error(t, err)
	}
	// Nothing of a filter needs a host that only asks about the resource.
	criteria, err := search.ParseQuery(r4, "Patient", "_filter="+search.EscapeValue(`name co "pet" or not (gender eq male)`))
	require.NoError(t, err)
	require.False(t, criteria.NeedsHost())
	for _, refused := range []string{"organization.name eq x", "gender in http://vs", "_has:Observation:patient:code eq x"} {
		_, err := search.ParseQuery(r4, "Patient", "_filter="+search.EscapeValue(refused))
		require.Error(t, err)
	}
}
