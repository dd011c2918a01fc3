// Package search evaluates FHIR search on a resource in memory: it answers
// whether this resource would be found by that query. Definitions of the search
// parameters of R4, R4B and R5 are built in.
//
//	options := search.Options{Release: fhirpath.R4}
//	query, err := search.ParseQuery(options, "Observation", "code=http://loinc.org|8867-4&date=ge2026-01")
//	if err != nil {
//		return err // a *search.Error that names the parameter
//	}
//	doc, err := fhirpath.Parse(raw)
//	if err != nil {
//		return err
//	}
//	found, err := query.Match(ctx, doc.Root(), "https://fhir.example.org/r4")
//
// What is evaluated on the resource alone:
//
//	all kinds   :missing
//	token       code, |code, system|, system|code; :not, :text, :code-text, :of-type,
//	            :below on MIME types
//	reference   id, [type]/id, absolute address, with a version too; :[type],
//	            :identifier, :text, :code-text; canonical url and url|version, :below
//	string      beginning of a text; :exact, :contains
//	uri         :below, :above, :contains
//	date        eq ne gt lt ge le sa eb ap, with ranges by precision
//	number      the same, exact decimals
//	quantity    the same; number|system|code, number||code; UCUM units are converted
//	composite   a$b, both on the same element
//	_type       and _id, _lastUpdated, _tag, _profile, _security, _source, _language
//	_filter     the whole grammar
//
// # The host
//
// What leads beyond the resource asks the Host, if there is one:
//
//	chains      patient.organization.name, subject:Patient.birthdate     Resolver
//	_has        _has:Observation:patient:code=8867-4, nested too         Resolver
//	_in, _list  patient._in=Group/1, _in:not=List/2; patient:in=Group/1  Resolver
//	reference   :below and :above where resources are parts of others    Resolver
//	token       :in, :not-in, :below, :above                             Terminology
//
// The host's error, like that of the context, is returned: the answer is then not
// known, and it is not "no". Where another criterion says no, or another alternative
// yes, it is not needed. The host is asked last, for each of its resources once, and
// for a bounded number of them.
//
// # What is refused
//
// What can't be evaluated, and everything unknown, is refused by Parse and never
// ignored: full-text search (_text, _content, string:text, :text-advanced),
// distances (near), named queries, current lists, parameters that shape results, and
// whatever needs a host that there is not.
//
// # A host's own parameters
//
// NewDefinitions adds SearchParameter resources to those of the release.
//
// # Where the standard leaves a choice
//
//   - Dates have no time zone. Where the value or the element is a date, the other
//     counts as what calendar and clock showed where it was written; a time without
//     a zone is UTC.
//   - Codes of FHIR's own systems and of UCUM are compared with their case, as are
//     ids and codes without a system; other codes and identifiers without it.
//   - Texts are compared without case, accents and punctuation; in a family name
//     each word counts.
//   - A reference without a version matches every version, as does a canonical.
//   - 1e2 is [95, 105), as the table of the search page has it.
//
// # Many queries
//
// Many queries over one resource share a View, and a query that asks for equality
// has Keys, by which an index finds it without evaluating the others.
package search
