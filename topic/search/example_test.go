package search_test

import (
	"context"
	"fmt"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

func ExampleParseQuery() {
	query, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Observation", "code=http://loinc.org|8867-4&date=ge2026-01&status:not=entered-in-error")
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, err := fhirpath.Parse([]byte(`{"resourceType": "Observation", "status": "final",
		"code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
		"effectiveDateTime": "2026-02-03T09:30:00Z"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := query.Match(context.Background(), doc.Root(), "https://fhir.example.org/r4")
	fmt.Println(found, err)

	// What can't be evaluated is refused.
	_, err = search.ParseQuery(search.Options{Release: fhirpath.R4}, "Observation", "code:in=http://example.org/ValueSet/vitals")
	fmt.Println(err)
	// Output:
	// true <nil>
	// search: "code:in": the modifier needs a terminology service
}

func ExampleParameters() {
	for _, p := range search.Parameters(fhirpath.R4, "Slot") {
		fmt.Println(p.Code, p.Kind, p.Expression)
	}
	// Output:
	// _id token Resource.id
	// _lastUpdated date Resource.meta.lastUpdated
	// _profile uri Resource.meta.profile
	// _security token Resource.meta.security
	// _source uri Resource.meta.source
	// _tag token Resource.meta.tag
	// appointment-type token Slot.appointmentType
	// identifier token Slot.identifier
	// schedule reference Slot.schedule
	// service-category token Slot.serviceCategory
	// service-type token Slot.serviceType
	// specialty token Slot.specialty
	// start date Slot.start
	// status token Slot.status
}

func ExampleLookup() {
	p, ok := search.Lookup(fhirpath.R4, "Encounter", "patient")
	fmt.Println(ok, p.Kind, p.URL)
	// Output: true reference http://hl7.org/fhir/SearchParameter/clinical-patient
}

func ExampleView() {
	doc, err := fhirpath.Parse([]byte(`{"resourceType": "Encounter", "status": "finished", "subject": {"reference": "Patient/1"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	patient, err := search.Parse(search.Options{Release: fhirpath.R4}, "Encounter", "patient", "Patient/1")
	if err != nil {
		fmt.Println(err)
		return
	}
	// A resource has one of the keys of every equality that it meets.
	v := search.NewView(doc.Root(), "")
	wanted, _ := patient.Keys()
	fmt.Println(len(wanted), wanted[0] == v.AppendKeys(nil, patient)[0])
	// Output: 1 true
}
