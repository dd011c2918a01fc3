package fhirpath

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLimits holds that no expression and no data can outrun the budget.
func TestLimits(t *testing.T) {
	for name, expression := range map[string]string{
		"length":  strings.Repeat(" ", MaxExpression+1),
		"nesting": strings.Repeat("(", MaxNesting+1) + "a" + strings.Repeat(")", MaxNesting+1),
		"signs":   strings.Repeat("-", MaxNesting+1) + "1",
		"calls":   strings.Repeat("a.where(", MaxNesting+1) + "true" + strings.Repeat(")", MaxNesting+1),
		"parts":   "1" + strings.Repeat("+1", maxParts),
		"digits":  strings.Repeat("1", maxDigits+1),
	} {
		_, err := Compile(expression, Options{Release: R4})
		require.ErrorIs(t, err, ErrLimit, name)
	}
	var wide strings.Builder
	wide.WriteString(`{"a":[0`)
	for i := range 2000 {
		fmt.Fprintf(&wide, ",%d", i)
	}
	data := node(t, wide.String()+`],"deep":`+strings.Repeat(`{"a":`, 150)+"1"+strings.Repeat("}", 150)+"}")
	for _, expression := range []string{
		"a.all(%context.a.all(%context.a.all(true)))",
		"a.select(%context.a)",
		"a.distinct()",
		"a.aggregate($total & $total & 'ab', 'x')",
		"a.aggregate(iif($total.empty(), 2, $total * $total), 2.5)",
		"a.aggregate($total.combine($total), 1)",
		"a.select('x').join('yyy').replace('y', 'zzzzzzzz').replace('z', 'zzzzzzzz').replace('z', 'zzzzzzzz').replace('z', 'zzzzzzzz').replace('z', 'zzzzzzzz').length()",
		"1.repeat($this + 1)",
	} {
		e, err := Compile(expression, Options{Release: R4})
		require.NoError(t, err)
		_, err = e.Evaluate(t.Context(), data, Env{})
		require.ErrorIs(t, err, ErrLimit, expression)
	}
	hostile := node(t, `{"w":`+wide.String()+`]},"o":{"z":0`+members(50_000)+`}}`)
	for expression, want := range map[string]error{ // each would visit 10^8 members
		"w.a.select(%context.o.missing)": ErrLimit,
		"o.children()":                   ErrLimit,
		"w.a.select(%context.o ~ 1)":     ErrLimit,
	} {
		e, err := Compile(expression, Options{Release: R4})
		require.NoError(t, err)
		_, err = e.Evaluate(t.Context(), hostile, Env{})
		require.ErrorIs(t, err, want, expression)
	}
	e, err := Compile("descendants().count()", Options{Release: R4})
	require.NoError(t, err)
	got, err := e.Evaluate(t.Context(), data.Get("deep"), Env{})
	require.NoError(t, err)
	require.Equal(t, "150", got[0].String())
}

func TestContextEndsAnEvaluation(t *testing.T) {
	e, err := Compile("repeat($this)", Options{Release: R4})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = e.Evaluate(ctx, node(t, patient), Env{})
	require.ErrorIs(t, err, context.Canceled)
}

// members writes the members of a wide object.
func members(count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, `,"m%d":%d`, i, i)
	}
	return b.String()
}
