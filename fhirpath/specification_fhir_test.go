package fhirpath

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const narrated = `{"resourceType":"Observation","id":"n",
	"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>x</p></div>"},
	"modifierExtension":[{"url":"http://m","valueBoolean":true},{"url":"http://n","valueBoolean":true}],
	"contained":[{"resourceType":"Patient","id":"c","managingOrganization":{"reference":"#o"},"link":[{"other":{"reference":"#"}}]},
		{"resourceType":"Organization","id":"o","name":"contained"}],
	"code":{"coding":[{"system":"s","code":"a","display":"A","version":"1"},{"system":"t","code":"x"}]},
	"category":[{"coding":[{"system":"s","code":"a","display":"other"}]},{"coding":[{"system":"s","code":"b"}]},{"text":"none"},{"coding":[{"system":"u","code":"z"}]}],
	"subject":{"reference":"#c"},"encounter":{"reference":"Encounter/9"},"performer":[{"reference":"Patient/f001"},{"identifier":{"value":"7"}}],
	"status":"final","_status":{"id":"i","extension":[{"url":"http://e","valueString":"v"}]},
	"effectiveDateTime":"2020-01-01","valueQuantity":{"value":2,"unit":"years","system":"http://unitsofmeasure.org","code":"a"},
	"component":[{"id":"k1","code":{"text":"A","coding":[{"system":"s","code":"k"}]},"valueInteger":5},{"id":"k2","code":{"text":"B","coding":[{"system":"s","code":"K"}]},"valueInteger":5},
		{"code":{"text":"w"},"valueQuantity":{"value":1,"system":"http://unitsofmeasure.org","code":"wk"}},
		{"code":{"text":"c"},"valueQuantity":{"value":1,"comparator":"<","system":"http://unitsofmeasure.org","code":"mg"}},
		{"code":{"text":"l"},"valueQuantity":{"value":1,"unit":"day","system":"http://hl7.org/fhirpath/CodeSystem/calendar-units","code":"days"}},
		{"code":{"text":"o"},"valueQuantity":{"value":1,"unit":"day","system":"http://example.org","code":"d"}},
		{"code":{"text":"p"},"_valueString":{"extension":[{"url":"http://e","valueString":"v"}]}}]}`

// TestFHIRFunction: https://hl7.org/fhir/fhirpath.html#functions.
func TestFHIRFunction(t *testing.T) {
	answers{
		"status.hasValue()": "true", "issued.hasValue()": "false", "code.hasValue()": "false", "component.value.last().hasValue()": "false", "component.value.last().exists()": "true",
		"component.code.text.hasValue()": "false", "status.getValue()": "'final'", "status.getValue() is System.String": "true", "code.getValue()": "", "component.value.last().getValue()": "",
		"component.value.last().toString()": "", "status.toString()": "'final'", "1.hasValue()": "true", "(1 'mg').hasValue()": "false", "(1 'mg').getValue()": "", "status.id": "'i'",
		"status.extension('http://e').value": "'v'", "status.extension.where(url = 'http://e').value": "'v'", "extension('http://e')": "", "status.extension({})": "", "status.extension('x' | 'y')": ErrSingleton,
		"text.`div`.htmlChecks()": "true", "status.htmlChecks()": "", "component.htmlChecks()": "", "'<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>x</script></div>'.htmlChecks()": "false",
		"subject.resolve() is Patient": "true", "subject.resolve().managingOrganization.resolve().name": "'contained'", "subject.resolve().link.other.resolve().id": "'n'",
		"'#o'.resolve()": "", "encounter.resolve()": "", "performer.resolve().name.family": "'Chalmers'", "'Patient/f001'.resolve().id": "'p1'", "performer.where(resolve() is Patient).count()": "1",
		"conformsTo('http://hl7.org/fhir/StructureDefinition/Observation')": "true", "conformsTo('http://hl7.org/fhir/StructureDefinition/DomainResource|4.0.1')": "true",
		"conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')": "false", "conformsTo('http://example.org/profile')": ErrProfile, "component.conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')": "",
		"conformsTo({})": "", "checkModifiers('http://m', 'http://n').id": "'n'", "checkModifiers('http://m,http://n').id": "'n'", "checkModifiers('http://m')": ErrModifier, "checkModifiers({})": ErrModifier,
		"component.checkModifiers('x').count()": "7", "checkModifiers()": refusal("checkModifiers() takes 1"),
		"code.memberOf(%`vs-ab`)": "true", "code.coding[1].memberOf(%`vs-ab`)": "false", "category.memberOf(%`vs-ab`)": "", "'b'.memberOf(%`vs-ab`)": "true", "status.memberOf(%`vs-ab`)": "false",
		"category.where(memberOf(%`vs-ab`)).count()": "2", "5.memberOf(%`vs-ab`)": ErrOperand,
		"code.subsumes(category[1])": "true", "category[1].subsumes(code)": "false", "category[1].subsumedBy(code)": "true", "code.coding[0].subsumes(category[1].coding)": "true",
		"code.subsumes(category[3])": "", "category.subsumes(code)": "", "code.subsumes(category)": "", "code.subsumes(code)": "true",
		"slice('p', 's')": refusal("slice is not supported"), "elementDefinition()": refusal("elementDefinition is not supported"), "weight()": refusal("weight is not supported"),
		"%factory": refusal("unknown variable %factory"), "%terminologies": refusal("unknown variable %terminologies"), "%profile": refusal("unknown variable %profile"),
	}.hold(t, narrated)
}

