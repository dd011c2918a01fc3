package exprtopic

import (
	"bytes"
	"strconv"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// equal is the function behind == where a side may have children: equal(a, b). Two
// elements are equal if their JSON is, the order of members aside, with numbers
// compared as criteria see them; two lists, if their values are.
func equal(args ...any) (any, error) { return same(args[0], args[1]) }

func same(a, b any) (bool, error) {
	switch a := a.(type) {
	case *object:
		b, ok := b.(*object)
		if !ok {
			return false, nil
		}
		return a.in.equal(a.node, b.node), a.in.err
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false, nil
		}
		for i := range a {
			if equal, err := same(a[i], b[i]); !equal {
				return false, err
			}
		}
		return true, nil
	case int:
		if b, ok := b.(float64); ok {
			return float64(a) == b, nil
		}
	case float64:
		if b, ok := b.(int); ok {
			return a == float64(b), nil
		}
	}
	switch b.(type) {
	case *object, []any:
		return false, nil
	}
	return a == b, nil
}

// equal is false if the budget is used up; then e.err says so.
func (e *evaluation) equal(a, b fhirpath.Node) bool {
	if e.charge(1, a) != nil || e.charge(1, b) != nil {
		return false
	}
	if bytes.Equal(a.Raw(), b.Raw()) {
		return true
	}
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case fhirpath.Object:
		return e.equalMembers(a, b)
	case fhirpath.Array:
		return e.equalValues(a, b)
	case fhirpath.Number:
		x, errX := strconv.ParseFloat(a.Text(), 64)
		y, errY := strconv.ParseFloat(b.Text(), 64)
		return errX == nil && errY == nil && x == y
	case fhirpath.String:
		return a.Text() == b.Text()
	}
	return false // null and booleans are equal if their bytes are
}

func (e *evaluation) equalMembers(a, b fhirpath.Node) bool {
	members := 0
	for name, value := range a.Members() {
		if e.charge(1, b) != nil || !e.equal(value, b.Get(name)) {
			return false
		}
		members++
	}
	for range b.Members() {
		members--
	}
	return members == 0
}

func (e *evaluation) equalValues(a, b fhirpath.Node) bool {
	if a.Len() != b.Len() {
		return false
	}
	others := make([]fhirpath.Node, 0, b.Len())
	for n := range b.Elements() {
		others = append(others, n)
	}
	for n := range a.Elements() {
		if !e.equal(n, others[0]) {
			return false
		}
		others = others[1:]
	}
	return true
}
