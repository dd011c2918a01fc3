package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// sizes are the numbers of subscriptions that matching is measured with.
var sizes = []int{1e3, 1e4, 1e5, 1e6}

// linearSize is the most that are also asked one by one.
const linearSize = 1e4

// filterKinds give subscription i its filters, and a change its patient and its time
// in minutes, such that about as few subscriptions match at every size: of the last
// kind, which has no keys, none.
var filterKinds = []struct {
	name   string
	filter func(i int) string
	change func(n int) (patient, minutes int)
}{
	{"a patient", func(i int) string { return fmt.Sprintf("patient=Patient/p%d", i) }, somePatient},
	{"patient and code", func(i int) string {
		return fmt.Sprintf("code=http://loinc.org|%d-1&patient=Patient/p%d", 1000+i%500, i)
	}, somePatient},
	{"a date bound", func(i int) string { return "date=ge" + minute(i) },
		func(int) (int, int) { return 1, rand.IntN(20) }},
	{"a date interval", func(i int) string { return fmt.Sprintf("date=ge%s&date=lt%s", minute(i), minute(i+10)) },
		func(n int) (int, int) { return 1, rand.IntN(n) }},
	{"5 patients", func(i int) string {
		return fmt.Sprintf("patient=Patient/p%d,Patient/p%d,Patient/p%d,Patient/p%d,Patient/p%d", 5*i, 5*i+1, 5*i+2, 5*i+3, 5*i+4)
	}, func(n int) (int, int) { return rand.IntN(5 * n), 0 }},
	{"a group and a code:not", func(i int) string {
		return fmt.Sprintf("patient:in=Group/g%d&code:not=http://loinc.org|%d-1", i%10, i)
	}, func(int) (int, int) { return 1, 0 }},
}

// groups is a host whose groups have other members than the patients of changes. It
// is not asked to search.
type groups struct{ search.Resolver }

func (groups) Resolve(_ context.Context, reference string) (*fhirpath.Doc, error) {
	return fhirpath.Parse([]byte(`{"resourceType":"Group","member":[{"entity":{"reference":"Patient/of-` + strings.TrimPrefix(reference, "Group/") + `"}}]}`))
}

func somePatient(n int) (patient, minutes int) { return rand.IntN(n), 0 }

func minute(i int) string {
	return time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC).Format("2006-01-02T15:04Z")
}

// event is a panel of results, a resource of 2 KB.
func event(patient, minutes int) []byte {
	return fmt.Appendf(nil, `{"resourceType":"Observation","id":"o%d","meta":{"versionId":"1","lastUpdated":"2026-02-03T04:05:06.789Z"},`+
		`"identifier":[{"system":"http://lab.example.org/results","value":"R-%d"}],"status":"final",`+
		`"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],`+
		`"code":{"coding":[{"system":"http://loinc.org","code":"%d-1","display":"Electrolytes"},{"system":"http://lab.example.org/tests","code":"EL"}]},`+
		`"subject":{"reference":"Patient/p%d","display":"Doe, Jane"},"encounter":{"reference":"Encounter/e%d"},`+
		`"effectiveDateTime":"%s","issued":"2026-02-03T04:05:06Z","performer":[{"reference":"Organization/lab"},{"reference":"Practitioner/q7"}],`+
		`"component":[%s]}`,
		patient, patient, 1000+patient%500, patient, patient, minute(minutes), components)
}

var components = strings.Join(slices.Repeat([]string{
	`{"code":{"coding":[{"system":"http://loinc.org","code":"2951-2","display":"Sodium"}]},` +
		`"valueQuantity":{"value":141.5,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"},` +
		`"referenceRange":[{"low":{"value":135,"unit":"mmol/L"},"high":{"value":145,"unit":"mmol/L"}}]}`}, 4), ",")
