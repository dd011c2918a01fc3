package celtopic

import (
	"errors"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
)

// inspect refuses what CEL takes but a criterion can't mean, and reports whether the
// expression mentions previous.
func inspect(checked *cel.Ast) (needsPrevious bool, err error) {
	native := checked.NativeRep()
	if gives := native.GetType(native.Expr().ID()); gives.Kind() != types.BoolKind || gives.IsAssignableType(types.NullType) {
		err = errors.New("a criterion gives true or false: compare an element that may be absent, as in current.active == true")
	}
	ast.PostOrderVisit(native.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind:
			needsPrevious = needsPrevious || e.AsIdent() == "previous"
			if strings.HasPrefix(e.AsIdent(), prefix) {
				err = errNoTypes // a value of a FHIR type never has the CEL type of that name
			}
		case ast.StructKind:
			err = errNoTypes
		case ast.CallKind:
			if name := e.AsCall().FunctionName(); name == operators.Equals || name == operators.NotEquals {
				args := e.AsCall().Args()
				if comparesWithNull(native, args[0], args[1]) || comparesWithNull(native, args[1], args[0]) {
					err = errors.New("an element with children is never null: use has() or exists()")
				}
			}
		}
	}))
	return needsPrevious, err
}

var errNoTypes = errors.New("types of FHIR can be read, not named or made")

func comparesWithNull(native *ast.AST, value, null ast.Expr) bool {
	return native.GetType(value.ID()).Kind() == types.StructKind && native.GetType(null.ID()).Kind() == types.NullTypeKind
}
