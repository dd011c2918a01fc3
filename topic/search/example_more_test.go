package search_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

func parseOne(name, value string) *search.Criterion {
	c, err := search.Parse(search.Options{Release: fhirpath.R4}, "Observation", name, value)
	if err != nil {
		panic(err)
	}
	return c
}

// What a criterion asks, and how two of them compare, for those who index them.
func ExampleCriterion() {
	after, before := parseOne("date", "ge2026-01-01"), parseOne("date", "lt2026-02-01")
	fmt.Println(after.Parameter().Code, after.Prefixes())
	fmt.Println(after.SameParameter(before), after.SameScale(before), after.Equal(before))
	same := parseOne("date", "ge2026-01-01")
	fmt.Println(after.Equal(same), after.Hash() == same.Hash())
	// Output:
	// date [ge]
	// true true false
	// true true
}

// A View reads a resource once for many criteria; Reset and Rebase use it again.
func ExampleCriterion_Test() {
	resource := func(raw string) fhirpath.Node {
		doc, err := fhirpath.Parse([]byte(raw))
		if err != nil {
			panic(err)
		}
		return doc.Root()
	}
	ctx := context.Background()
	patient := parseOne("patient", "https://fhir.example.org/r4/Patient/1")
	view := search.NewView(resource(`{"resourceType":"Observation","subject":{"reference":"Patient/1"}}`), "https://fhir.example.org/r4")
	fmt.Println(patient.Test(ctx, view))
	view.Rebase("https://other.example.org")
	fmt.Println(patient.Test(ctx, view))
	view.Reset(resource(`{"resourceType":"Observation","subject":{"reference":"Patient/2"}}`), "https://fhir.example.org/r4")
	fmt.Println(search.Criteria{patient}.Test(ctx, view))
	fmt.Println(patient.Values(ctx, view, 10)) // what it was compared with
	// Output:
	// true <nil>
	// false <nil>
	// false <nil>
	// [{"reference":"Patient/2"}] <nil>
}

// A value that holds what a query gives a meaning is escaped, and then means itself.
func ExampleEscapeValue() {
	fmt.Println("name=" + search.EscapeValue("Rivera & Sons+1"))
	// Output: name=Rivera%20%26%20Sons%2B1
}

// The types and parameters of a release, or of it with a host's own.
func ExampleDefinitions() {
	own, err := search.NewDefinitions(fhirpath.R4, []byte(`{"resourceType":"SearchParameter","url":"http://example.org/SearchParameter/nickname",
		"code":"nickname","type":"string","base":["Patient"],"expression":"Patient.name.where(use = 'nickname').given"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(search.IsResourceType(fhirpath.R4, "Patient"), slices.Contains(search.ResourceTypes(fhirpath.R5), "SubscriptionTopic"))
	fmt.Println(own.IsResourceType("SubscriptionTopic"), len(own.ResourceTypes()) == len(search.ResourceTypes(fhirpath.R4)))
	p, ok := own.Lookup("Patient", "nickname")
	fmt.Println(p.Kind, ok, len(own.Parameters("Patient"))-len(search.Parameters(fhirpath.R4, "Patient")))
	o := search.Options{Release: fhirpath.R4, Definitions: own}
	_, ok = o.Lookup("Patient", "nickname")
	fmt.Println(ok, o.IsResourceType("Ward"), len(o.Parameters("Patient")) == len(own.Parameters("Patient")))
	// Output:
	// true true
	// false true
	// string true 1
	// true false true
}
