package exprtopic

import (
	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/jsonequal"
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
		look := func(n fhirpath.Node) error { return a.in.charge(1, n) }
		return jsonequal.Nodes(a.node, b.node, look), a.in.err
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
