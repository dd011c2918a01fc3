package search_test

import (
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
)

func TestToken(t *testing.T) {
	cases{
		{"code=8480-6", true},
		{"code=http://loinc.org|8480-6", true},
		{"code=http://snomed.info/sct|8480-6", false},
		{"code=|local", true},
		{"code=|8480-6", false},
		{"code=local", true},
		{"code=http://loinc.org|", true},
		{"code=http://snomed.info/sct|", false},
		{"code=x,8480-6", true},
		{"code=x,y", false},
		{"code=LOCAL", true},
		{"code=http://LOINC.org|8480-6", false},
		{"status=final", true},
		{"status=FINAL", false},
		{"status=http://hl7.org/fhir/observation-status|final", true},
		{"status=|final", false},
		{"status:not=final", false},
		{"status:not=amended", true},
		{"status:not=amended,final", false},
		{"method:not=x", true},
		{"method:missing=true", true},
		{"method:missing=false", false},
		{"code:missing=false", true},
		{"code:text=systolic", true},
		{"code:text=blood", true},
		{"code:text=pressure", false},
		{"identifier:text=medical", true},
		{`identifier=A\,1\|2`, true},
		{`identifier=http://ids.example.org|A\,1\|2`, true},
		{"identifier=A", false},
		{`identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|A\,1\|2`, true},
		{`identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|SS|A\,1\|2`, false},
		{"_id=o1", true},
		{"_id=O1", false},
		{"_id=x,o1", true},
		{"_tag=http://tags.example.org|alpha", true},
		{"_security:missing=true", true},
		{"code=8480-6&status=final", true},
		{"code=8480-6&status=amended", false},
		{"code=8480-6&code=local", true},
	}.run(t, fhirpath.R4, observation)
	cases{
		{"active=true", true},
		{"active=false", false},
		{"gender=female", true},
		{"phone=555-1", true},
		{"telecom=a@example.org", true},
		{"email=555-1", false},
		{"deceased=false", true},
		{"deceased=true", false},
	}.run(t, fhirpath.R4, patient)
}

func TestReference(t *testing.T) {
	cases{
		{"subject=Patient/p1", true},
		{"subject=p1", true},
		{"subject=p2", false},
		{"subject=Group/p1", false},
		{"subject:Patient=p1", true},
		{"subject:Patient=Patient/p1", true},
		{"subject:Group=p1", false},
		{"patient=Patient/p1", true},
		{"patient=p1", true},
		{"subject=https://fhir.example.org/r4/Patient/p1", true},
		{"subject=https://other.example.org/r4/Patient/p1", false},
		{"subject=Patient/p1/_history/7", false},
		{"encounter=Encounter/e1", true},
		{"encounter=e1", true},
		{"encounter=https://fhir.example.org/r4/Encounter/e1", true},
		{"performer=Practitioner/x1", false},
		{"performer=x1", false},
		{"performer=https://other.example.org/fhir/Practitioner/x1", true},
		{"performer=urn:uuid:9f5b2c3e-0000-4000-8000-000000000001", true},
		{"performer=contained", false},
		{"performer:identifier=http://npi|99", true},
		{"performer:identifier=99", true},
		{"performer:identifier=http://npi|98", false},
		{"performer=Practitioner/a,https://other.example.org/fhir/Practitioner/x1", true},
		{"specimen:missing=true", true},
	}.run(t, fhirpath.R4, observation)
	cases{
		{"general-practitioner=p2", true},
		{"general-practitioner:Organization=p1", true},
		{"general-practitioner:Practitioner=p1", false},
	}.run(t, fhirpath.R4, patient)
	cases{
		{"instantiates-canonical=http://example.org/PlanDefinition/a", true},
		{"instantiates-canonical=http://example.org/PlanDefinition/a|1", true},
		{"instantiates-canonical=http://example.org/PlanDefinition/a|2", false},
	}.run(t, fhirpath.R4, `{"resourceType":"CarePlan","instantiatesCanonical":["http://example.org/PlanDefinition/a|1"]}`)
}
