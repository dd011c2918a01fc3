package ucum_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath/ucum"
)

// Whatever is written as a unit: an *Error that lies within the code and does not
// repeat it, or a Unit that converts to its base units and back, and whose products
// are codes again.
func FuzzParse(f *testing.F) {
	for _, table := range []map[string]string{valid, invalid} {
		for _, words := range table {
			f.Add(strings.Fields(words)[0])
		}
	}
	f.Fuzz(func(t *testing.T, code string) {
		u, err := ucum.Parse(code)
		if err != nil {
			var at *ucum.Error
			require.ErrorAs(t, err, &at)
			require.LessOrEqual(t, at.Offset, len(code))
			return
		}
		require.Equal(t, code, u.Code())
		require.LessOrEqual(t, len(code), 256)
		value, base := u.Canonical(one)
		b, err := ucum.Parse(base)
		if err != nil {
			require.Greater(t, len(base), 256) // of many arbitrary units
			return
		}
		back, ok := ucum.Convert(value, b, u)
		require.True(t, ok)
		require.Zero(t, back.Cmp(one))
		if square, ok := ucum.Mul(u, u); ok {
			again, ok := ucum.Div(square, u)
			require.True(t, ok)
			require.True(t, again.Comparable(u))
			size, ok := ucum.Convert(one, again, u)
			require.True(t, ok)
			require.Zero(t, size.Cmp(one))
		}
	})
}
