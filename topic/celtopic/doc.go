// Package celtopic evaluates topics whose criteria are written in the Common
// Expression Language, https://cel.dev, and checks them against the definitions of
// FHIR before there is a resource.
//
// A host gives the evaluator to the engine, and a topic carries the criteria of its
// resourceTrigger in an extension, see topic.ExpressionURL:
//
//	cel, err := celtopic.New(celtopic.Config{Release: fhirpath.R4})
//	engine, err := subscription.New(subscription.Config{Evaluators: []subscription.TopicEvaluator{cel}, …})
//
//	"resourceTrigger": [{
//	  "resource": "Encounter",
//	  "extension": [{
//	    "url": "https://carillon-fhir.github.io/fhir/StructureDefinition/resourceTrigger-expression",
//	    "valueExpression": {
//	      "language": "text/cel",
//	      "expression": "current.status == 'finished' && previous.status != 'finished'"
//	    }
//	  }]
//	}]
//
// # Variables
//
//   - current is the resource after the change, previous before it
//   - interaction is "create", "update" or "delete"
//   - now is the time of the evaluation, a timestamp. A change that can't be decided in
//     the hook is evaluated once more, later.
//
// The expression gives a bool. The standard macros and functions of CEL are there.
//
// # Elements
//
// Elements are called as in JSON: current.valueQuantity.value. A choice is there under
// its own name as well, current.value, with the type that it has in the resource. An
// element whose name is a word of CEL is written in backticks. Elements that the type
// does not have are refused by Compile, as are comparisons of unlike types. A trigger
// on Resource or DomainResource has the elements that all of those share; resources
// inside another are checked when they are read.
//
//	FHIR                                    CEL
//	boolean                                 bool
//	integer, positiveInt, integer64, …      int
//	decimal                                 double: 6.30 and 6.3 are equal, and so are numbers that differ behind the 16th digit
//	string, code, uri, …                    string
//	date, dateTime, instant, time           string
//	an element with children                an object; two are equal if their JSON is
//	an element that may repeat              a list
//
// Dates are strings because they may be partial. Those of the same precision and
// offset compare as strings do. A complete dateTime, and each instant, becomes a
// timestamp by timestamp(current.issued).
//
// The extensions of a primitive value, such as _birthDate, are not seen.
//
// # What is absent
//
// A primitive value that is absent is null, one that repeats an empty list, and an
// element with children an object that has none, so that current.period.end may be
// written without care, and previous.status != "finished" is true on create, where
// FHIRPath would give nothing. Previous is such an object on create, current on delete.
// A choice under its own name is null.
//
// has(current.period) and exists(previous) ask whether something is there; for exists
// it may be any value. A comparison by < or >, a function, or an operation on null
// fails, and what fails does not fire: write has(current.issued) && … before it.
// An object is never null, and Compile refuses to compare it with null.
//
// # Budget
//
// Expressions are at most MaxExpression characters long and nested MaxNesting deep. An
// evaluation costs at most Config.MaxCost, and looks at its context every hundred
// iterations. Errors of an evaluation say where in the expression it failed, never on
// which value.
package celtopic
