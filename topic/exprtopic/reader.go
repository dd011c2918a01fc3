package exprtopic

import (
	"fmt"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// reader goes through an expression, refuses what it does not know or what can't be
// right, and replaces what needs a resource by calls of our functions: the members of
// elements by element, and the bodies of loops by themselves behind tick.
type reader struct {
	resource      fhirpath.Type
	scopes        []static // what # is in the loops around
	locals        map[string]static
	depth         int
	needsPrevious bool
	err           *file.Error // the first
}

func (r *reader) fail(n ast.Node, format string, args ...any) static {
	if r.err == nil {
		r.err = &file.Error{Location: n.Location(), Message: fmt.Sprintf(format, args...)}
	}
	return static{}
}

// read returns the type of a node, which it may replace.
func (r *reader) read(node *ast.Node) static {
	if r.depth++; r.depth > MaxNesting || r.err != nil {
		return r.fail(*node, "it is nested too deep")
	}
	defer func() { r.depth-- }()
	switch n := (*node).(type) {
	case *ast.NilNode:
		return static{kind: nilKind}
	case *ast.BoolNode:
		return static{kind: boolKind}
	case *ast.IntegerNode, *ast.FloatNode:
		return static{kind: numberKind}
	case *ast.StringNode:
		return static{kind: textKind}
	case *ast.IdentifierNode:
		return r.identifier(n)
	case *ast.PointerNode:
		return r.pointer(n)
	case *ast.ArrayNode:
		return r.array(n)
	case *ast.ChainNode: // absent is nil anyhow, so that ?. is .
		gives := r.read(&n.Node)
		*node = n.Node
		return gives
	case *ast.MemberNode:
		return r.member(node, n)
	case *ast.UnaryNode:
		return r.unary(n)
	case *ast.BinaryNode:
		return r.binary(node, n)
	case *ast.ConditionalNode:
		return r.conditional(n)
	case *ast.VariableDeclaratorNode:
		return r.local(n)
	case *ast.BuiltinNode:
		return r.builtin(n)
	case *ast.CallNode:
		return r.call(n)
	}
	return r.fail(*node, "this part of the language is not for criteria")
}

// variables are the variables of an expression.
type variables struct {
	Current     *object   `expr:"current"`
	Previous    *object   `expr:"previous"`
	Interaction string    `expr:"interaction"`
	Now         time.Time `expr:"now"`
}

func (r *reader) identifier(n *ast.IdentifierNode) static {
	switch n.Value {
	case "current":
		return static{kind: objectKind, of: r.resource}
	case "previous":
		r.needsPrevious = true
		return static{kind: objectKind, of: r.resource}
	case "interaction":
		return static{kind: textKind}
	case "now":
		return static{kind: timeKind}
	}
	if s, ok := r.locals[n.Value]; ok {
		return s
	}
	return r.fail(n, "there is no variable %s", n.Value)
}

func (r *reader) local(n *ast.VariableDeclaratorNode) static {
	switch _, taken := r.locals[n.Name]; {
	case taken, n.Name == "current", n.Name == "previous", n.Name == "interaction", n.Name == "now":
		return r.fail(n, "there is a variable %s already", n.Name)
	}
	value := r.read(&n.Value)
	if r.locals == nil {
		r.locals = map[string]static{}
	}
	r.locals[n.Name] = value
	defer delete(r.locals, n.Name)
	return r.read(&n.Expr)
}

func (r *reader) pointer(n *ast.PointerNode) static {
	if n.Name != "" || len(r.scopes) == 0 {
		return r.fail(n, "there is no #%s here", n.Name)
	}
	return r.scopes[len(r.scopes)-1]
}

func (r *reader) array(n *ast.ArrayNode) static {
	values := static{kind: nilKind}
	for i := range n.Nodes {
		values = either(values, r.read(&n.Nodes[i]))
	}
	if len(n.Nodes) == 0 {
		values = static{}
	}
	return static{kind: listKind, values: &values}
}

func (r *reader) conditional(n *ast.ConditionalNode) static {
	r.want(&n.Cond, "a condition", boolKind)
	return either(r.read(&n.Exp1), r.read(&n.Exp2))
}

// want reads an operand that must be of one of the kinds.
func (r *reader) want(node *ast.Node, what string, kinds ...kind) static {
	original := *node
	s := r.read(node)
	if !s.is(kinds...) {
		r.fail(original, "%s can't be %s", what, s.kind)
	}
	return s
}

// member is a.b, which becomes a call of element, or list[i].
func (r *reader) member(node *ast.Node, n *ast.MemberNode) static {
	of := r.read(&n.Node)
	name, named := n.Property.(*ast.StringNode)
	switch {
	case n.Method:
		return r.fail(n, "elements have no methods")
	case of.kind == listKind && !named:
		r.want(&n.Property, "an index", numberKind)
		return *of.values
	case of.kind == listKind:
		return r.fail(n, "a list has no element %s: use any, all or another loop", name.Value)
	case !named || !of.is(objectKind):
		return r.fail(n, "%s has no elements", of.kind)
	}
	gives, field := static{}, &field{name: name.Value}
	if of.kind == objectKind {
		e, ok := of.of.Element(name.Value)
		switch {
		case ok:
			gives, field.element = staticOf(e), &e
		case name.Value == resourceType && of.of.IsResource():
			gives = static{kind: textKind, mayBeAbsent: true}
		default:
			return r.fail(n, "%s has no element %s", of.of.Name(), name.Value)
		}
	}
	*node = call(n, elementFunction, n.Node, &ast.ConstantNode{Value: field})
	return gives
}

// resourceType is the member that is no element.
const resourceType = "resourceType"

// call is a call of one of our functions, in the place of another node.
func call(in ast.Node, function string, args ...ast.Node) ast.Node {
	callee := &ast.IdentifierNode{Value: function}
	callee.SetLocation(in.Location())
	n := &ast.CallNode{Callee: callee, Arguments: args}
	n.SetLocation(in.Location())
	return n
}
