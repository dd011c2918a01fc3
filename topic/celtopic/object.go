package celtopic

import (
	"errors"
	"reflect"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/jsonequal"
)

// object is an element that has children, or a resource, where it stands in the
// document. One that is absent has none of its children.
type object struct {
	in   *evaluation
	node fhirpath.Node
	of   fhirpath.Type // the zero Type if it is not known
}

var objectType = types.NewObjectType(prefix+"Element", traits.FieldTesterType, traits.IndexerType)

// element returns the value of an element of the object's type.
func (o *object) element(e fhirpath.Element) (ref.Val, error) {
	if err := o.in.charge(o.node); err != nil {
		return nil, err
	}
	n, of := e.In(o.node)
	if e.Repeats() {
		return o.in.list(n, of), nil
	}
	return o.in.value(n, of), nil
}

func (o *object) hasElement(e fhirpath.Element) bool {
	if o.in.charge(o.node) != nil {
		return false // Fires fails
	}
	n, _ := e.In(o.node)
	return n.Len() > 0
}

// member returns the value of a member whose definition is not known.
func (o *object) member(name string) (ref.Val, error) {
	if err := o.in.charge(o.node); err != nil {
		return nil, err
	}
	return o.in.value(o.node.Get(name), fhirpath.Type{}), nil
}

func (o *object) has(name string) bool {
	return o.in.charge(o.node) == nil && o.node.Get(name).Len() > 0
}

// Get implements traits.Indexer, for objects whose type is known only now: the value
// of a choice, or a contained resource.
func (o *object) Get(index ref.Val) ref.Val {
	name, ok := index.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(index)
	}
	var v ref.Val
	var err error
	if e, defined := o.of.Element(string(name)); defined {
		v, err = o.element(e)
	} else if v, err = o.member(string(name)); v == types.NullValue && o.of != (fhirpath.Type{}) && name != resourceType {
		err = errUndefined
	}
	if err != nil {
		return types.WrapErr(err)
	}
	return v
}

// IsSet implements traits.FieldTester, for the same objects.
func (o *object) IsSet(field ref.Val) ref.Val {
	name, ok := field.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(field)
	}
	if e, defined := o.of.Element(string(name)); defined {
		return types.Bool(o.hasElement(e))
	}
	return types.Bool(o.has(string(name)))
}

// Equal implements ref.Val: two objects are equal if their JSON is, the order of
// members aside.
func (o *object) Equal(other ref.Val) ref.Val {
	b, ok := other.(*object)
	return types.Bool(ok && jsonequal.Nodes(o.node, b.node, o.in.charge))
}

// Type implements ref.Val.
func (o *object) Type() ref.Type { return objectType }

// Value implements ref.Val. It is the object: there is no other form.
func (o *object) Value() any { return o }

// ConvertToType implements ref.Val.
func (o *object) ConvertToType(t ref.Type) ref.Val {
	if t == types.TypeType {
		return objectType
	}
	return types.WrapErr(errConversion)
}

// ConvertToNative implements ref.Val.
func (o *object) ConvertToNative(reflect.Type) (any, error) { return nil, errConversion }

var (
	errConversion = errors.New("celtopic: elements with children can't be converted")
	errUndefined  = errors.New("celtopic: no such element")
)
