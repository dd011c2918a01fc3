package exprtopic

import "github.com/expr-lang/expr/ast"

// The names of our functions. An expression can only call exists.
const (
	elementFunction = "element of"
	tickFunction    = "a step"
	equalFunction   = "equal"
	existsFunction  = "exists"
)

func (r *reader) call(n *ast.CallNode) static {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || callee.Value != existsFunction {
		return r.fail(n, "there is no such function for criteria")
	}
	if len(n.Arguments) != 1 {
		return r.fail(n, "exists takes one argument")
	}
	r.read(&n.Arguments[0])
	return static{kind: boolKind}
}

// functions are the builtins for criteria that have no predicate: what they take and
// give. Others would make much of little, or show Go's values.
var functions = map[string]struct {
	takes []kind
	gives kind
}{
	"len":      {[]kind{textKind, listKind}, numberKind},
	"lower":    {[]kind{textKind}, textKind},
	"upper":    {[]kind{textKind}, textKind},
	"trim":     {[]kind{textKind}, textKind},
	"int":      {[]kind{textKind, numberKind}, numberKind},
	"float":    {[]kind{textKind, numberKind}, numberKind},
	"abs":      {[]kind{numberKind}, numberKind},
	"date":     {[]kind{textKind}, timeKind},
	"duration": {[]kind{textKind}, timeKind},
}

func (r *reader) builtin(n *ast.BuiltinNode) static {
	switch n.Name {
	case "all", "none", "any", "one", "count", "filter", "map", "find":
		return r.loop(n)
	}
	f, ok := functions[n.Name]
	if !ok {
		return r.fail(n, "the function %s is not for criteria", n.Name)
	}
	if len(n.Arguments) != 1 {
		return r.fail(n, "%s takes one argument", n.Name)
	}
	r.want(&n.Arguments[0], "the argument of "+n.Name, f.takes...)
	return static{kind: f.gives}
}

// loop reads a builtin with a predicate, and has each of its iterations counted.
func (r *reader) loop(n *ast.BuiltinNode) static {
	list := r.want(&n.Arguments[0], "what "+n.Name+" goes through", listKind)
	value := static{}
	if list.values != nil {
		value = *list.values
	}
	predicate, ok := n.Arguments[len(n.Arguments)-1].(*ast.PredicateNode)
	if !ok {
		return r.fail(n, "%s takes a predicate", n.Name)
	}
	body := predicate.Node
	r.scopes = append(r.scopes, value)
	gives := r.read(&predicate.Node)
	r.scopes = r.scopes[:len(r.scopes)-1]
	if n.Name != "map" && !gives.is(boolKind) {
		return r.fail(body, "a predicate can't be %s", gives.kind)
	}
	counted := &ast.SequenceNode{Nodes: []ast.Node{
		call(body, tickFunction, &ast.IdentifierNode{Value: "current"}), predicate.Node,
	}}
	counted.SetLocation(body.Location())
	predicate.Node = counted
	switch n.Name {
	case "count":
		return static{kind: numberKind}
	case "filter":
		return list
	case "map":
		return static{kind: listKind, values: &gives}
	case "find":
		value.mayBeAbsent = true
		if value.kind == objectKind { // nil here, and not an object without children
			return static{}
		}
		return value
	}
	return static{kind: boolKind}
}
