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
	found, err := v.AppendKeys(context.Background(), nil, patient)
	fmt.Println(len(wanted), wanted[0] == found[0], err)
	// Output: 1 true <nil>
}

// records is a host with one patient.
type records struct{}

func (records) Resolve(_ context.Context, reference string) (*fhirpath.Doc, error) {
	if reference != "Patient/1" {
		return nil, nil // there is no such resource
	}
	return fhirpath.Parse([]byte(`{"resourceType": "Patient", "id": "1", "birthDate": "1974-12-25"}`))
}

func (records) Search(_ context.Context, resourceType, query string, limit int) ([]*fhirpath.Doc, error) {
	fmt.Println("asked for", limit, resourceType+"?"+query)
	return nil, nil
}

func ExampleHost() {
	options := search.Options{Release: fhirpath.R4, Host: search.Host{Resolver: records{}}}
	doc, err := fhirpath.Parse([]byte(`{"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/1"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, q := range []string{"patient.birthdate=lt1980", "_has:AuditEvent:entity:agent=Practitioner/2"} {
		query, err := search.ParseQuery(options, "Observation", q)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(query.NeedsHost())
		fmt.Println(query.Match(context.Background(), doc.Root(), ""))
	}
	// Output:
	// true
	// true <nil>
	// true
	// asked for 1 AuditEvent?entity=Observation/o&agent=Practitioner/2
	// false <nil>
}

func ExampleParse_filter() {
	filter, err := search.Parse(search.Options{Release: fhirpath.R4}, "Patient", "_filter",
		`name co "pet" and not (gender eq female or birthdate ge 2000)`)
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, err := fhirpath.Parse([]byte(`{"resourceType": "Patient", "gender": "male", "birthDate": "1974", "name": [{"given": ["Peter"]}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(filter.Match(context.Background(), doc.Root(), ""))
	// Output: true <nil>
}

func ExampleNewDefinitions() {
	definitions, err := search.NewDefinitions(fhirpath.R4, []byte(`{"resourceType": "SearchParameter",
		"url": "http://example.org/SearchParameter/nickname", "code": "nickname", "type": "string", "base": ["Patient"],
		"expression": "Patient.name.where(use = 'nickname').given"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	options := search.Options{Release: fhirpath.R4, Definitions: definitions}
	query, err := search.ParseQuery(options, "Patient", "nickname:exact=Pete")
	fmt.Println(query, err)

	_, err = search.NewDefinitions(fhirpath.R4, []byte(`{"resourceType": "SearchParameter",
		"url": "http://example.org/SearchParameter/gender", "code": "gender", "type": "token", "base": ["Patient"],
		"expression": "Patient.sex"}`))
	fmt.Println(err)
	// Output:
	// nickname:exact=Pete <nil>
	// search: SearchParameter 0: expression can't be evaluated: no element sex in Patient
}

func ExampleOptions_LookupURL() {
	p, ok := search.Options{Release: fhirpath.R4}.LookupURL("Encounter", "http://hl7.org/fhir/SearchParameter/Encounter-class")
	fmt.Println(p.Code, p.Kind, ok)
	// Output: class token true
}
