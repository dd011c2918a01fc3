package search_test

import (
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// R4 and R5, "reference": [id], [type]/[id], absolute, versioned, canonical; "if the
// reference is to an absolute URL, it matches that only"; relative ones and those below
// the server's base are the same.
func TestConformanceReference(t *testing.T) {
	subject := func(reference string) string {
		return `{"resourceType":"Observation","subject":` + reference + `}`
	}
	check(t, r4, subject(`{"reference":"Patient/23"}`), `
	+ subject=Patient/23
	+ subject=23
	+ subject:Patient=23
	+ subject:Patient=Patient/23
	+ subject=https://fhir.example.org/r4/Patient/23
	- subject=https://fhir.example.org/r5/Patient/23
	- subject=http://fhir.example.org/r4/Patient/23
	- subject=https://fhir.example.org/Patient/23
	- subject=Patient/2
	- subject=Patient/234
	- subject=patient23
	- subject=Group/23
	- subject:Group=23
	- subject=Patient/23/_history/1
	+ patient=23
	+ patient=Patient/23
	- patient=Group/23
	+ subject=Patient/1,Patient/23
	+ subject=Group/1,23
	- subject:missing=true
	x subject=patient/23
	x subject=Patient/
	x subject=Patient/23/
	x subject=/Patient/23
	x subject=Patient%2F23%2Fx
	x subject=Nonsense/23
	x subject:not=Patient/23
	x subject:exact=Patient/23
	x subject:contains=23
	x subject:patient=23
	x subject:Nonsense=23
	x subject:Patient=Group/23
	x subject=#p
	x subject=Patient/23|1
	`)
	check(t, r4, subject(`{"reference":"https://fhir.example.org/r4/Patient/23/_history/4"}`), `
	+ subject=Patient/23
	+ subject=23
	+ subject=Patient/23/_history/4
	+ subject=https://fhir.example.org/r4/Patient/23/_history/4
	- subject=Patient/23/_history/5
	+ patient=23
	`)
	// Another server's Patient/23 is another resource.
	check(t, r4, subject(`{"reference":"http://other.example.org/fhir/Patient/23"}`), `
	- subject=Patient/23
	- subject=23
	- subject:Patient=23
	+ subject=http://other.example.org/fhir/Patient/23
	+ patient=http://other.example.org/fhir/Patient/23
	- patient=23
	`)
	check(t, r4, subject(`{"reference":"urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8","type":"Patient"}`), `
	+ subject=urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8
	- subject=6ba7b810-9dad-11d1-80b4-00c04fd430c8
	+ patient=urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8
	`)
	// JSON may write a slash with a backslash, as PHP does; RFC 8259, section 7.
	check(t, r4, subject(`{"reference":"https:\/\/fhir.example.org\/r4\/Patient\/23\/_history\/4","type":"P\u0061tient"}`), `
	+ subject=Patient/23
	+ subject:Patient=23
	+ patient=23
	+ patient=https://fhir.example.org/r4/Patient/23
	- patient=24
	`)
	check(t, r4, subject(`{"reference":"Patient\/23"}`), `
	+ patient=Patient/23
	- patient=Group/23
	`)
	check(t, r4, subject(`{"reference":"#p"}`), `
	- subject=p
	- subject=Patient/p
	`)
	check(t, r4, subject(`{"display":"Peter James","type":"Patient"}`), `
	- subject=Peter
	+ subject:text=peter
	- subject:text=james
	+ subject:missing=false
	`)
	// "identifier": the Reference.identifier, not that of the resource; R4 "Reference".
	check(t, r4, subject(`{"type":"Patient","identifier":{"system":"http://acme.org/fhir/identifier/mrn","value":"123456"}}`), `
	+ subject:identifier=http://acme.org/fhir/identifier/mrn|123456
	+ subject:identifier=123456
	- subject:identifier=|123456
	- subject:identifier=http://acme.org/fhir/identifier/mrn|12345
	- subject=123456
	- subject=Patient/123456
	+ patient:identifier=http://acme.org/fhir/identifier/mrn|123456
	- patient=123456
	`)
	check(t, r4, subject(`{"type":"http://hl7.org/fhir/StructureDefinition/Patient","identifier":{"value":"1"}}`), `
	+ patient:identifier=1
	`)
	// Without a type, what the identifier is of is not known, and a parameter that asks
	// for one type does not find it.
	check(t, r4, subject(`{"identifier":{"system":"http://mrn","value":"1"}}`), `
	+ subject:identifier=http://mrn|1
	- patient:identifier=http://mrn|1
	`)
	// A list of references: any of them. A bare id only of the types that may be there.
	check(t, r4, `{"resourceType":"Observation","performer":[{"reference":"Practitioner/1"},{"reference":"Organization/2"}],"hasMember":[{"reference":"Observation/3"}]}`, `
	+ performer=Practitioner/1
	+ performer=2
	+ performer:Organization=2
	- performer:Practitioner=2
	+ performer=Practitioner/1&performer=Organization/2
	- performer=Practitioner/1&performer=Organization/1
	- performer=3
	+ has-member=Observation/3
	+ has-member=3
	- has-member=1
	`)
	// R5 "CodeableReference": the reference of it, and the concept by the token.
	check(t, r5, `{"resourceType":"MedicationRequest","medication":{"reference":{"reference":"Medication/7"}},"reason":[{"concept":{"coding":[{"code":"flu"}]}}]}`, `
	+ medication=Medication/7
	+ medication=7
	- medication=8
	`)
	// Canonicals: "a match with any version unless one is given".
	check(t, r4, `{"resourceType":"QuestionnaireResponse","questionnaire":"http://example.org/Questionnaire/intake|2.1"}`, `
	+ questionnaire=http://example.org/Questionnaire/intake
	+ questionnaire=http://example.org/Questionnaire/intake|2.1
	- questionnaire=http://example.org/Questionnaire/intake|2
	+ questionnaire:below=http://example.org/Questionnaire/intake|2
	- questionnaire=intake
	- questionnaire=http://example.org/Questionnaire/inta
	`)
}

// R4 and R5, "Chained parameters" and "Reverse chaining".
func TestConformanceChains(t *testing.T) {
	_, o := newHost(t, fhirpath.R4,
		`{"resourceType":"Patient","id":"p","name":[{"family":"Xu","given":["peter"]}],"birthDate":"1980-05","gender":"other","generalPractitioner":[{"reference":"Practitioner/d"}]}`,
		`{"resourceType":"Practitioner","id":"d","name":[{"family":"Dorn"}],"identifier":[{"system":"http://npi","value":"9"}]}`,
		`{"resourceType":"Observation","id":"x","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1234-5"}]},"subject":{"reference":"Patient/p"},"valueQuantity":{"value":5}}`,
		`{"resourceType":"Encounter","id":"v","status":"finished","subject":{"reference":"https://fhir.example.org/r4/Patient/p"}}`,
	)
	check(t, o, `{"resourceType":"DiagnosticReport","id":"r","subject":{"reference":"Patient/p"},"result":[{"reference":"Observation/x"},{"reference":"Observation/none"}],"encounter":{"reference":"Encounter/v"}}`, `
	+ subject:Patient.name=peter
	+ subject.name=peter
	+ patient.family=xu
	- patient.family:exact=xu
	+ patient.birthdate=1980
	- patient.birthdate=gt1980-05
	+ patient.gender=other,male
	- patient.gender:not=other
	+ patient.general-practitioner:Practitioner.identifier=http://npi|9
	- patient.general-practitioner:Practitioner.identifier=http://npi|8
	+ patient.general-practitioner:Practitioner.family=dorn
	+ result.code=http://loinc.org|1234-5
	+ result.value-quantity=gt4
	- result.value-quantity=gt5
	+ result.subject:Patient.gender=other
	+ encounter.status=finished
	+ encounter.subject:Patient.family=xu
	+ patient.name=peter&encounter.status=finished
	- patient.name=peter&encounter.status=planned
	- subject:Group.identifier=x
	x subject:Patient.nonsense=1
	x subject:Observation.code=1
	x status.code=1
	x patient:missing.name=1
	x patient.name:of-type=a|b|c
	x patient.birthdate=1980-5
	`)
	check(t, o, `{"resourceType":"Patient","id":"p"}`, `
	+ _has:Observation:patient:code=1234-5
	+ _has:Observation:subject:code=http://loinc.org|1234-5
	- _has:Observation:patient:code=1234-6
	+ _has:Observation:patient:code=1234-6,1234-5
	+ _has:Encounter:patient:status=finished
	- _has:Encounter:patient:status=planned
	+ _has:Observation:patient:value-quantity=ge5
	+ _has:Encounter:patient:status:not=planned
	+ _has:Observation:patient:_id=x
	- _has:Observation:performer:code=1234-5
	x _has:Observation:device:code=1
	x _has:Observation:patient=1
	x _has:Observation:code=1
	x _has:Observation:subject:nonsense=1
	x _has:Patient.code=1
	`)
	check(t, o, `{"resourceType":"Practitioner","id":"d"}`, `
	+ _has:Patient:general-practitioner:_has:Observation:patient:code=1234-5
	- _has:Patient:general-practitioner:_has:Observation:patient:code=9
	+ _has:Patient:general-practitioner:family=xu
	`)
	check(t, o, `{"resourceType":"Encounter","id":"v","subject":{"reference":"Patient/p"}}`, `
	+ patient._has:Observation:patient:code=1234-5
	- patient._has:Observation:patient:code=9
	`)
}
