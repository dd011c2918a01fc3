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
// whatever needs a host that there is not. So is a value that could find nothing, or
// everything, by mistake:
//
//   - an empty value or alternative, and \ before anything but , | $ and \ ("Escaping
//     Search Parameters")
//   - a text of punctuation alone, of which nothing is compared ("string")
//   - system|code of what has no system: ContactPoint, boolean, uri, id; a system that
//     is none of those that FHIR's own codes are bound to; system| of codes ("token")
//   - an id with characters that ids don't have
//   - a reference to no resource type, with an empty version, or to #id ("reference")
//   - :above and :below of a urn, which has no path ("uri")
//   - a + in the zone of a time, which a query writes %2B ("date")
//   - :missing and other modifiers of a composite, which has none ("composite")
//   - more links in a chain than 10, and criteria that lead to more than 2000 parts
//
// # A host's own parameters
//
// NewDefinitions adds SearchParameter resources to those of the release.
//
// # Where the standard leaves a choice
//
// The headings are those of the FHIR search page, https://hl7.org/fhir/search.html.
//
//   - Releases: modifiers, _in and _list of R5 are known in R4 as well; parameters are
//     those of the release.
//   - "Prefixes": ge and le are met by any overlap with the range above or below the
//     beginning or end of the value, as the page's example of two limits around a period
//     needs; the words of the table alone would leave out a period that ends within the
//     value.
//   - "date": dates have no time zone. Where the value or the element is a date, the other
//     counts as what calendar and clock showed where it was written; a time without
//     a zone is UTC. A Timing counts from its first event, or the beginning of its
//     bounds, to the last. ap is a tenth of the time between now and the value.
//   - "number": 1e2 is [95, 105), as the table of the page has it. ap is a tenth of the value,
//     and at least what its digits leave open.
//   - "quantity": UCUM units are converted if the value names the system. A Quantity with a
//     comparator has no end on that side. A Range counts as one.
//   - "token": codes of FHIR's own systems and of UCUM are compared with their case, as are
//     ids and primitive codes; other codes and identifiers without it. A primitive code's
//     system is implied, and not compared further than said above.
//   - "token": :text and :code-text are met by the beginning of a text, as a string is.
//     :not is met by elements that are not there.
//   - "string": texts are compared without case, accents and punctuation, whatever the length
//     of spaces; in a family name each word counts. Greek and Cyrillic lose their accents
//     like Latin, Hebrew and Arabic their points. Marks that are vowels stay.
//   - "reference": one without a version matches every version, as does a canonical; a bare id
//     matches any of the types that the parameter leads to. An absolute address below the
//     server's base is the same as the relative one, and another server's never is. A
//     parameter for references to one type, such as patient, does not find those that
//     tell no type, by their text or Reference.type.
//   - "Chaining": a reference is followed for each type that it may lead to and that has the
//     parameter.
//   - "_filter": "and" and "or" bind from left to right. gt and its like compare the first
//     characters of texts.
//
// # Many queries
//
// Many queries over one resource share a View, and a query that asks for equality
// has Keys, by which an index finds it without evaluating the others.
package search
