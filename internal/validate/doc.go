// Package validate checks FHIR JSON in tests, by the StructureDefinitions that the
// standard and the Subscriptions R5 Backport guide publish.
//
//	validate.Bundle(t, fhirpath.R4B, body) // a notification, or an answer of $status or $events
//
//	definitions := validate.Load(t, fhirpath.R5)
//	for _, issue := range definitions.Validate("", raw) {
//		t.Error(issue)
//	}
//
// There are two passes. The first goes by the types that package fhirpath knows of
// every resource: names of elements, what is a list, what a primitive looks like. The
// second goes by the definitions, of Bundle, Parameters, Subscription,
// SubscriptionStatus and SubscriptionTopic, of the extensions and profiles of the guide:
// cardinality, types of choices, fixed values and patterns, slices, required bindings
// whose codes are few, and invariants, by package fhirpath itself. A resource inside
// another is checked by its own definition and by the profiles that its meta names.
//
// The definitions are read from the folder of specification data, see package shared,
// without which a test that asks for them skips.
//
// Not checked: targets of references, value sets with more than a handful of codes,
// the cardinality of elements of other resources, warnings.
package validate
