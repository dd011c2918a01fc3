// Package search evaluates FHIR search on a resource in memory: it answers
// whether this resource would be found by that query. Definitions of the search
// parameters of R4, R4B and R5 are built in.
//
//	query, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Observation", "code=http://loinc.org|8867-4&date=ge2026-01")
//	if err != nil {
//		return err // a *search.Error that names the parameter
//	}
//	doc, err := fhirpath.Parse(raw)
//	if err != nil {
//		return err
//	}
//	found, err := query.Match(ctx, doc.Root(), "https://fhir.example.org/r4")
//
// What is evaluated:
//
//	all kinds   :missing
//	token       code, |code, system|, system|code; :not, :text, :of-type
//	reference   id, Type/id, absolute address, canonical; :[Type], :identifier
//	string      beginning of a text; :exact, :contains
//	uri         :below, :above
//	date        eq ne gt lt ge le sa eb ap, with ranges by precision
//	number      the same, exact decimals
//	quantity    the same; number|system|code, number||code
//	composite   a$b, both on the same element
//
// What would need more than the resource is refused by Parse, never ignored:
// chains, _has, _in, _list, :in, :not-in, :above and :below on codes, full-text
// and special parameters, and everything unknown.
//
// Many queries over one resource share a View, and a query that asks for equality
// has Keys, by which an index finds it without evaluating the others.
package search
