package exprtopic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`{}`, `{}`, true},
		{`{"a":1}`, `{"a":1.0}`, true},
		{`{"a":10}`, `{"a":1e1}`, true},
		{`{"a":1}`, `{"a":"1"}`, false},
		{`{"a":1}`, `{"a":2}`, false},
		{`{"a":0.1}`, `{"a":0.1000000000000000055511151231257827}`, true}, // as doubles
		{`{"a":1e400}`, `{"a":1e401}`, false},
		{`{"a":"x","b":true}`, `{ "b": true, "a": "\u0078" }`, true},
		{`{"a":"x"}`, `{"a":"x","b":true}`, false},
		{`{"a":"x","b":true}`, `{"a":"x"}`, false},
		{`{"a":"x"}`, `{"b":"x"}`, false},
		{`{"a":true}`, `{"a":false}`, false},
		{`{"a":null}`, `{"a": null}`, true},
		{`{"a":null}`, `{}`, false},
		{`{"a":[1,{"b":[2]}]}`, `{"a":[1.0,{"b":[2.0]}]}`, true},
		{`{"a":[1,2]}`, `{"a":[2,1]}`, false},
		{`{"a":[1]}`, `{"a":[1,2]}`, false},
		{`{"a":[1]}`, `{"a":1}`, false},
		{`{"a":{"b":{"c":"x"}}}`, `{"a":{"b":{"c":"y"}}}`, false},
	} {
		a, err := fhirpath.Parse([]byte(c.a))
		require.NoError(t, err)
		b, err := fhirpath.Parse([]byte(c.b))
		require.NoError(t, err)
		e := &evaluation{ctx: t.Context(), release: fhirpath.R4, steps: 1000, bytes: maxRead}
		require.Equal(t, c.want, e.equal(a.Root(), b.Root()), "%s %s", c.a, c.b)
		require.Equal(t, c.want, e.equal(b.Root(), a.Root()), "%s %s", c.b, c.a)
	}
}

func TestEqualValues(t *testing.T) {
	e := &evaluation{ctx: t.Context(), release: fhirpath.R4, steps: 1000, bytes: maxRead}
	absent := &object{in: e}
	for _, c := range []struct {
		a, b any
		want bool
	}{
		{nil, nil, true}, {nil, "", false}, {1, 1, true}, {1, 1.0, true}, {1.5, 1, false}, {1.0, 1, true}, {"a", "a", true}, {"1", 1, false},
		{true, true, true}, {absent, absent, true}, {absent, nil, false}, {nil, absent, false},
		{[]any{}, []any{}, true}, {[]any{1, "a"}, []any{1.0, "a"}, true}, {[]any{1}, []any{2}, false}, {[]any{1}, []any{1, 1}, false},
		{[]any{absent}, []any{absent}, true}, {[]any{}, nil, false}, {1, []any{1}, false},
	} {
		got, err := same(c.a, c.b)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%v %v", c.a, c.b)
	}
}
