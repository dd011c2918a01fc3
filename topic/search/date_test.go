package search_test

import (
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
)

func TestDate(t *testing.T) {
	// The period is 2026-03-01T04:30:00Z, 28 February where it was written, up to the
	// end of 2026-03-02. Dates have no time zones.
	cases{
		{"date=2026-03", false},
		{"date=2026", true},
		{"date=eq2026-03", false},
		{"date=2026-03-01T04:30:00Z", false},
		{"date=2026-03-01", false},
		{"date=ne2026-03-01", true},
		{"date=ne2026", false},
		{"date=gt2026-03-01", true},
		{"date=gt2026-03-02", false},
		{"date=ge2026-03-02", true},
		{"date=ge2026-03-01", true},
		{"date=lt2026-03-01", true},
		{"date=lt2026-02-28", false},
		{"date=lt2026-03-02", true},
		{"date=le2026-03-01", true},
		{"date=le2026-03-02", true},
		{"date=sa2026-02-28", false},
		{"date=sa2026-02-27", true},
		{"date=sa2026-03-01", false},
		{"date=eb2026-03-03", true},
		{"date=eb2026-03-02", false},
		{"date=ap2026-03-02", true},
		{"date=ap2026-04", false},
		{"date=ge2026-02-28T23:30:00-05:00", true},
		{"date=lt2026-03-01T04:30Z", false},
		{"date=ge2026-03-01&date=lt2026-04", true},
		{"date=2025,2026", true},
		{"_lastUpdated=2026-03-01T10:00:00.5Z", true},
		{"_lastUpdated=2026-03-01T10:00:00Z", true},
		{"_lastUpdated=gt2026-03-01T11:00:00%2B01:00", false},
		{"_lastUpdated=sa2026-03-01T10:59:59%2B01:00", true},
		{"value-date:missing=true", true},
	}.run(t, fhirpath.R4, observation)
	cases{
		{"birthdate=1980", true},
		{"birthdate=1980-05", true},
		{"birthdate=1980-05-01", false},
		{"birthdate=ge1980-05-01", true},
		{"birthdate=lt1980-05-02", true},
		{"birthdate=gt1980-05-31", false},
	}.run(t, fhirpath.R4, patient)
	// An open end reaches for ever, an open start comes from ever.
	cases{
		{"date=gt2999", true},
		{"date=eb2999", false},
		{"date=2026", false},
		{"date=sa2025", true},
	}.run(t, fhirpath.R4, `{"resourceType":"Encounter","period":{"start":"2026-01-01"}}`)
	cases{
		{"date=lt0001", true},
		{"date=eb2027", true},
	}.run(t, fhirpath.R4, `{"resourceType":"CarePlan","period":{"end":"2026-01-01"}}`)
	// Of a Timing only the outer limits count.
	cases{
		{"occurrence=2026-01", true},
		{"occurrence=2026-01-02", false},
		{"occurrence=sa2026-01-01", true},
	}.run(t, fhirpath.R4, `{"resourceType":"ServiceRequest","occurrenceTiming":{"event":["2026-01-05","2026-01-02"]}}`)
}
