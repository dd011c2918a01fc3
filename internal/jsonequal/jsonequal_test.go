package jsonequal_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/jsonequal"
)

func TestNodes(t *testing.T) {
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
		free := func(fhirpath.Node) error { return nil }
		require.Equal(t, c.want, jsonequal.Nodes(a.Root(), b.Root(), free), "%s %s", c.a, c.b)
		require.Equal(t, c.want, jsonequal.Nodes(b.Root(), a.Root(), free), "%s %s", c.b, c.a)
	}
}

// TestNodesOnABudget: every look is charged for, and without means there is no answer.
func TestNodesOnABudget(t *testing.T) {
	doc, err := fhirpath.Parse([]byte(`{"a":[{"b":1},{"b":2}],"c":"x"}`))
	require.NoError(t, err)
	other, err := fhirpath.Parse([]byte(`{"c":"x","a":[{"b":1.0},{"b":2.0}]}`))
	require.NoError(t, err)
	looks := 0
	require.True(t, jsonequal.Nodes(doc.Root(), other.Root(), func(fhirpath.Node) error { looks++; return nil }))
	require.Greater(t, looks, 10)
	for budget := range looks {
		left := budget
		require.False(t, jsonequal.Nodes(doc.Root(), other.Root(), func(fhirpath.Node) error {
			if left--; left < 0 {
				return errors.New("used up")
			}
			return nil
		}), budget)
	}
}
