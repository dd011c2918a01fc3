package search_test

import "testing"

// TestReferenceVectors goes through the FHIR search page, "reference" and
// "References and Versions". The base is https://fhir.example.org/r4.
func TestReferenceVectors(t *testing.T) {
	to := func(reference string) string {
		return `{"resourceType":"Observation","subject":{"reference":"` + reference + `"}}`
	}
	check(t, r4, to("Patient/123"), `
	+ subject=Patient/123
	+ subject=123
	+ subject:Patient=123
	+ subject:Patient=Patient/123
	+ subject=https://fhir.example.org/r4/Patient/123
	- subject=http://fhir.example.org/r4/Patient/123
	- subject=https://fhir.example.org/r5/Patient/123
	- subject=https://fhir.example.org/Patient/123
	- subject=Group/123
	- subject:Group=123
	- subject:Device=123
	- subject=Patient/12
	- subject=12
	- subject=1234
	x subject=patient/123,Patient/124
	+ subject=Patient/1,Patient/123
	+ patient=123
	+ patient=Patient/123
	+ patient:Patient=123
	- subject=Patient/123/_history/1
	- subject=urn:uuid:123
	+ subject:missing=false
	- focus=Patient/123
	x subject=patient/123
	- subject=Patient
	x subject=Patient/
	x subject=/123
	x subject=Patient/123/4
	x subject=Patient/123/_history/
	x subject=Patient/123|1
	x subject=#123
	x subject:Patient=Group/123
	x subject:Patient=https://fhir.example.org/r4/Patient/123
	x subject:patient=123
	x subject:Nonsense=123
	x subject:type=123
	x subject:not=123
	x subject:exact=123
	x subject:contains=123
	x subject:below=123
	x subject:above=123
	x subject:in=Group/1
	x subject:not-in=Group/1
	x subject:text-advanced=a
	x subject=
	x subject.name=x
	x subject:Patient.name=x
	`)
	check(t, r4, to("https://fhir.example.org/r4/Patient/123"), `
	+ subject=Patient/123
	+ subject=123
	+ subject:Patient=123
	+ patient=123
	+ subject=https://fhir.example.org/r4/Patient/123
	`)
	check(t, r4, to("https://other.example.org/fhir/Patient/123"), `
	- subject=Patient/123
	- subject=123
	- subject:Patient=123
	+ subject=https://other.example.org/fhir/Patient/123
	- subject=https://other.example.org/fhir/Patient/1
	`)
	check(t, r4, to("Patient/123/_history/2"), `
	+ subject=Patient/123
	+ subject=123
	+ subject:Patient=123
	+ subject=Patient/123/_history/2
	- subject=Patient/123/_history/1
	+ subject=https://fhir.example.org/r4/Patient/123/_history/2
	+ subject=https://fhir.example.org/r4/Patient/123
	+ subject:Patient=123/_history/2
	`)
	check(t, r4, to("urn:uuid:9f5b2c3e-0000-4000-8000-000000000001"), `
	+ subject=urn:uuid:9f5b2c3e-0000-4000-8000-000000000001
	- subject=9f5b2c3e-0000-4000-8000-000000000001
	- subject=Patient/9f5b2c3e-0000-4000-8000-000000000001
	`)
	check(t, r4, to("#p1"), `
	- subject=p1
	- subject=Patient/p1
	- subject:missing=true
	`)
	check(t, r4, `{"resourceType":"Observation","subject":{"identifier":{"system":"http://mrn","value":"12345"},"display":"Peter Chalmers","type":"Patient"}}`, `
	+ subject:identifier=http://mrn|12345
	+ subject:identifier=12345
	- subject:identifier=http://other|12345
	- subject:identifier=|12345
	+ subject:identifier=http://mrn|
	- subject:identifier=1234
	+ subject:identifier=x,12345
	- subject=12345
	- subject=Patient/12345
	+ subject:text=peter
	+ subject:code-text=PETER C
	- subject:text=chalmers
	- subject:missing=true
	x subject:identifier=a|b|c
	x subject:identifier.value=1
	`)
	check(t, r4, to("Patient/abc"), `
	- subject:identifier=http://mrn|12345
	- subject:text=abc
	`)
	check(t, r4, `{"resourceType":"Observation","performer":[{"reference":"Practitioner/1"},{"reference":"Organization/1"},{"reference":"PractitionerRole/2"}]}`, `
	+ performer=1
	+ performer:Practitioner=1
	+ performer:Organization=1
	- performer:PractitionerRole=1
	+ performer=Practitioner/1&performer=PractitionerRole/2
	- performer=Practitioner/1&performer=Practitioner/2
	+ performer=Practitioner/9,Organization/1
	`)
	check(t, r4, `{"resourceType":"QuestionnaireResponse","questionnaire":"http://example.org/fhir/Questionnaire/intake|1.1"}`, `
	+ questionnaire=http://example.org/fhir/Questionnaire/intake
	+ questionnaire=http://example.org/fhir/Questionnaire/intake|1.1
	- questionnaire=http://example.org/fhir/Questionnaire/intake|1
	- questionnaire=http://example.org/fhir/Questionnaire/intake|1.10
	- questionnaire=http://example.org/fhir/Questionnaire/in
	+ questionnaire:below=http://example.org/fhir/Questionnaire/intake
	+ questionnaire:below=http://example.org/fhir/Questionnaire/intake|1
	+ questionnaire:below=http://example.org/fhir/Questionnaire/intake|1.1
	- questionnaire:below=http://example.org/fhir/Questionnaire/intake|2
	- questionnaire:below=http://example.org/fhir/Questionnaire/intake|1.
	- questionnaire:below=http://example.org/fhir
	x questionnaire:above=http://example.org/fhir/Questionnaire/intake
	x questionnaire:identifier=1
	x questionnaire:text=1
	x questionnaire:below=intake
	x questionnaire=http://example.org/fhir/Questionnaire/intake|
	`)
	check(t, r4, `{"resourceType":"QuestionnaireResponse","questionnaire":"http://q|10.2"}`, `
	- questionnaire:below=http://q|1
	+ questionnaire:below=http://q|10
	`)
	check(t, r4, `{"resourceType":"QuestionnaireResponse","questionnaire":"Questionnaire/123"}`, `
	+ questionnaire=Questionnaire/123
	- questionnaire=Questionnaire/456
	`)
	check(t, r5, `{"resourceType":"Procedure","performer":[{"actor":{"reference":"Practitioner/1"}}],"reason":[{"reference":{"reference":"Condition/2","identifier":{"value":"i"},"display":"Ache"}}],"meta":{"profile":["http://p|2.1"]}}`, `
	+ reason-reference=Condition/2
	+ reason-reference=2
	+ reason-reference:identifier=i
	+ reason-reference:text=ach
	+ _profile=http://p
	+ _profile=http://p|2.1
	+ _profile:below=http://p|2
	- _profile:below=http://p|1
	`)
	check(t, r4, `{"resourceType":"Bundle","type":"document","entry":[{"resource":{"resourceType":"Composition","id":"c","status":"final"}}]}`, `
	+ composition=Composition/c
	+ composition=c
	- composition=d
	`)
	check(t, r4, `{"resourceType":"Condition","evidence":[{"detail":[{"reference":"Observation/123/_history/234234"}]}]}`, `
	+ evidence-detail=Observation/123
	+ evidence-detail=Observation/123/_history/234234
	+ evidence-detail:Observation=123
	- evidence-detail:DiagnosticReport=123
	`)
}

