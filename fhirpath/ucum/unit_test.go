package ucum_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath/ucum"
)

var one = big.NewRat(1, 1)

func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}

func parse(t testing.TB, code string) ucum.Unit {
	t.Helper()
	u, err := ucum.Parse(code)
	require.NoError(t, err, code)
	require.Equal(t, code, u.Code())
	return u
}
