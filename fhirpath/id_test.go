package fhirpath_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

func TestIsID(t *testing.T) {
	for _, id := range []string{"a", "Z9", "-", "1.2", "...", strings.Repeat("x", 64)} {
		require.True(t, fhirpath.IsID(id), id)
	}
	for _, id := range []string{"", ".", "..", "a/b", "a b", "a_b", "ä", "a\n", "a\x00", "../a", "%2e", strings.Repeat("x", 65)} {
		require.False(t, fhirpath.IsID(id), id)
	}
}

func ExampleIsID() {
	fmt.Println(fhirpath.IsID("enc-501"), fhirpath.IsID("Encounter/enc-501"))
	// Output: true false
}
