// Package cases runs suites of FHIRPath cases: expressions over resources, each
// with the result or the error that is wanted. The official suite for R4 in this
// form is in fhirpath/testdata/suite/r4, with a description of the fields.
//
//	suite, err := cases.Read("fhirpath/testdata/suite/r4/cases.json")
//	if err != nil {
//		return err
//	}
//	runner := cases.Runner{Inputs: "fhirpath/testdata/suite/r4/inputs", Release: fhirpath.R4}
//	for _, c := range suite.Cases {
//		result := runner.Run(ctx, c)
//		fmt.Println(c.ID, result.Verdict, result.Reason)
//	}
//
// # What passes
//
// A case with outputs passes if the evaluation gives as many items, each of the
// same type and value, in the same order unless the case says otherwise. Types
// are compared by their last part without regard to case, so that FHIR.string and
// System.String are one. Where the suite gives no type of its own
// (typeInferred), there is none to compare. Numbers are compared as exact decimals,
// dates and times as text or as the same instant if both carry an offset,
// quantities as text or by value and unit.
//
// A case with an error passes if there is one: of Compile for a syntax error, of
// Compile or of the evaluation for all others. An error does not count if it tells
// only of the engine: that it lacks a function which FHIRPath or FHIR defines, that
// a type is not known to it, that it has no terminology service, that it gave up
// (ErrLimit, the time limit) or panicked. Such a case fails, as does one with
// outputs for which the engine refuses anything. A function that nobody defines is
// an error of the expression, whatever words the engine has for it.
//
// A case is checked statically, with Options.Strict and the type of its input as
// Options.Context, if its mode is strict, it is tagged strict-mode or
// static-type-check, or it has checkOrderedFunctions.
//
// A case is skipped only if its input is missing or no JSON, or if its model is
// not known.
package cases
