package search_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

const base = "https://fhir.example.org/r4"

// observation has an element for most kinds of parameters.
const observation = `{"resourceType":"Observation","id":"o1",
"meta":{"lastUpdated":"2026-03-01T10:00:00.5Z","profile":["http://example.org/StructureDefinition/vital|2.0"],
 "source":"http://source.example.org/a/b","tag":[{"system":"http://tags.example.org","code":"Alpha"}]},
"identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}],"text":"Medical record"},
 "system":"http://ids.example.org","value":"A,1|2"}],
"status":"final",
"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}]}],
"code":{"coding":[{"system":"http://loinc.org","code":"8480-6","display":"Systolic pressure"},{"code":"local"}],"text":"Blood pressure"},
"subject":{"reference":"Patient/p1"},
"encounter":{"reference":"https://fhir.example.org/r4/Encounter/e1/_history/3"},
"performer":[{"reference":"https://other.example.org/fhir/Practitioner/x1"},{"reference":"#contained"},
 {"identifier":{"system":"http://npi","value":"99"}},{"reference":"urn:uuid:9f5b2c3e-0000-4000-8000-000000000001"}],
"effectivePeriod":{"start":"2026-02-28T23:30:00-05:00","end":"2026-03-02"},
"issued":"2026-03-01T10:00:00.125Z",
"valueQuantity":{"value":120.50,"unit":"mm[Hg] read","system":"http://unitsofmeasure.org","code":"mm[Hg]"},
"component":[
 {"code":{"coding":[{"system":"http://loinc.org","code":"A"}]},"valueQuantity":{"value":1,"code":"u"}},
 {"code":{"coding":[{"system":"http://loinc.org","code":"B"}]},"valueQuantity":{"value":2,"code":"u"}}]}`

const patient = `{"resourceType":"Patient","id":"p1","active":true,"gender":"female","birthDate":"1980-05",
"name":[{"family":"Müller-Öz","given":["Anna Maria","Zoë"],"text":"Dr. Anna"},{"use":"old","family":"Straße"}],
"telecom":[{"system":"phone","value":"555-1"},{"system":"email","value":"A@example.org"}],
"address":[{"line":["Main St 1"],"city":"Łódź","postalCode":"90-001","use":"home"}],
"generalPractitioner":[{"reference":"Organization/p1"},{"reference":"Practitioner/p2"}],
"deceasedBoolean":false}`

func node(t testing.TB, raw string) fhirpath.Node {
	t.Helper()
	doc, err := fhirpath.Parse([]byte(raw))
	require.NoError(t, err)
	return doc.Root()
}

func matches(t testing.TB, query search.Criteria, resource fhirpath.Node) bool {
	t.Helper()
	ok, err := query.Match(context.Background(), resource, base)
	require.NoError(t, err)
	return ok
}

// cases are queries with what the search page of FHIR R4 says of them.
type cases []struct {
	query string
	want  bool
}

func (cs cases) run(t *testing.T, r fhirpath.Release, raw string) {
	t.Helper()
	resource := node(t, raw)
	resourceType := resource.Get("resourceType").Text()
	for _, c := range cs {
		t.Run(c.query, func(t *testing.T) {
			query, err := search.ParseQuery(search.Options{Release: r}, resourceType, c.query)
			require.NoError(t, err)
			require.Equal(t, c.want, matches(t, query, resource))
			again, err := search.ParseQuery(search.Options{Release: r}, resourceType, query.String())
			require.NoError(t, err)
			require.Equal(t, query.String(), again.String())
			require.Equal(t, c.want, matches(t, again, resource))
		})
	}
}