// TestFHIRType: https://hl7.org/fhir/fhirpath.html#polymorphism, #types and #quantity.
func TestFHIRType(t *testing.T) {
	answers{
		"value = 2 years": "true", "value ~ 2 'a'": "true", "value = 2 'a'": "", "value.toString()": "'2 years'", "effective + value": "@2022-01-01T", "value > 23 months": "true",
		"component[2].value = 7 days": "true", "component[2].value.toQuantity()": "1 'wk'", "component[3].value = 1 'mg'": "false", "component[4].value = 24 hours": "true",
		"component[5].value = 1 'd'": "false", "component[5].value > 1 'd'": ErrOperand, "component[0].value = 5": "true", "component[0].value is integer": "true",
		"component.value.ofType(integer)": "5, 5", "component[0].value + 1.5": "6.5", "contained.id": "'c', 'o'", "contained[0].is(Patient)": "true", "DomainResource.contained.where(id = 'o').name": "'contained'",
		"contained.ofType(Organization).name": "'contained'", "$this is FHIR.Observation": "true", "status = 'final' and status.extension.exists()": "true",
	}.hold(t, narrated)
}

// TestQuantityWithoutCode: FHIR maps a Quantity with a UCUM code only. One without a
// system or code has nothing that says otherwise than its unit, as it is written: it is
// no UCUM year that would have to become a calendar year.
func TestQuantityWithoutCode(t *testing.T) {
	answers{
		"low = 18 'a'": "true", "low != 18 'a'": "false", "low < 19 'a'": "true", "low = 18 years": "", "low ~ 18 years": "true", "low.toString()": "'18 'a''",
		"high = 18 'a'": "", "high != 18 'a'": "", "high = 18 years": "true", "high ~ 18 'a'": "true",
	}.hold(t, `{"low":{"value":18,"unit":"a"},"high":{"value":18,"unit":"a","system":"http://unitsofmeasure.org","code":"a"}}`)
}

// TestFHIREquivalence: https://hl7.org/fhir/fhirpath.html#changes.
func TestFHIREquivalence(t *testing.T) {
	answers{
		"component[0] ~ component[1]": "true", "component[0] = component[1]": "false", // ids don't count, nor does case
		"component[0] ~ component[2]": "false", "code.coding[0] ~ category[0].coding[0]": "true", "code.coding[0] = category[0].coding[0]": "false", "code.coding[0] ~ code.coding[1]": "false",
		"code ~ category[0]": "true", "code ~ category[1]": "false", "category[0] ~ code": "true", "code !~ category[3]": "true", "category[2] ~ category[2]": "false", // no coding in common
	}.hold(t, narrated)
}

