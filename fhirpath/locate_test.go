package fhirpath

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestErrorPlaces: an error that an operator or function ends with names the place
// of the innermost, and nothing of the data.
func TestErrorPlaces(t *testing.T) {
	patient := node(t, `{"resourceType":"Patient","id":"secret1","gender":"female","name":[{"family":"secret2","given":["secret3","secret4"]},{"family":"secret5"}],
		"managingOrganization":{"reference":"Organization/secret6"},"modifierExtension":[{"url":"http://secret7"}]}`)
	for _, c := range []struct {
		expression   string
		cause        error
		line, column int
	}{
		{"name.family.contains('x')", ErrSingleton, 1, 13},
		{"name.family & 'x'", ErrSingleton, 1, 13},
		{"name.family < 'x'", ErrSingleton, 1, 13},
		{"name.family + 1", ErrSingleton, 1, 13},
		{"-name.family", ErrSingleton, 1, 1},
		{"name[name.family]", ErrSingleton, 1, 5},
		{"name is HumanName", ErrSingleton, 1, 6},
		{"name.is(HumanName)", ErrSingleton, 1, 6},
		{"name.family and true", ErrSingleton, 1, 6},
		{"name.where(\n\tgiven.startsWith('é') or family = 'x').exists()", ErrSingleton, 2, 8},
		{"'é' & ('y' + 1)", ErrOperand, 1, 12},
		{"name.select(family + 1)", ErrOperand, 1, 20},
		{"iif(name.exists(), name.first().family.round(), 1)", ErrOperand, 1, 40},
		{"managingOrganization.resolve()", ErrNoResolver, 1, 22},
		{"gender.memberOf('http://x')", ErrNoTerminology, 1, 8},
		{"checkModifiers('http://y')", ErrModifier, 1, 1},
		{"conformsTo('http://y')", ErrProfile, 1, 1},
		{"name.repeatAll($this)", ErrLimit, 1, 6},
		{"true and (true and\n (name.given | 'x'))", ErrSingleton, 2, 14},
	} {
		t.Run(c.expression, func(t *testing.T) {
			e, err := Compile(c.expression, Options{Release: R4})
			require.NoError(t, err)
			_, err = e.Evaluate(t.Context(), patient, Env{})
			var placed *EvaluationError
			require.ErrorAs(t, err, &placed)
			require.ErrorIs(t, err, c.cause)
			require.Equal(t, c.expression, placed.Expression)
			require.EqualError(t, err, fmt.Sprintf("%v at line %d, column %d of the expression", c.cause, c.line, c.column))
			_, err = e.Bool(t.Context(), patient, Env{})
			require.ErrorIs(t, err, c.cause)
		})
	}
}

// TestErrorsOfOthers: what the host and the context say is not changed.
func TestErrorsOfOthers(t *testing.T) {
	down := errors.New("down")
	e, err := Compile("(managingOrganization.resolve().name & 'x') = 'x'", Options{Release: R4})
	require.NoError(t, err)
	patient := node(t, `{"resourceType":"Patient","managingOrganization":{"reference":"Organization/1"}}`)
	_, err = e.Evaluate(t.Context(), patient, Env{Resolver: failing{down}})
	require.Equal(t, down, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = e.Evaluate(ctx, patient, Env{})
	require.Equal(t, context.Canceled, err)
}

type failing struct{ error }

func (f failing) Resolve(context.Context, string) (*Doc, error) { return nil, f.error }

// TestConjuncts: the parts are told apart, as they are written, and fail where they
// stand in the whole.
func TestConjuncts(t *testing.T) {
	e, err := Compile("name.exists() and (active or (%previous.empty() and true)) and\n  name.family & 'x' = 'y'", Options{Release: R4, Strict: true, Context: "Patient"})
	require.NoError(t, err)
	parts := e.Conjuncts()
	var texts []string
	for _, part := range parts {
		texts = append(texts, part.String())
	}
	require.Equal(t, []string{"name.exists()", "active or %previous.empty() and true", "name.family & 'x' = 'y'"}, texts)
	patient := node(t, `{"resourceType":"Patient","name":[{"family":"a"},{"family":"b"}]}`)
	for i, want := range []bool{true, true} {
		met, err := parts[i].Bool(t.Context(), patient, Env{})
		require.NoError(t, err)
		require.Equal(t, want, met)
	}
	_, err = parts[2].Bool(t.Context(), patient, Env{})
	require.EqualError(t, err, "fhirpath: several items where one is expected at line 2, column 15 of the expression")
	require.Equal(t, []string{"previous"}, parts[1].Needs().Variables)
	require.Empty(t, parts[0].Needs().Variables)

	whole, err := Compile("a or b and c", Options{Release: R4})
	require.NoError(t, err)
	require.Equal(t, []*Expression{whole}, whole.Conjuncts())
	define, err := Compile("defineVariable('x', 1).select(%x = 1) and defineVariable('x', 2).select(%x = 2)", Options{Release: R4})
	require.NoError(t, err)
	require.Len(t, define.Conjuncts(), 2)
	for _, part := range define.Conjuncts() {
		met, err := part.Bool(t.Context(), patient, Env{})
		require.NoError(t, err)
		require.True(t, met)
	}
}
