package fhirpath

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTypeOperator: 6.3 and 10.1.
func TestTypeOperator(t *testing.T) {
	answers{
		"1 is Integer": "true", "1 is System.Integer": "true", "1 is Any": "true", "1 is System.Any": "true", "1L is Long": "true", "1 is Long": "false", "1.0 is Decimal": "true",
		"1 is Decimal": "false", "'a' is String": "true", "true is Boolean": "true", "@2012 is Date": "true", "@2012T is DateTime": "true", "@2012 is DateTime": "false", "@T10 is Time": "true",
		"1 'mg' is Quantity": "true", "1 'mg' is System.Quantity": "true", "1 day is Quantity": "true", "1.is(Integer)": "true", "'a'.is(FHIR.string)": "false",
		"Patient is Patient": "true", "Patient is DomainResource": "true", "Patient is Resource": "true", "$this is FHIR.Patient": "true", "$this is FHIR.`Patient`": "true",
		"$this.is(Observation)": "false", "name[0] is HumanName": "true", "name[0] is Element": "true", "active is boolean": "true", "active is FHIR.boolean": "true",
		"active is Boolean": "false", "active is System.Boolean": "false", "active.getValue() is System.Boolean": "true", "name[0].use is code": "true",
		"name[0].use is string": "true", "name[0].use is id": "false", "name[0].use is uri": "false", "birthDate is date": "true", "birthDate is dateTime": "false",
		"contact is BackboneElement": "true", "name is HumanName": ErrSingleton, "name.is(HumanName)": ErrSingleton, "{} is Patient": "",
		"1 is Nothing": refusal("unknown type Nothing"), "1 is System.Patient": refusal("unknown type Patient"), "1 is FHIR.Integer": refusal("unknown type Integer"), "1 is CDA.Act": refusal("expected the name of a type"),
		"1 is 'Integer'": refusal("expected a name"), "1.is('Integer')": refusal("expected the name of a type"), "1 is integer": "false", "1 is": refusal("expected a name"),
		"deceased as boolean": "true", "deceased as dateTime": "", "(deceased as boolean).not()": "false", "deceased.as(boolean)": "true", "1 as Integer": "1", "1 as String": "",
		"name[0] as HumanName": "HumanName", "$this as DomainResource": "Patient", "1 as Nothing": refusal("unknown type Nothing"),
		// FHIR: all primitive types are independent of one another for as and ofType, though a code is a string
		"name.use.ofType(code)": "'official', 'usual'", "name.use.ofType(string)": "", "name[0].use as string": "", "name[0].use.as(string)": "",
		"(1 | 'a' | 1.5 | true).ofType(Integer)": "1", "(1 | 'a').ofType(System.String)": "'a'", "name.given.ofType(string).count()": "3", "(1 | 2).ofType(Decimal)": "",
	}.hold(t, patient)
	answers{
		"value is Quantity": "true", "value is FHIR.Quantity": "true", "value is System.Quantity": "false", "value.ofType(Quantity).unit": "'mmol/l'",
		"(value as Quantity).value": "6.30", "component.value.ofType(string)": "'s'", "component.value.ofType(Quantity).value": "1., 2.", "value.unit": "'mmol/l'",
		"component.where(value as Quantity > 1).code.text": "'b'", "component.where(value.as(Quantity) > 1).code.text": "'b'",
		"effective is dateTime": "true", "effective is Period": "false", "issued is instant": "",
	}.hold(t, observation)
}

// TestReflection: 10.2.
func TestReflection(t *testing.T) {
	answers{
		"1.type().namespace & '.' & 1.type().name": "'System.Integer'", "('John' | 'Mary').type().name": "'String', 'String'", "1L.type().name": "'Long'", "1 'mg'.type().name": "'Quantity'",
		"@T10.type().name": "'Time'", "active.type().namespace": "'FHIR'", "active.type().name": "'boolean'", "type().name": "'Patient'", "name.type().name": "'HumanName', 'HumanName'",
		"contact.type().name": "'BackboneElement'", "birthDate.getValue().type().namespace": "'System'", "birthDate.extension.type().name": "'Extension'", "1.type() = 2.type()": "true",
		"1.type() = 'a'.type()": "false", "{}.type()": "", "1.type().baseType": "'System.Any'", "name[0].type().baseType": "'FHIR.Element'", "type().baseType": "'FHIR.DomainResource'",
	}.hold(t, patient)
}

// TestStrictEvaluation: 11. Mistakes that need no data to be seen.
func TestStrictEvaluation(t *testing.T) {
	for expression, problem := range map[string]string{
		"1 + 'John'": "+ does not take", "name.nonsense": "no element nonsense", "Observation.status": "never Observation", "active > 1": "> does not take",
		"name.upper()": "upper() is for strings", "iif('x', 1, 2)": "not a boolean", "children().first()": "depends on the order", "name.given + ' ' + name.family": "",
		"deceased.ofType(Quantity)": "never Quantity", "deceasedBoolean": "is written deceased.ofType(boolean)",
	} {
		t.Run(expression, func(t *testing.T) {
			_, err := Compile(expression, Options{Release: R4, Strict: true, Context: "Patient"})
			if problem == "" {
				require.NoError(t, err)
				return
			}
			var refused *CompileError
			require.ErrorAs(t, err, &refused)
			require.Contains(t, refused.Problem, problem)
		})
	}
}
