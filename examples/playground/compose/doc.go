// Package compose writes the resources of the playground: Subscriptions from a form, in
// the form of each release, and synthetic patients, groups, encounters and results.
//
//	resource, err := compose.Subscription(fhirpath.R4, compose.Form{
//		Topic: "https://example.org/topics/encounter-start", Channel: "rest-hook",
//		Endpoint: "https://subscriber.example.org/hook", Content: "id-only",
//		Filters: []compose.Filter{{Parameter: "patient", Value: "Patient/17"}},
//	})
//
// All of it is made up: nobody here exists.
package compose