// TestReferenceInBundle: https://hl7.org/fhir/bundle.html#references.
func TestReferenceInBundle(t *testing.T) {
	bundle := node(t, `{"resourceType":"Bundle","type":"collection","entry":[
		{"fullUrl":"http://a/fhir/Patient/1","resource":{"resourceType":"Patient","id":"1","managingOrganization":{"reference":"Organization/2"},
			"generalPractitioner":[{"reference":"urn:uuid:3"},{"reference":"http://b/fhir/Organization/2"}]}},
		{"fullUrl":"http://b/fhir/Organization/2","resource":{"resourceType":"Organization","id":"2","name":"b"}},
		{"fullUrl":"http://a/fhir/Organization/2","resource":{"resourceType":"Organization","id":"2","name":"a"}},
		{"fullUrl":"urn:uuid:3","resource":{"resourceType":"Practitioner","id":"3"}}]}`)
	answers{
		"entry[0].resource.managingOrganization.resolve().name": "'a'", "entry[0].resource.generalPractitioner.resolve().id": "'3', '2'",
		"entry.resource.ofType(Patient).generalPractitioner[0].resolve() is Practitioner": "true", "entry.resource.all($this is Patient implies id = '1')": "true",
		"entry.select(resource as Patient).id": "'1'", "entry[0].resource.generalPractitioner[1].resolve().name": "'b'",
		"entry[1].resource.name.pathname()": "'Bundle.entry[1].resource[0].name[0]'",
	}.holdFor(t, R4, bundle)
}

// TestPathname: 5.9.2.
func TestPathname(t *testing.T) {
	answers{
		"component.code.text.skip(1).take(1).pathname()": "'Observation.component[1].code[0].text[0]'", "pathname()": "'Observation'", "id.pathname()": "'Observation.id[0]'",
		"code.coding.code.pathname()": "'Observation.code[0].coding[0].code[0]', 'Observation.code[0].coding[1].code[0]'", "code.coding.code.last().pathname(true)": "'Observation.code.coding[1].code'",
		"code.coding.code.last().pathname(false)": "'Observation.code[0].coding[1].code[0]'", "value.pathname()": "'Observation.value[0]'", "value.unit.pathname(true)": "'Observation.value.unit'",
		"text.`div`.pathname()": "'Observation.text[0].`div`[0]'", "status.extension.value.pathname()": "'Observation.status[0].extension[0].value[0]'", "contained[1].name.pathname()": "'Observation.contained[1].name[0]'",
		"component.value.last().pathname()": "'Observation.component[6].value[0]'", "component.value.last().extension.url.pathname()": "'Observation.component[6].value[0].extension[0].url[0]'",
		"(1 | id | status.upper()).pathname()": "'Observation.id[0]'", "performer.resolve().id.pathname()": "", "subject.resolve().id.pathname()": "'Observation.contained[0].id[0]'",
		"component[0].code.where(text.trace('t', pathname()).exists()).empty()": "false", "id.pathname('x')": ErrOperand, "missing.pathname()": "",
	}.hold(t, narrated)
	focus := node(t, `{"resourceType":"Patient","name":[{"given":[null,"b",null,"c"],"_given":[{"id":"i"},null,null,{"id":"j"}]}],"multipleBirthInteger":1}`)
	answers{"name.given.pathname()": "'Patient.name[0].given[0]', 'Patient.name[0].given[1]', 'Patient.name[0].given[2]'"}.holdFor(t, R4, focus)
	for _, focus := range []Node{focus, node(t, narrated), node(t, patient)} { // each path leads back to its element alone
		paths, err := specified(t.Context(), "descendants().pathname()", R4, focus)
		require.NoError(t, err)
		elements, err := specified(t.Context(), "descendants()", R4, focus)
		require.NoError(t, err)
		require.Len(t, paths, len(elements))
		for i := range paths {
			got, err := specified(t.Context(), paths[i].String(), R4, focus)
			require.NoError(t, err, paths[i].String())
			require.Len(t, got, 1)
			require.Equal(t, elements[i].node, got[0].node, paths[i].String())
		}
	}
}

// TestLong holds that an integer64 is a Long, in R5 where it is.
func TestLong(t *testing.T) {
	answers{
		"size is integer64": "true", "size + 1": "9007199254740994L", "size.getValue() is Long": "true", "size = 9007199254740993L": "true", "size > 9007199254740992L": "true",
	}.holdFor(t, R5, node(t, `{"resourceType":"DocumentReference","content":[{"attachment":{"size":"9007199254740993"}}]}`).Path("content").first().Get("attachment"))
}
