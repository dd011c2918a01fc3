// Package fhirjson says where FHIR JSON breaks the rules that hold for every resource
// (https://hl7.org/fhir/json.html): elements that the type does not have, lists that are
// none, primitives of another JSON type or format, and what must never be there: empty
// strings, objects and arrays, null outside of lists of primitives, an extension without
// content. What a resource must have is for others to say.
//
//	for _, issue := range fhirjson.Check(fhirpath.R4, doc.Root(), 20) {
//		fmt.Println(issue.Path, issue.Problem)
//	}
//
// Neither paths nor problems tell anything of the content, so both may be shown and logged.
package fhirjson
