package fhirpath

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// list is a JSON array of n times the same.
func list(n int, element string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + "]"
}

// TestHostileDocuments evaluates harmless expressions over documents that a client may
// write to make them expensive: what is not one step's work is charged for as what it
// is, or done once (docs/delivery-rows.md I3). Without that, each of these took from one second
// to half a minute.
func TestHostileDocuments(t *testing.T) {
	var members strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&members, `"x%d":1,`, i)
	}
	typedLate := `{"active":true,"name":` + list(10_000, `{"use":"old"}`) + `,` + members.String() + `"resourceType":"Patient"}`
	zeros := strings.Repeat("0", 900)
	inUnit := `{"resourceType":"Patient","extension":` + list(20_000, `{"url":"a"}`) + `,
		"maritalStatus":{"extension":[{"url":"q","valueQuantity":{"value":1,"code":"` + strings.Repeat("m.", 500_000) + `m"}}]}}`
	text := `{"resourceType":"Patient","birthDate":"` + strings.Repeat("a", 300_000) + `"}`
	for name, c := range map[string]struct {
		expression, document string
		limit                bool
	}{
		"the type of a variable":           {"name.where(%current.active).count()", typedLate, false},
		"the type of %resource":            {"name.where(%resource.active).count()", typedLate, false},
		"the type of a contained resource": {"entry.where(%context.contained.exists()).count()", `{"resourceType":"Bundle","contained":[` + typedLate + `],"entry":` + list(20_000, `{"fullUrl":"a"}`) + `}`, true},
		"the way to an element":            {"contained.descendants().pathname().count()", `{"resourceType":"Patient","contained":[` + typedLate + `]}`, true},
		"zeros behind a decimal":           {"extension.value.where($this ~ 0.1).count()", `{"resourceType":"Patient","extension":` + list(2_000, `{"valueDecimal":0.1`+zeros+`}`) + `}`, false},
		"a unit that compares":             {"extension.where(%context.maritalStatus.extension.value > 1 'g').count()", inUnit, true},
		"a unit that equals":               {"extension.where(%context.maritalStatus.extension.value = 1 'm').count()", inUnit, true},
		"a text that is no number":         {"extension.where(%context.maritalStatus.extension.value.code = 1).count()", inUnit, true},
		"a large pattern":                  {"birthDate.matches('(a?){500}(a?){400}b')", text, true},
		"a pattern that waits":             {"birthDate.matches('a.{900}c')", text, true},
		"a small pattern":                  {"birthDate.matches('^a+b$')", text, false},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := Compile(c.expression, Options{Release: R4})
			require.NoError(t, err)
			focus := node(t, c.document)
			start := time.Now()
			_, err = e.Evaluate(t.Context(), focus, Env{Variables: []Variable{{"current", focus}}})
			t.Logf("%v", time.Since(start).Round(time.Millisecond))
			require.Equal(t, c.limit, errors.Is(err, ErrLimit), "%v", err)
			if !c.limit {
				require.NoError(t, err)
			}
		})
	}
}

// TestOtherHalves holds that a member that pretends to be the other half of an element
// hides nothing, and that pathname() finds the way all the same.
func TestOtherHalves(t *testing.T) {
	for _, c := range []struct{ document, expression, want string }{
		{`{"resourceType":"Patient","name":{"family":"x"},"_name":{"id":"1"}}`, "name.family.pathname()", "Patient.name[0].family[0]"},
		{`{"resourceType":"Patient","name":{"family":"x"},"_name":{"id":"1"}}`, "descendants().pathname()", "Patient.name[0],Patient.name[0].family[0]"},
		{`{"resourceType":"Patient","name":[{"family":"x"}],"_name":[{"id":"1"}]}`, "descendants().pathname()", "Patient.name[0],Patient.name[0].family[0]"},
		{`{"resourceType":"Patient","local":{"family":"x"},"_local":{"id":"1"}}`, "local.family", "x"},
		{`{"resourceType":"Patient","birthDate":"2020","_birthDate":[]}`, "birthDate", "2020"},
		{`{"resourceType":"Patient","birthDate":"2020","_birthDate":[{"id":"1"}]}`, "birthDate", "2020"},
		{`{"resourceType":"Patient","birthDate":"2020","_birthDate":{"id":"1"}}`, "birthDate.id", "1"},
		{`{"resourceType":"Patient","_birthDate":[{"id":"1"}]}`, "birthDate.id", "1"},
	} {
		require.Equal(t, c.want, joined(t, c.expression, c.document), "%s in %s", c.expression, c.document)
	}
}

// TestEscapedNames holds that a name is the same however it is written.
func TestEscapedNames(t *testing.T) {
	for _, c := range []struct{ document, expression, want string }{
		{`{"resourceType":"Observation","v\u0061lueString":"x"}`, "Observation.value", "x"},
		{`{"resourceType":"Observation","valueString":"x","\u005fvalueString":{"id":"1"}}`, "Observation.value.id", "1"},
		{`{"resourceType":"Observation","valueString\u0022":"x"}`, "Observation.value", ""},
		{`{"v\u0061lueString":"x"}`, "value", "x"},
		{`{"v\u0061lue":"x","\u005fvalue":{"id":"1"}}`, "value.id", "1"},
	} {
		require.Equal(t, c.want, joined(t, c.expression, c.document), "%s in %s", c.expression, c.document)
	}
}