// TestCompositeVectors goes through the FHIR search page, "composite".
func TestCompositeVectors(t *testing.T) {
	check(t, r4, `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},
	"valueQuantity":{"value":6.1,"system":"http://unitsofmeasure.org","code":"mmol/L"},"effectiveDateTime":"2020-01-02",
	"component":[
	{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":107,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
	{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":60,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
	{"code":{"coding":[{"code":"a$b"}]},"valueCodeableConcept":{"coding":[{"code":"yes"}]}}]}`, `
	+ component-code-value-quantity=http://loinc.org|8480-6$107
	+ component-code-value-quantity=http://loinc.org|8480-6$lt120
	- component-code-value-quantity=http://loinc.org|8480-6$lt60
	- component-code-value-quantity=http://loinc.org|8480-6$60
	+ component-code-value-quantity=8480-6$gt100|http://unitsofmeasure.org|mm[Hg]
	+ component-code-value-quantity=8480-6$gt13|http://unitsofmeasure.org|kPa
	- component-code-value-quantity=8480-6$gt15|http://unitsofmeasure.org|kPa
	+ component-code-value-quantity=8480-6$60,8462-4$60
	- component-code-value-quantity=8480-6$60&component-code-value-quantity=8462-4$60
	+ component-code-value-quantity=8480-6$107&component-code-value-quantity=8462-4$60
	+ component-code-value-concept=a\$b$yes
	- component-code-value-concept=a$yes
	- component-code-value-concept=8480-6$yes
	+ code-value-quantity=http://loinc.org|85354-9$gt5.4|http://unitsofmeasure.org|mmol/L
	- code-value-quantity=http://loinc.org|85354-9$gt5.4|http://unitsofmeasure.org|mg/dL
	- code-value-quantity=8480-6$107
	+ combo-code-value-quantity=8480-6$107
	+ combo-code-value-quantity=85354-9$6.1
	- combo-code-value-quantity=85354-9$107
	+ component-code-value-quantity=8480-6$107&status=final
	- component-code-value-quantity=8480-6$107&status=amended
	x code-value-quantity=85354-9
	x code-value-quantity=85354-9$
	x code-value-quantity=$6.1
	x code-value-quantity=85354-9$6.1$7
	x code-value-quantity=85354-9$x
	x code-value-quantity:missing=true
	x code-value-quantity:not=85354-9$6.1
	x code-value-quantity:exact=85354-9$6.1
	`)
	check(t, r4, `{"resourceType":"Group","characteristic":[{"code":{"coding":[{"code":"gender"}]},"valueCodeableConcept":{"coding":[{"code":"mixed"}]}},{"code":{"coding":[{"code":"owner"}]},"valueCodeableConcept":{"coding":[{"code":"eve"}]}}]}`, `
	+ characteristic-value=gender$mixed
	+ characteristic-value=gender$mixed,owner$Eve
	- characteristic-value=gender$eve
	- characteristic-value=owner$mixed
	`)
	check(t, r4, `{"resourceType":"Questionnaire","useContext":[{"code":{"code":"focus"},"valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"408934002"}]}}]}`, `
	+ context-type-value=focus$http://snomed.info/sct|408934002
	- context-type-value=venue$http://snomed.info/sct|408934002
	`)
	check(t, r4, `{"resourceType":"Observation","code":{"coding":[{"code":"c"}]},"effectiveDateTime":"2020-01-02T10:00:00Z","valueDateTime":"2019","valueString":"x"}`, `
	+ code-value-date=c$2019
	+ code-value-date=c$lt2020
	- code-value-date=c$gt2020
	- code-value-date=d$2019
	`)
}
