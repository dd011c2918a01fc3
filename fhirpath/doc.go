// Package fhirpath reads FHIR resources as they are on the wire, JSON, without
// decoding them, and evaluates FHIRPath over them.
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
// The language is FHIRPath N1 (http://hl7.org/fhirpath/N1) with FHIR's additions
// (https://hl7.org/fhir/fhirpath.html). All of the grammar parses. What an
// expression uses and the package lacks is refused by Compile with its name and
// place; it never counts as empty. References are not fetched: resolve() is
// understood in front of is, where the text of the reference tells the type.
//
// # What is not known without the definitions of the resources
//
// JSON tells the type of an element where the element is a resource, an
// extension, or a choice (valueQuantity is a Quantity), and in part by its shape:
// true is a boolean, {"reference":"Patient/1"} a Reference. Where is, as and
// ofType would need more, evaluation ends with ErrUnknownType.
//
// A string of which the type is not known is compared as a date, dateTime or time
// if the other operand is one, or is written like one too; compared by < and its
// kin with a string, it gives nothing if it is written like a date of at least a
// month, since a date and a string have no order. A number is an Integer if it is
// written without a fraction. An element that does not exist in FHIR gives nothing.
//
// # Budget
//
// An expression is at most MaxExpression bytes long and nested MaxNesting deep; an
// evaluation does at most MaxSteps steps. What exceeds that is ErrLimit. The
// context is looked at every 256 steps.
package fhirpath
