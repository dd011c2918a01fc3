package celtopic

import (
	"reflect"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// list is a repeating element. It knows where its values are, and makes each when it
// is asked for.
type list struct {
	in    *evaluation
	nodes []fhirpath.Node
	of    fhirpath.Type
}

func (e *evaluation) list(n fhirpath.Node, of fhirpath.Type) *list {
	l := &list{in: e, of: of}
	if size := n.Len(); size > 0 {
		l.nodes = make([]fhirpath.Node, 0, size)
	}
	for node := range n.Elements() {
		l.nodes = append(l.nodes, node)
	}
	return l
}

func (l *list) at(i int) ref.Val { return l.in.value(l.nodes[i], l.of) }

func (l *list) values() []ref.Val {
	all := make([]ref.Val, len(l.nodes))
	for i := range all {
		all[i] = l.at(i)
	}
	return all
}

// Get implements traits.Indexer.
func (l *list) Get(index ref.Val) ref.Val {
	i, err := types.IndexOrError(index)
	if err != nil {
		return types.WrapErr(err)
	}
	if i < 0 || i >= len(l.nodes) {
		return types.NewErr("index out of bounds")
	}
	return l.at(i)
}

// Size implements traits.Sizer.
func (l *list) Size() ref.Val { return types.Int(len(l.nodes)) }

// Contains implements traits.Container.
func (l *list) Contains(value ref.Val) ref.Val {
	for i := range l.nodes {
		if types.Equal(l.at(i), value) == types.True {
			return types.True
		}
	}
	return types.False
}

// Add implements traits.Adder.
func (l *list) Add(other ref.Val) ref.Val {
	return types.NewRefValList(types.DefaultTypeAdapter, l.values()).Add(other)
}

// Equal implements ref.Val: as many values, each equal to the other list's.
func (l *list) Equal(other ref.Val) ref.Val {
	b, ok := other.(traits.Lister)
	if !ok || b.Size() != l.Size() {
		return types.False
	}
	for i := range l.nodes {
		if types.Equal(l.at(i), b.Get(types.Int(i))) != types.True {
			return types.False
		}
	}
	return types.True
}

// Type implements ref.Val.
func (l *list) Type() ref.Type { return types.ListType }

// Value implements ref.Val. It is the list: there is no other form.
func (l *list) Value() any { return l }

// ConvertToType implements ref.Val.
func (l *list) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.ListType:
		return l
	case types.TypeType:
		return types.ListType
	}
	return types.WrapErr(errConversion)
}

// ConvertToNative implements ref.Val.
func (l *list) ConvertToNative(reflect.Type) (any, error) { return nil, errConversion }

// Iterator implements traits.Iterable.
func (l *list) Iterator() traits.Iterator { return &iterator{list: l} }

// iterator goes through a list.
type iterator struct {
	*list
	next int
}

// HasNext implements traits.Iterator.
func (i *iterator) HasNext() ref.Val { return types.Bool(i.next < len(i.nodes)) }

// Next implements traits.Iterator.
func (i *iterator) Next() ref.Val {
	i.next++
	return i.at(i.next - 1)
}
