package exprtopic

import "github.com/expr-lang/expr/ast"

func (r *reader) unary(n *ast.UnaryNode) static {
	switch n.Operator {
	case "!", "not":
		r.want(&n.Node, "the operand of "+n.Operator, boolKind)
		return static{kind: boolKind}
	case "-", "+":
		r.want(&n.Node, "the operand of "+n.Operator, numberKind)
		return static{kind: numberKind}
	}
	return r.fail(n, "the operator %s is not for criteria", n.Operator)
}

// binary reads an operator with two operands. Where these may have children, == and
// != become calls of equal.
func (r *reader) binary(node *ast.Node, n *ast.BinaryNode) static {
	operand := "an operand of " + n.Operator
	switch n.Operator {
	case "and", "&&", "or", "||":
		r.want(&n.Left, operand, boolKind)
		r.want(&n.Right, operand, boolKind)
	case "==", "!=":
		a, b := r.read(&n.Left), r.read(&n.Right)
		r.same(n, a, b)
		if a.is(objectKind, listKind) && b.is(objectKind, listKind) {
			if *node = call(n, equalFunction, n.Left, n.Right); n.Operator == "!=" {
				*node = not(*node)
			}
		}
	case "<", "<=", ">", ">=":
		r.same(n, r.want(&n.Left, operand, numberKind, textKind, timeKind), r.want(&n.Right, operand, numberKind, textKind, timeKind))
	case "in":
		value := r.want(&n.Left, "what in looks for", boolKind, numberKind, textKind, nilKind)
		if list := r.want(&n.Right, "what in looks through", listKind); list.values != nil {
			r.same(n, value, *list.values)
		}
	case "contains", "startsWith", "endsWith", "matches":
		r.want(&n.Left, operand, textKind)
		r.want(&n.Right, operand, textKind)
	case "+", "-", "*", "/", "%":
		return r.arithmetic(n, operand)
	case "??":
		a, b := r.read(&n.Left), r.read(&n.Right)
		r.same(n, a, b)
		gives := either(a, b)
		gives.mayBeAbsent = b.mayBeAbsent
		return gives
	default: // .. and ** make much of little
		return r.fail(n, "the operator %s is not for criteria", n.Operator)
	}
	return static{kind: boolKind}
}

func not(n ast.Node) ast.Node {
	negated := &ast.UnaryNode{Operator: "not", Node: n}
	negated.SetLocation(n.Location())
	return negated
}

// same refuses operands of unlike types.
func (r *reader) same(n ast.Node, a, b static) {
	switch {
	case a.kind == anyKind || b.kind == anyKind:
	case a.kind == objectKind && b.kind == nilKind, a.kind == nilKind && b.kind == objectKind:
		r.fail(n, "an element with children is never nil: use exists()")
	case a.kind != b.kind && a.kind != nilKind && b.kind != nilKind:
		r.fail(n, "%s does not go with %s", a.kind, b.kind)
	}
}

func (r *reader) arithmetic(n *ast.BinaryNode, operand string) static {
	kinds := []kind{numberKind}
	if n.Operator == "+" {
		kinds = append(kinds, textKind)
	}
	if n.Operator == "+" || n.Operator == "-" {
		kinds = append(kinds, timeKind)
	}
	a, b := r.want(&n.Left, operand, kinds...), r.want(&n.Right, operand, kinds...)
	r.same(n, a, b)
	return static{kind: either(a, b).kind}
}
