package fhirpath

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The errors of evaluation. None holds content of a resource.
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
	Expression string
	Offset     int    // in bytes, from 0
	Problem    string // such as "expected )"
	cause      error
	elsewhere  bool // a path for another type of resource than the focus
}

// Error returns the problem with its position, then the line of the expression
// that has it, then a caret below the place.
func (e *CompileError) Error() string {
	start := strings.LastIndexByte(e.Expression[:e.Offset], '\n') + 1
	line := e.Expression[start:]
	if end := strings.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	column := utf8.RuneCountInString(e.Expression[start:e.Offset])
	row := strings.Count(e.Expression[:start], "\n") + 1
	before, shown := []rune(line), column
	if cut := column - 60; cut > 0 {
		before, shown = before[cut:], 60
	}
	if len(before) > 120 {
		before = before[:120]
	}
	return fmt.Sprintf("fhirpath: %s at line %d, column %d\n\t%s\n\t%s^", e.Problem, row, column+1,
		strings.ReplaceAll(string(before), "\t", " "), strings.Repeat(" ", shown))
}

// Unwrap returns ErrLimit if the expression is too large, otherwise nil.
func (e *CompileError) Unwrap() error { return e.cause }
