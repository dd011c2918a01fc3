package celtopic

import (
	"strconv"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// value makes a value of what stands in the document: by its JSON, and by its
// definition where JSON leaves it open. What is absent is null, or an object without
// children where the definition has them.
func (e *evaluation) value(n fhirpath.Node, of fhirpath.Type) ref.Val {
	switch n.Kind() {
	case fhirpath.String:
		if of.System() == "Long" { // integer64 of R5 is a string in JSON
			if i, err := strconv.ParseInt(n.Text(), 10, 64); err == nil {
				return types.Int(i)
			}
		}
		return types.String(n.Text())
	case fhirpath.Number:
		return number(n, of)
	case fhirpath.Bool:
		b, _ := n.Bool()
		return types.Bool(b)
	case fhirpath.Object:
		if own, ok := e.release.ResourceType(n); ok && (of.IsResource() || of == fhirpath.Type{}) {
			of = own
		}
		return &object{in: e, node: n, of: of}
	case fhirpath.Array:
		return e.list(n, of)
	}
	if of == (fhirpath.Type{}) || of.IsPrimitive() || of.IsResource() {
		return types.NullValue
	}
	return &object{in: e, of: of}
}

// number makes a double of a decimal, and an int of what is written as one anywhere
// else.
func number(n fhirpath.Node, of fhirpath.Type) ref.Val {
	text := string(n.Raw())
	if of.System() != "Decimal" {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return types.Int(i)
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return types.NewErr("number out of range")
	}
	return types.Double(f)
}

// exists is the function exists(x): whether an element is there.
func exists(v ref.Val) ref.Val {
	switch v := v.(type) {
	case types.Null:
		return types.False
	case *object:
		return types.Bool(v.node.Exists())
	case *list:
		return types.Bool(len(v.nodes) > 0)
	}
	return types.True
}
