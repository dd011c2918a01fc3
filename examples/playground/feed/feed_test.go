package feed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/playground/feed"
)

func Example() {
	log := feed.New(100, 1<<20)
	log.Add("greeting", "hello")
	entries, whole, _ := log.Since(0)
	fmt.Println(whole, entries[0].ID, entries[0].Kind, string(entries[0].Data))
	// Output: true 1 greeting "hello"
}

// However large entries are, memory is bounded, and the newest is there.
func TestLargeEntriesGo(t *testing.T) {
	log, large := feed.New(1000, 64<<10), strings.Repeat("x", 10<<10)
	for range 9 {
		log.Add("large", large)
	}
	_, whole, _ := log.Since(2)
	require.False(t, whole)
	entries, whole, _ := log.Since(3)
	require.True(t, whole)
	require.Len(t, entries, 6)
}

func TestSinceIsWholeOrSaysSo(t *testing.T) {
	log := feed.New(8, 1<<20)
	for i := 1; i <= 30; i++ {
		_, _, changed := log.Since(log.Last())
		log.Add("n", i)
		<-changed
		for since := int64(0); since <= int64(i); since++ {
			entries, whole, _ := log.Since(since)
			if !whole {
				require.Less(t, since, int64(i)-8, "what is newest is there")
				continue
			}
			require.Len(t, entries, i-int(since))
			for k, e := range entries {
				require.Equal(t, since+int64(k)+1, e.ID)
				require.Equal(t, fmt.Sprint(e.ID), string(e.Data))
			}
		}
	}
	_, whole, _ := log.Since(31)
	require.False(t, whole, "of another life")
}
