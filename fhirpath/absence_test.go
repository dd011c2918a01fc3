package fhirpath

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNeverWithout holds what can be told of published criteria on a create, where
// %previous is empty (TRG-07).
func TestNeverWithout(t *testing.T) {
	for criterion, never := range map[string]bool{
		"%previous.status != 'in-progress' and %current.status = 'in-progress'":                         true,
		"%current.status = 'in-progress' and %previous.status.exists().not()":                           false,
		"(%previous.id.empty() or (%previous.status != 'finished')) and (%current.status = 'finished')": false,
		"(%previous.empty() | (%previous.status != 'completed')) and (%current.status = 'completed')":   false,
		"%previous.exists() implies %previous.status != %current.status":                                false,
		"%previous.exists() and %current.status = 'x'":                                                  true,
		"%current.value.ofType(Quantity).value > %previous.value.ofType(Quantity).value":                true,
		"%previous.name.where(($this in %current.name).not()).exists()":                                 true,
		"%current.status = 'x'":                           false,
		"%previous.status = 'a' or %current.status = 'b'": false,
		"%previous.status = 'a' xor %current.active":      true,
		"(%previous.deceased.exists().not() or %previous.deceased = false) and %current.deceased = true": false,
		"%previous.item.count() < %current.item.count()":                                                 false,
		"%previous.status ~ %current.status":                                                             false,
		"iif(%previous.exists(), %previous.status != %current.status, false)":                            false, // can't be told
		"%previous.status in ('a' | 'b')":                                                                true,
		"('a' | 'b') contains %previous.status":                                                          true,
		"false":                                                                                          true,
		"%previous.active.not()":                                                                         true,
		"-%previous.count = 1":                                                                           true,
		"%previous.name[0].family is string":                                                             true,
		"(%previous.status != 'x') = true":                                                               true,
	} {
		e, err := Compile(criterion, Options{Release: R4, BooleanUnion: true})
		require.NoError(t, err)
		require.Equal(t, never, e.NeverWithout("previous"), criterion)
		if never {
			for _, current := range []string{none, planned, finished, completed, patient, observation} {
				holds, err := e.Bool(t.Context(), Node{}, Env{Variables: []Variable{{"current", node(t, current)}}})
				require.True(t, err != nil || !holds, criterion)
			}
		}
	}
}
