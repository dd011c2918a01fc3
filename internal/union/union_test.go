package union_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/union"
)

func TestFor(t *testing.T) {
	for _, c := range []struct{ base, expression, want string }{
		{"Patient", "Patient.name | Practitioner.name", "Patient.name"},
		{"Practitioner", "Patient.name|Practitioner.name", "Practitioner.name"},
		{"Group", "Patient.name | Practitioner.name", ""},
		{"Patient", "(Patient.deceased as dateTime) | (Person.x as date)", "(Patient.deceased as dateTime)"},
		{"Patient", "Resource.id | DomainResource.text", "Resource.id | DomainResource.text"},
		{"Patient", "name.where(use = 'a|b') | Group.x", "name.where(use = 'a|b')"},
		{"Patient", `name.where(use = 'it\'s|') | Group.x`, `name.where(use = 'it\'s|')`},
		{"Patient", "Patient.name.where(a | b) | Group.x", "Patient.name.where(a | b)"},
		{"Patient", "PatientLike.name", ""},
		{"Patient", "Patient", "Patient"},
		{"Patient", "", ""},
		{"Patient", "Patient.a | ", "Patient.a | "},
	} {
		require.Equal(t, c.want, union.For(c.base, c.expression), "%s of %s", c.base, c.expression)
	}
}
