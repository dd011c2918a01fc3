// Package fhirpath reads FHIR resources as they are on the wire, JSON, without
// decoding them, and evaluates FHIRPath over them. It needs nothing else of
// Carillon: whoever has FHIR resources as JSON in Go can use it alone.
//
// # The index
//
// Parse indexes a document once, in one strict pass, after which any number of
// goroutines may read it:
//
//	doc, err := fhirpath.Parse(raw)
//	if err != nil {
//		return err
//	}
//	status := doc.Root().Get("status").Text()
//
// A Node is a place in the document. Everything it returns is a part of the
// bytes that were parsed, so decimals keep every digit.
//
// # The language
//
// Compile an expression once and evaluate it often, on a budget:
//
//	e, err := fhirpath.Compile("Patient.name.where(use = 'official').given", fhirpath.Options{Release: fhirpath.R4})
//	names, err := e.Evaluate(ctx, doc.Root(), fhirpath.Env{})
//
// Bool, Strings and First are shorter ways to the usual results.
//
// The language is FHIRPath 2.0 (http://hl7.org/fhirpath/N1), the functions that
// version 3.0 adds for trial use, and FHIR's own
// (https://hl7.org/fhir/fhirpath.html). What an expression uses and the package
// lacks is refused by Compile with its name and place; it never counts as empty.
// CONFORMANCE.md beside this file says which cases of the official suite do not
// pass, and why.
//
// # Types
//
// The definitions of R4, R4B and R5 are built in. They tell the type of each
// element of a resource: that Observation.value may be a Quantity or a string and is
// the member valueQuantity or valueString, that gender is a code and birthDate a
// date. So is, as, ofType and type() answer by the definition, and texts are
// compared as dates only where they are dates.
//
// JSON that is no resource of the release is read all the same. The type of an
// element is then known as far as JSON shows it: the name of a choice, an extension,
// a boolean. Where is, as and ofType would need more, evaluation ends with
// ErrUnknownType. A string of which the type is not known is compared as a date,
// dateTime or time if the other operand is one, or is written like one too. An
// element that the definitions do not have is found by its name, for resources of a
// newer release and local ones.
//
// Options.Strict refuses, before there is data, what can't be right: a path that no
// resource has, a cast to a type that the element never has, an operator on operands
// that it does not take. Use it wherever the author of an expression is there to read
// the error.
//
// # What an expression may ask for
//
// References are followed in the resource and the Bundle that they are in, then by
// the caller's Resolver; memberOf and subsumes ask the caller's Terminology. Without
// them the evaluation ends with an error, never with nothing. Needs tells before
// whether an expression may ask, and an EvaluationError where it did. resolve() is T
// fetches nothing where the text of the reference tells the type, as it does in search
// parameters.
//
// # Units
//
// Quantities are compared, added and multiplied by UCUM, see package ucum. Calendar
// words and UCUM codes are the same up to weeks; 1 year is not comparable with 1 'a'.
// A FHIR Quantity of 1 'a', though, stands for 1 year, so that it can be added to a
// date: FHIR maps its UCUM codes from years to seconds to the words.
//
// # Budget
//
// An expression is at most MaxExpression bytes long and nested MaxNesting deep; an
// evaluation does at most MaxSteps steps and builds strings of at most 1 MiB. What
// exceeds that is ErrLimit. The context is looked at every 256 steps. Regular
// expressions are RE2, which runs in linear time.
package fhirpath
