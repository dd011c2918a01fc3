// Package fhirpath reads FHIR resources as they are on the wire, JSON, without
// decoding them, and evaluates FHIRPath over them.
//
// Parse indexes a document once, in one pass, after which any number of
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
package fhirpath
