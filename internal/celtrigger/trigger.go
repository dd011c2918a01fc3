// Package celtrigger compiles and runs criteria in CEL on a budget, whatever form the
// resources have: topic/celtopic reads JSON, subscription/fhirproto/protocel protos.
package celtrigger

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
)

// The errors of an evaluation. None holds content of a resource.
var (
	// ErrLimit: the evaluation exceeded its cost.
	ErrLimit = errors.New("cel: limit exceeded")
	// ErrEvaluation: an operation failed on this resource.
	ErrEvaluation = errors.New("cel: evaluation failed")
)

// The limits of an expression. What exceeds them is refused by Compile.
const (
	MaxExpression = 10_000 // in characters
	MaxNesting    = 100    // of operators and brackets
	maxNodes      = 10_000 // after macros such as exists are expanded
	maxRegex      = 1_000  // instructions of a regular expression
)

// DefaultCost is an evaluation's cost unless the host says otherwise: some tenths of a
// second.
const DefaultCost = 100_000

// Environment is what every criterion may use: interaction, now, and exists, which says
// whether a value is there.
func Environment(exists func(ref.Val) ref.Val, more ...cel.EnvOption) (*cel.Env, error) {
	return cel.NewEnv(append(more,
		cel.Variable("interaction", cel.StringType),
		cel.Variable("now", cel.TimestampType),
		cel.Function("exists", cel.Overload("exists_dyn", []*cel.Type{cel.DynType}, cel.BoolType,
			cel.UnaryBinding(exists))),
		cel.CrossTypeNumericComparisons(true),
		cel.EnableIdentifierEscapeSyntax(),
		cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(MaxExpression),
		cel.ParserRecursionLimit(MaxNesting),
		cel.ExpressionNestingDepthLimit(MaxNesting),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxRegex),
	)...)
}

// Trigger is a compiled criterion. It is immutable and safe for concurrent use.
type Trigger struct {
	run           cel.Program
	info          *ast.SourceInfo
	NeedsPrevious bool // whether it mentions previous
}

// Compile checks a criterion over current and previous, which are of the given type. visit
// may refuse further what CEL takes but a criterion can't mean.
func Compile(env *cel.Env, source string, resource *cel.Type, maxCost uint64, visit func(*ast.AST, ast.Expr) error) (*Trigger, error) {
	env, err := env.Extend(cel.Variable("current", resource), cel.Variable("previous", resource))
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(source)
	if issues.Err() != nil {
		var problems []string
		for _, p := range issues.Errors() {
			problems = append(problems, fmt.Sprintf("%s at line %d, column %d", p.Message, p.Location.Line(), p.Location.Column()+1))
		}
		return nil, errors.New(strings.Join(problems, "; "))
	}
	t := &Trigger{info: checked.NativeRep().SourceInfo()}
	if err := t.inspect(checked.NativeRep(), visit); err != nil {
		return nil, err
	}
	t.run, err = env.Program(checked,
		cel.EvalOptions(cel.OptOptimize, cel.OptTrackCost),
		cel.CostLimit(maxCost),
		cel.InterruptCheckFrequency(100),
	)
	return t, err
}

func (t *Trigger) inspect(native *ast.AST, visit func(*ast.AST, ast.Expr) error) (err error) {
	if gives := native.GetType(native.Expr().ID()); gives.Kind() != types.BoolKind || gives.IsAssignableType(types.NullType) {
		err = errors.New("a criterion gives true or false: compare an element that may be absent, as in current.active == true")
	}
	ast.PostOrderVisit(native.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.IdentKind && e.AsIdent() == "previous" {
			t.NeedsPrevious = true
		}
		if problem := visit(native, e); problem != nil {
			err = problem
		}
	}))
	return err
}

// Fires evaluates the criterion. The error is ErrLimit, ErrEvaluation or ctx's, which is
// looked at every hundred iterations.
func (t *Trigger) Fires(ctx context.Context, variables cel.Activation) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	result, _, err := t.run.ContextEval(ctx, variables)
	if err != nil {
		return false, t.failure(ctx, err)
	}
	return result == types.True, nil
}

// failure makes an error without content of the one that CEL gives, which may have
// the value that it failed on.
func (t *Trigger) failure(ctx context.Context, err error) error {
	var cancelled interpreter.EvalCancelledError
	var failed *types.Err
	switch {
	case errors.As(err, &cancelled) && cancelled.Cause == interpreter.CostLimitExceeded:
		return ErrLimit
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &failed):
		if at := t.info.GetStartLocation(failed.NodeID()); at.Line() > 0 {
			return fmt.Errorf("%w at line %d, column %d", ErrEvaluation, at.Line(), at.Column()+1)
		}
	}
	return ErrEvaluation
}
