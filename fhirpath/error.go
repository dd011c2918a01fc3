package fhirpath

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// What an evaluation can fail for. Most come as the cause of an EvaluationError, so ask
// by errors.Is. None holds content of a resource.
var (
	// ErrLimit: an expression or its evaluation exceeded its budget.
	ErrLimit = errors.New("fhirpath: limit exceeded")
	// ErrNotBoolean: a criterion gave something else than one boolean or nothing.
	ErrNotBoolean = errors.New("fhirpath: the result is not a single boolean")
	// ErrSingleton: an operator or function that takes one item was given several.
	ErrSingleton = errors.New("fhirpath: several items where one is expected")
	// ErrOperand: an operator or function can't work on items of this type.
	ErrOperand = errors.New("fhirpath: operand of the wrong type")
	// ErrUnknownType: the answer depends on the type of an element that is in no
	// resource of the release, and that its JSON does not show.
	ErrUnknownType = errors.New("fhirpath: type of the element is not known")
	// ErrNoResolver: a reference leads out of the document and there is no Resolver.
	ErrNoResolver = errors.New("fhirpath: resolve() needs a resolver")
	// ErrNoTerminology: a function needs a terminology service and there is none.
	ErrNoTerminology = errors.New("fhirpath: no terminology service")
	// ErrProfile: conformsTo() was asked about a profile that is not known here.
	ErrProfile = errors.New("fhirpath: profile is not known")
	// ErrModifier: checkModifiers() found a modifier extension that is not listed.
	ErrModifier = errors.New("fhirpath: modifier extension that is not understood")
)

// CompileError says what is wrong with an expression, and where.
type CompileError struct {
	Expression string // the source, as it was given
	Offset     int    // in bytes, from 0
	Problem    string // such as "expected )"
	cause      error
	elsewhere  bool // a path for another type of resource than the focus
}

// Error returns the problem with its position, then the line of the expression
// that has it, then a caret below the place.
func (e *CompileError) Error() string {
	row, column, line := place(e.Expression, e.Offset)
	before, shown := []rune(line), column-1
	if cut := shown - 60; cut > 0 {
		before, shown = before[cut:], 60
	}
	if len(before) > 120 {
		before = before[:120]
	}
	return fmt.Sprintf("fhirpath: %s at line %d, column %d\n\t%s\n\t%s^", e.Problem, row, column,
		strings.ReplaceAll(string(before), "\t", " "), strings.Repeat(" ", shown))
}

// Unwrap returns ErrLimit if the expression is too large, otherwise nil.
func (e *CompileError) Unwrap() error { return e.cause }

// EvaluationError says which operator or function of an expression failed. It holds
// nothing of the resource.
type EvaluationError struct {
	Expression string // the source, as it was compiled
	Offset     int    // in bytes, from 0
	Err        error  // of this package, such as ErrSingleton
}

// Error returns the cause and its position.
func (e *EvaluationError) Error() string {
	row, column, _ := place(e.Expression, e.Offset)
	return fmt.Sprintf("%v at line %d, column %d of the expression", e.Err, row, column)
}

// Unwrap returns the cause.
func (e *EvaluationError) Unwrap() error { return e.Err }

// place returns the row and column of an offset, in characters from 1, and the text of
// that row.
func place(expression string, offset int) (row, column int, line string) {
	start := strings.LastIndexByte(expression[:offset], '\n') + 1
	line, _, _ = strings.Cut(expression[start:], "\n")
	return strings.Count(expression[:start], "\n") + 1, utf8.RuneCountInString(expression[start:offset]) + 1, line
}
