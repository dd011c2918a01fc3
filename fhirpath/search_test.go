package fhirpath

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/shared"
)

// searchExpressions returns the distinct expressions of a release's search
// parameters, by the resource type that they are for.
func searchExpressions(t testing.TB, release string) map[string][]string {
	f, err := os.Open(filepath.Join(shared.Dir(t), "spec", "search-parameters", release+".compact.tsv"))
	require.NoError(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	require.NoError(t, err)
	base, expression := slices.Index(rows[0], "base"), slices.Index(rows[0], "expression")
	all := map[string][]string{}
	for _, row := range rows[1:] {
		if row[expression] == "" {
			continue
		}
		for _, b := range strings.FieldsFunc(row[base], func(r rune) bool { return !('A' <= r && r <= 'Z' || 'a' <= r && r <= 'z') }) {
			all[b] = append(all[b], row[expression])
		}
	}
	return all
}

// TestSearchParameters compiles the expression of every search parameter and
// evaluates it on every real resource of its type: there must be no error, and no
// result without a type where the expression casts.
func TestSearchParameters(t *testing.T) {
	compiled, evaluated, found := 0, 0, 0
	for name, release := range map[string]Release{"r4": R4, "r4b": R4B, "r5": R5} {
		expressions := map[string][]*Expression{}
		for base, list := range searchExpressions(t, name) {
			for _, source := range list {
				e, err := Compile(source, Options{Release: release})
				require.NoError(t, err)
				expressions[base] = append(expressions[base], e)
				compiled++
				again, err := Compile(e.String(), Options{Release: release})
				require.NoError(t, err)
				require.Equal(t, e.String(), again.String())
			}
		}
		files, err := filepath.Glob(filepath.Join(shared.Dir(t), "data", "*.ndjson"))
		require.NoError(t, err)
		for _, file := range files {
			for _, line := range resources(t, file) {
				doc, err := Parse(line)
				require.NoError(t, err)
				for _, e := range slices.Concat(expressions[string(ResourceTypeOf(line))], expressions["Resource"]) {
					got, err := e.Evaluate(t.Context(), doc.Root(), Env{})
					require.NoError(t, err, "%s", e)
					evaluated++
					found += len(got)
				}
			}
		}
	}
	t.Logf("search parameters: %d compiled, %d evaluations, %d items", compiled, evaluated, found)
}

func TestSearchParameterPaths(t *testing.T) {
	for _, c := range []struct{ expression, resource, want string }{
		{"Patient.name.given", patient, "Peter,James,Jim"},
		{"Practitioner.name.given", patient, ""},
		{"Patient.name | Practitioner.name", `{"resourceType":"Practitioner","name":[{"text":"x"}]}`, `{"text":"x"}`},
		{"(Observation.value as Quantity).value", observation, "6.30"},
		{"(Observation.value as string)", observation, ""},
		{"Observation.value.ofType(Quantity).code", observation, "mmol/L"},
		{"Observation.value.as(Quantity).unit", observation, "mmol/l"},
		{"(Observation.component.value as Quantity).value", observation, "1,2"},
		{"(Observation.effective as dateTime) | (Observation.effective as Period)", observation, "2013-04-02T09:30:10+01:00"},
		{"Observation.subject.where(resolve() is Patient).reference", observation, "Patient/f001"},
		{"Observation.subject.where(resolve() is Group).reference", observation, ""},
		{"Observation.performer.where(resolve() is Practitioner).reference", observation,
			"https://example.org/fhir/Practitioner/f005/_history/2,urn:uuid:1,#p"},
		{"Observation.performer.where(resolve().is(Organization)).reference", observation, "Organization/1"},
		{"Observation.extension('http://example.org/x').value.ofType(string)", observation, "y"},
		{"Observation.component[1].code.text", observation, "b"},
		{"Observation.component[2].code.text", observation, ""},
		{"Bundle.entry[0].resource as Composition", `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"MessageHeader"}}]}`, ""},
		{"(Bundle.entry[0].resource as MessageHeader).id", `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"MessageHeader","id":"m"}}]}`, "m"},
		{"Patient.deceased.exists() and Patient.deceased != false", patient, "true"},
		{"Patient.telecom.where(system='phone').value", patient, "5555,3410"},
		{"ValueSet.expansion.contains.code", `{"resourceType":"ValueSet","expansion":{"contains":[{"code":"a"}]}}`, "a"},
		{"Patient.birthDate.extension('http://example.org/birthTime').value", patient, "1974-12-25T14:35:45-05:00"},
		{"Patient.contact.name.family.extension.url", patient, "http://example.org/own-prefix"},
	} {
		t.Run(c.expression, func(t *testing.T) {
			require.Equal(t, c.want, joined(t, c.expression, c.resource))
		})
	}
}

// joined evaluates an expression and joins the items' texts by commas.
func joined(t testing.TB, expression, resource string) string {
	t.Helper()
	e, err := Compile(expression, Options{Release: R4})
	require.NoError(t, err)
	doc, err := Parse([]byte(resource))
	require.NoError(t, err)
	got, err := e.Evaluate(t.Context(), doc.Root(), Env{})
	require.NoError(t, err)
	var texts []string
	for _, it := range got {
		texts = append(texts, it.String())
	}
	return strings.Join(texts, ",")
}

const patient = `{"resourceType":"Patient","id":"p1","name":[{"use":"official","family":"Chalmers",
	"given":["Peter","James"]},{"use":"usual","given":["Jim"]}],"telecom":[{"system":"phone","value":"5555"},
	{"system":"email","value":"a@b"},{"system":"phone","value":"3410"}],"deceasedBoolean":true,"birthDate":"1974-12-25",
	"_birthDate":{"extension":[{"url":"http://example.org/birthTime","valueDateTime":"1974-12-25T14:35:45-05:00"}]},
	"contact":[{"name":{"_family":{"extension":[{"url":"http://example.org/own-prefix"}]},"given":["B"]}}],
	"active":true,"multipleBirthInteger":2}`

const observation = `{"resourceType":"Observation","id":"o1","status":"final",
	"contained":[{"resourceType":"Practitioner","id":"p"}],
	"extension":[{"url":"http://example.org/x","valueString":"y"}],
	"subject":{"reference":"Patient/f001"},
	"performer":[{"reference":"https://example.org/fhir/Practitioner/f005/_history/2"},{"reference":"Organization/1"},
		{"type":"Practitioner","reference":"urn:uuid:1"},{"reference":"urn:uuid:2"},{"display":"x"},{"reference":"#p"}],
	"effectiveDateTime":"2013-04-02T09:30:10+01:00",
	"valueQuantity":{"value":6.30,"unit":"mmol/l","system":"http://unitsofmeasure.org","code":"mmol/L"},
	"component":[{"code":{"text":"a"},"valueQuantity":{"value":1}},{"code":{"text":"b"},"valueQuantity":{"value":2}},
		{"valueString":"s"}]}`
