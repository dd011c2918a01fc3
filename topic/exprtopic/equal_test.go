package exprtopic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

func TestEqualValues(t *testing.T) {
	e := &evaluation{ctx: t.Context(), release: fhirpath.R4, steps: 1000, bytes: maxRead}
	absent := &object{in: e}
	element := func(raw string) *object {
		doc, err := fhirpath.Parse([]byte(raw))
		require.NoError(t, err)
		return &object{in: e, node: doc.Root()}
	}
	for _, c := range []struct {
		a, b any
		want bool
	}{
		{nil, nil, true}, {nil, "", false}, {1, 1, true}, {1, 1.0, true}, {1.5, 1, false}, {1.0, 1, true}, {"a", "a", true}, {"1", 1, false},
		{true, true, true}, {absent, absent, true}, {absent, nil, false}, {nil, absent, false},
		{[]any{}, []any{}, true}, {[]any{1, "a"}, []any{1.0, "a"}, true}, {[]any{1}, []any{2}, false}, {[]any{1}, []any{1, 1}, false},
		{element(`{"a":1,"b":2}`), element(`{"b":2.0,"a":1}`), true}, {element(`{"a":1}`), element(`{"a":2}`), false},
		{[]any{absent}, []any{absent}, true}, {[]any{}, nil, false}, {1, []any{1}, false},
	} {
		got, err := same(c.a, c.b)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%v %v", c.a, c.b)
	}
}
