package fhirjson_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/fhirjson"
)

func check(t testing.TB, raw string, limit int) (paths []string) {
	doc, err := fhirpath.Parse([]byte(raw))
	require.NoError(t, err)
	for _, issue := range fhirjson.Check(fhirpath.R4, doc.Root(), limit) {
		require.NotContains(t, issue.Path+issue.Problem, "canary")
		paths = append(paths, issue.Path)
	}
	return paths
}

func TestCheck(t *testing.T) {
	for members, path := range map[string]string{
		``: "", `"active":true`: "", `"birthDate":"2026-02"`: "", `"_birthDate":{"id":"a"}`: "",
		`"name":[{"given":["a",null],"_given":[null,{"id":"b"}]}]`: "",
		`"deceasedBoolean":true,"_deceasedBoolean":{"id":"a"}`:     "",
		`"name":[{"given":["a",null]}]`:                            "Patient.name[0].given[1]",
		`"name":[{"given":[null],"_given":[null]}]`:                "Patient.name[0].given[0]",
		`"name":[{"given":["a"],"_given":[null,{"id":"b"}]}]`:      "Patient.name[0].given",
		`"name":[null]`: "Patient.name[0]",
		`"deceasedBoolean":true,"deceasedDateTime":"2026"`: "Patient.deceased",
		`"deceasedBoolean":1`:                              "Patient.deceased",
		`"active":"canary"`:                                "Patient.active",
		`"canary name":1`:                                  "Patient",
		`"contact":[{"name":{"famly":"canary"}}]`:          "Patient.contact[0].name.famly",
		`"contained":[{"resourceType":"canary"}]`:          "Patient.contained[0]",
	} {
		raw := `{"resourceType":"Patient"}`
		if members != "" {
			raw = `{"resourceType":"Patient",` + members + `}`
		}
		want := []string{path}
		if path == "" {
			want = nil
		}
		got := check(t, raw, 20)
		if len(got) > 1 {
			got = got[:1]
		}
		require.Equal(t, want, got, members)
	}
	require.Equal(t, []string{""}, check(t, `{"resourceType":"canary"}`, 20))
	require.Equal(t, []string{""}, check(t, `[]`, 20))
}

// It stops at its limit, and takes time in proportion to the document, whatever it is.
func TestCheckIsBounded(t *testing.T) {
	nulls := strings.TrimSuffix(strings.Repeat("null,", 200_000), ",")
	extensions := strings.TrimSuffix(strings.Repeat(`{"url":"http://a.org","valueCode":"b"},`, 100_000), ",")
	for name, members := range map[string]string{
		"nulls": fmt.Sprintf(`"name":[{"given":[%s],"_given":[%s]}]`, nulls, nulls), "extensions": `"extension":[` + extensions + `]`,
		"deep": `"extension":` + strings.Repeat(`[{"url":"http://a.org","extension":`, 20) + `[]` + strings.Repeat(`}]`, 20),
	} {
		began := time.Now()
		require.LessOrEqual(t, len(check(t, `{"resourceType":"Patient",`+members+`}`, 5)), 5)
		t.Log(name, time.Since(began)) // a square of it would be minutes
	}
}
