package exprtopic

import (
	"errors"
	"strconv"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// object is an element that has children, or a resource, where it stands in the
// document. One that is absent has none of its children.
type object struct {
	in   *evaluation
	node fhirpath.Node
	of   fhirpath.Type // the zero Type if it is not known
}

// field is what an expression names behind a point.
type field struct {
	name    string
	element *fhirpath.Element // nil: what has it is known only when it is there
}

var (
	errNoElement = errors.New("exprtopic: no such element")
	errNumber    = errors.New("exprtopic: number out of range")
)

// element is the function that reads a member: element(object, field).
func element(args ...any) (any, error) {
	o, ok := args[0].(*object)
	if !ok {
		return nil, errNoElement // of nil, or of a text
	}
	f := args[1].(*field)
	e := f.element
	if e == nil {
		if defined, ok := o.of.Element(f.name); ok {
			e = &defined
		}
	}
	if err := o.in.charge(1, o.node); err != nil {
		return nil, err
	}
	if e == nil {
		n := o.node.Get(f.name)
		if !n.Exists() && o.of != (fhirpath.Type{}) && f.name != resourceType {
			return nil, errNoElement
		}
		return o.in.value(n, fhirpath.Type{})
	}
	n, of := e.In(o.node)
	if e.Repeats() {
		return o.in.list(n, of)
	}
	return o.in.value(n, of)
}

// value makes a value of what stands in the document: by its JSON, and by its
// definition where JSON leaves it open. What is absent is nil, or an object without
// children where the definition has them.
func (e *evaluation) value(n fhirpath.Node, of fhirpath.Type) (any, error) {
	switch n.Kind() {
	case fhirpath.String:
		if err := e.charge(len(n.Raw())/256, fhirpath.Node{}); err != nil {
			return nil, err
		}
		if of.System() == "Long" { // integer64 of R5 is a string in JSON
			if i, err := strconv.Atoi(n.Text()); err == nil {
				return i, nil
			}
		}
		return n.Text(), nil
	case fhirpath.Number:
		if of.System() != "Decimal" {
			if i, err := strconv.Atoi(n.Text()); err == nil {
				return i, nil
			}
		}
		f, err := strconv.ParseFloat(n.Text(), 64)
		if err != nil {
			return nil, errNumber
		}
		return f, nil
	case fhirpath.Bool:
		b, _ := n.Bool()
		return b, nil
	case fhirpath.Object:
		if own, ok := e.release.ResourceType(n); ok && (of.IsResource() || of == fhirpath.Type{}) {
			of = own
		}
		return &object{in: e, node: n, of: of}, nil
	case fhirpath.Array:
		return e.list(n, of)
	}
	if of == (fhirpath.Type{}) || of.IsPrimitive() || of.IsResource() {
		return nil, nil
	}
	return &object{in: e, of: of}, nil
}

// list makes the values of a repeating element, but not what is inside them.
func (e *evaluation) list(n fhirpath.Node, of fhirpath.Type) (any, error) {
	size := n.Len()
	if err := e.charge(size, fhirpath.Node{}); err != nil {
		return nil, err
	}
	values := make([]any, 0, size)
	for node := range n.Elements() {
		v, err := e.value(node, of)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// exists is the function exists(x): whether an element is there.
func exists(args ...any) (any, error) {
	switch v := args[0].(type) {
	case nil:
		return false, nil
	case *object:
		return v.node.Exists(), nil
	case []any:
		return len(v) > 0, nil
	}
	return true, nil
}
