// Package fhirproto is the engine for hosts that hold their resources as protocol
// buffers of github.com/google/fhir/go: changes go in and Subscriptions and Bundles
// come out as protos.
//
//	engine, err := fhirproto.New(subscription.Config{Release: subscription.R4, …})
//
//	// in the write path
//	err = engine.OnResourceChange(ctx, fhirproto.ResourceChange{
//		Interaction: subscription.Update, Resource: after, Previous: before})
//
// Topics are evaluated, stored and delivered as JSON, as by any other host; what is
// written here is that JSON, once for each change of which a topic wants to know and
// not at all for the others. Criteria in CEL over the protos themselves are in the package
// protocel.
//
// # Limits
//
// That module knows the JSON of STU3 and R4, and its protos of R5 are a draft of 2019
// without SubscriptionTopic, so this package serves R4 and refuses the others with
// ErrRelease. Its reader refuses elements that R4 does not define: a resource with one
// never becomes a proto. Its writer keeps what a resource says but not each byte of it:
// an offset of +00:00 becomes Z. It makes the hook take some ten times as long as with
// JSON (BenchmarkHook), and adds some twenty megabytes to the program.
package fhirproto
