// Package topic reads SubscriptionTopics and decides two questions about a change
// of a resource: whether a topic's trigger fires, and which subscriptions' filters
// let the event through. It does no I/O.
//
// A topic comes from any of its three forms, SubscriptionTopic of R4B or R5 or the
// Basic of R4, and compiles to a Program:
//
//	t, err := topic.Parse(raw)
//	program, err := topic.Compile(t, topic.Options{Release: fhirpath.R4, BaseURL: base})
//	fired, err := program.Fires(ctx, 0, &topic.Change{
//		Interaction: topic.Update, ResourceType: "Encounter", Previous: before, Current: after,
//	})
//
// A subscription's filters compile against its topic, which says what it can be
// filtered by, and an Index finds the subscriptions of one resource among a
// million:
//
//	filters, err := topic.ParseFilter("Encounter?patient=Patient/123")
//	compiled, err := t.CompileFilters(filters, options)
//	index.Add(id, compiled)
//	ids, err := index.AppendMatches(ctx, nil, "Encounter", after)
//
// In a Subscription of R5 the filters stand in filterBy, which ParseFilterBy reads.
// Filters by the parameter trigger ask about what happened and not about the resource,
// and WithEvents tells them.
//
// Everything unknown, and everything that asks for more than the change and what
// Options.Host can tell, is refused by Parse, Compile or CompileFilters with an error
// that names the element or the filter. Criteria are FHIR search, see package search, and
// FHIRPath, see package fhirpath.
//
// Criteria in another language stand in an extension of ours, see ExpressionURL, and
// are for an evaluator, which makes a Program of them: package celtopic takes CEL,
// package exprtopic expr, and package topictest tests any other.
package topic
