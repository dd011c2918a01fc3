package fhirpath

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStrictRefuses holds that what is wrong whatever the data is found when the
// expression is compiled, at its place.
func TestStrictRefuses(t *testing.T) {
	for _, c := range []struct {
		expression, problem string
		offset              int
	}{
		{"nam.given", "no element nam in Patient", 0},
		{"name.givn", "no element givn in HumanName", 5},
		{"Patient.name.given1", "no element given1 in HumanName", 13},
		{"Encounter.status", "the focus is Patient, never Encounter", 0},
		{"Encounter.status | Observation.status", "the focus is Patient, never Observation", 19},
		{"Encounter.status | nam", "no element nam in Patient", 19},
		{"deceasedBoolean", "deceasedBoolean is written deceased.ofType(boolean)", 0},
		{"deceased.ofType(Quantity)", "boolean or dateTime is never Quantity", 9},
		{"(deceased as Period).start", "boolean or dateTime is never Period", 10},
		{"%current.value.foo", "no element foo in Quantity or CodeableConcept or ", 15},
		{"%current.statuss", "no element statuss in Observation", 9},
		{"%current.component.where(cod.exists())", "no element cod in Observation.component", 25},
		{"name.where(use = 'x').select(famly)", "no element famly in HumanName", 29},
		{"name.exists(us = 'x')", "no element us in HumanName", 12},
		{"contact.name.all(given.exists() and us)", "no element us in HumanName", 36},
		{"name.startsWith('x')", "startsWith() is for strings, which HumanName is not", 5},
		{"birthDate + 7", "+ does not take date and Integer", 10},
		{"birthDate = '1974-12-25'", "a date or time never equals a string", 10},
		{"'1974-12-25' in name.period.start", "a date or time never equals a string", 13},
		{"birthDate > '1974'", "> does not take date and String", 10},
		{"active > 1", "> does not take boolean and Integer", 7},
		{"name & 'x'", "& does not take HumanName and String", 5},
		{"name * 2", "* does not take HumanName and Integer", 5},
		{"iif('x', 1, 2)", "the criterion of iif() is String, not a boolean", 4},
		{"children().first()", "depends on the order of a collection that has none", 11},
		{"children()[0]", "depends on the order of a collection that has none", 10},
		{"name.defineVariable('n', given).select(%n.foo)", "no element foo in string", 42},
		{"contact.relationship.coding.displ", "no element displ in Coding", 28},
		{"name.first().union(telecom).rank2", "no element rank2 in HumanName or ContactPoint", 28},
	} {
		t.Run(c.expression, func(t *testing.T) {
			o := Options{Release: R4, Strict: true, Context: "Patient", Variables: []string{"current:Observation"}}
			_, err := Compile(c.expression, o)
			var problem *CompileError
			require.ErrorAs(t, err, &problem)
			require.Contains(t, problem.Problem, c.problem)
			require.NotContains(t, problem.Problem, "System.")
			require.Equal(t, c.offset, problem.Offset)
			o.Strict = false
			_, err = Compile(c.expression, o)
			require.NoError(t, err, "refused without Strict, too")
		})
	}
	_, err := Compile("a", Options{Release: R4, Strict: true, Context: "Nothing"})
	require.ErrorContains(t, err, "Nothing")
}

// TestStrictAccepts holds that strict mode refuses nothing that may give something.
func TestStrictAccepts(t *testing.T) {
	for _, expression := range []string{
		"name.given", "Patient.name.given", "Resource.id", "DomainResource.text", "deceased.ofType(boolean)", "deceased is dateTime",
		"contact.where(relationship.coding.code = 'N').name.family", "birthDate.extension('x').value.ofType(string)",
		"birthDate.substring(0, 4)", "birthDate + 1 year < today()", "name.first().given[0]", "contained.where($this is Observation).status",
		"contained.status", "generalPractitioner.resolve().active", "children().where($this is HumanName).given", "descendants().count()",
		"repeat(contained).id", "extension.repeat(extension).value", "%current.component.value.ofType(Quantity).value > 5",
		"(%current.value as Quantity).value.toString()", "iif(active, 'a', 'b').startsWith('a')", "name.select(given | family).distinct()",
		"name.sort(family desc).first()", "link.other.identifier.value", "managingOrganization.reference.matches('.*')",
		"name.aggregate($total + given.count(), 0) > 1", "communication.language.coding.code in ('a' | 'b')", "type().name = 'Patient'",
		"today() - (1 day * 2) < birthDate", "today() + iif(active, 1 year, 2 years) > now()", "name.aggregate($total & given.first(), gender)",
		"name.given.trace(gender).first()", "children().ofType(BackboneElement).relationship", "descendants().ofType(Element).use",
		"Practitioner.name | Patient.name", "(Person.telecom | Practitioner.telecom) | telecom", "name is Parameters", "gender is string",
		"1 'mg'.value", "name.period.start <= now()", "multipleBirth > 2", "multipleBirth is integer", "id.length() > 3", "name.id",
	} {
		_, err := Compile(expression, Options{Release: R4, Strict: true, Context: "Patient", Variables: []string{"current:Observation"}})
		require.NoError(t, err, expression)
	}
}

// TestStrictContext holds that %resource is of the type of the context only if that is
// a resource.
func TestStrictContext(t *testing.T) {
	for _, context := range []string{"HumanName", "Patient.contact"} {
		_, err := Compile("%resource.birthDate", Options{Release: R4, Strict: true, Context: context})
		require.NoError(t, err)
	}
	_, err := Compile("%resource.birthday", Options{Release: R4, Strict: true, Context: "Patient"})
	require.ErrorContains(t, err, "no element birthday in Patient")
}

// TestStrictIsBounded holds that calls of repeat() in each other, each of which is
// looked into twice, do not make the check endless.
func TestStrictIsBounded(t *testing.T) {
	nested := strings.Repeat("repeat(", MaxNesting-1) + "item" + strings.Repeat(")", MaxNesting-1)
	_, err := Compile(nested, Options{Release: R4, Strict: true, Context: "Questionnaire"})
	require.NoError(t, err)
}

// TestStrictSearchParameters holds that every expression that HL7 published for a
// search parameter is accepted for each of its resource types, but for those that
// are wrong.
func TestStrictSearchParameters(t *testing.T) {
	for name, release := range map[string]Release{"r4": R4, "r4b": R4B, "r5": R5} {
		for base, list := range searchExpressions(t, name) {
			for _, source := range list {
				context := base
				if !strings.Contains(source, base+".") { // gives nothing for that type, whatever the standard's list says
					context = ""
				}
				_, err := Compile(source, Options{Release: release, Strict: true, Context: context})
				if release == R5 && strings.HasSuffix(source, "value.ofType(canonical)") { // no type of Observation.value[x] in R5
					require.ErrorContains(t, err, "is never canonical")
					continue
				}
				require.NoError(t, err)
			}
		}
	}
}
