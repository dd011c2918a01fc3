// Package exprtopic evaluates topics whose criteria are written in expr,
// https://expr-lang.org, and checks them against the definitions of FHIR before there
// is a resource.
//
// It is for topics that come with the host program. The language was made for
// expressions of the program's own authors: its machine can't be interrupted inside an
// operation, nor charged for one. What this package adds, refused operations and
// counted loops, bounds how often something is done, but not how long a single regular
// expression takes over a text of megabytes. Topics of strangers belong in CEL, package
// celtopic, or FHIRPath.
//
// A host gives the evaluator to the engine, and a topic carries the criteria of its
// resourceTrigger in an extension, see topic.ExpressionURL, with the language
// text/x-expr:
//
//	expr, err := exprtopic.New(exprtopic.Config{Release: fhirpath.R4})
//	engine, err := subscription.New(subscription.Config{Evaluators: []subscription.TopicEvaluator{expr}, …})
//
//	"valueExpression": {
//	  "language": "text/x-expr",
//	  "expression": "current.status == 'finished' and previous.status != 'finished'"
//	}
//
// # Variables
//
//   - current is the resource after the change, previous before it
//   - interaction is "create", "update" or "delete"
//   - now is the time of the evaluation. A change that can't be decided in the hook is
//     evaluated once more, later.
//
// The expression gives a bool.
//
// # Elements
//
// Elements are called as in JSON: current.valueQuantity.value. A choice is there under
// its own name as well, current.value, with the type that it has in the resource.
// Elements that the type does not have are refused by Compile, as are comparisons of
// unlike types. A trigger on Resource or DomainResource has the elements that all of
// those share; resources inside another are checked when they are read.
//
// Numbers are int where FHIR has integers and float64 where it has decimals, so that
// numbers that differ behind the 16th digit are equal. All other primitive values but
// booleans are strings; date(current.issued) makes a time of a complete one. Elements
// with children are equal if their JSON is. The extensions of a primitive value, such
// as _birthDate, are not seen.
//
// # What is absent
//
// A primitive value that is absent is nil, one that repeats an empty list, and an
// element with children one that has none, so that current.period.end may be written
// without care, and previous.status != "finished" is true on create. Previous is such
// an element on create, current on delete. A choice under its own name is nil.
//
// exists(current.period) asks whether something is there. A comparison of nil by < or
// > and most functions fail, and what fails does not fire: write
// exists(current.issued) and … before it. An element with children is never nil, and
// Compile refuses to compare it with nil.
//
// # The language
//
// Of expr there are: literals and arrays; and, or, not and their signs; == != < <= > >=
// in contains startsWith endsWith matches; + - * / % ?? ?: and let; the loops all,
// none, any, one, count, filter, map and find, each with a predicate; len, lower,
// upper, trim, int, float, abs, date and duration. Compile refuses everything else by
// name.
//
// # Budget
//
// Expressions are at most MaxExpression bytes long and nested MaxNesting deep. An
// evaluation does at most Config.MaxSteps steps, each iteration of a loop among them,
// and looks at its context every 256. Errors of an evaluation say where in the
// expression it failed, never on which value.
package exprtopic
