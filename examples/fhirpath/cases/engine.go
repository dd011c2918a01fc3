package cases

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Engine evaluates an expression over focus. Its error is a
// *fhirpath.CompileError if the expression was refused before the evaluation.
type Engine func(ctx context.Context, expression string, o fhirpath.Options, focus fhirpath.Node) (fhirpath.Collection, error)

// Evaluate is the Engine that is package fhirpath. It has no terminology service,
// and a reference that leads out of the input finds nothing.
func Evaluate(ctx context.Context, expression string, o fhirpath.Options, focus fhirpath.Node) (fhirpath.Collection, error) {
	e, err := fhirpath.Compile(expression, o)
	if err != nil {
		return nil, err
	}
	return e.Evaluate(ctx, focus, fhirpath.Env{Resolver: nothing{}})
}

// nothing is the Resolver of a world in which there is nothing but the input.
type nothing struct{}

func (nothing) Resolve(context.Context, string) (*fhirpath.Doc, error) { return nil, nil }

var errPanic = errors.New("panic")

// lacking reports whether an error says something about the engine and nothing
// about the expression.
func lacking(err error) bool {
	for _, own := range []error{
		errPanic, context.DeadlineExceeded, context.Canceled,
		fhirpath.ErrLimit, fhirpath.ErrUnknownType, fhirpath.ErrNoResolver, fhirpath.ErrNoTerminology,
	} {
		if errors.Is(err, own) {
			return true
		}
	}
	var refused *fhirpath.CompileError
	return errors.As(err, &refused) && strings.Contains(refused.Problem, "not supported") && functions[nameAt(refused)]
}

// nameAt returns the name that the engine refused.
func nameAt(e *fhirpath.CompileError) string {
	rest := e.Expression[min(e.Offset, len(e.Expression)):]
	end := strings.IndexFunc(rest, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if end < 0 {
		return rest
	}
	return rest[:end]
}

// functions are those that FHIRPath and FHIR define, in whatever version. That the
// engine lacks one of them is its own affair; any other name is an error of the
// expression.
var functions = func() map[string]bool {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(`
		abs aggregate all allFalse allTrue anyFalse anyTrue as avg ceiling checkModifiers children coalesce combine comparable
		conformsTo contains convertsToBoolean convertsToDate convertsToDateTime convertsToDecimal convertsToInteger
		convertsToLong convertsToQuantity convertsToString convertsToTime count dateOf dayOf decode defineVariable descendants
		difference distinct duration elementDefinition empty encode endsWith escape exclude exists exp extension first floor
		getReferenceKey getResourceKey getValue hasTemplateIdOf hasValue highBoundary hourOf htmlChecks iif indexOf intersect
		is isDistinct join last lastIndexOf length ln log lowBoundary lower matches matchesFull max memberOf millisecondOf min
		minuteOf monthOf not now ofType power precision repeat repeatAll replace replaceMatches resolve round secondOf select
		single skip slice sort split sqrt startsWith subset subsetOf substring subsumedBy subsumes sum superset supersetOf tail
		take timeOf timeOfDay timezoneOffsetOf toBoolean toChars toDate toDateTime toDecimal toInteger toLong toQuantity
		toString toTime today trace trim truncate type unescape union upper weight where yearOf`) {
		set[name] = true
	}
	return set
}()
