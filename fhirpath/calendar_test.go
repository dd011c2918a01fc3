package fhirpath

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCalendarWord holds that words and codes are the same in the table and in the
// switches beside it.
func TestCalendarWord(t *testing.T) {
	for word, d := range calendarDurations {
		require.Equal(t, word, calendarWord(d.code))
		require.Equal(t, word, calendarUnit(word))
		require.Equal(t, word, calendarUnit(word+"s"))
	}
	require.Empty(t, calendarWord("year"))
	require.Empty(t, calendarUnit("a"))
}
