package celtopic

import (
	"errors"
	"strings"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
)

// visit refuses what CEL takes but a criterion can't mean.
func visit(native *ast.AST, e ast.Expr) error {
	switch e.Kind() {
	case ast.IdentKind:
		if strings.HasPrefix(e.AsIdent(), prefix) {
			return errNoTypes // a value of a FHIR type never has the CEL type of that name
		}
	case ast.StructKind:
		return errNoTypes
	case ast.CallKind:
		if name := e.AsCall().FunctionName(); name == operators.Equals || name == operators.NotEquals {
			args := e.AsCall().Args()
			if comparesWithNull(native, args[0], args[1]) || comparesWithNull(native, args[1], args[0]) {
				return errors.New("an element with children is never null: use has() or exists()")
			}
		}
	}
	return nil
}

var errNoTypes = errors.New("types of FHIR can be read, not named or made")

func comparesWithNull(native *ast.AST, value, null ast.Expr) bool {
	return native.GetType(value.ID()).Kind() == types.StructKind && native.GetType(null.ID()).Kind() == types.NullTypeKind
}
