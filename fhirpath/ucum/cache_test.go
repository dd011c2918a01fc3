package ucum

import (
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCacheIsBounded(t *testing.T) {
	var c cache
	for i := range 10 * generationSize {
		c.put(&definition{code: strconv.Itoa(i)})
		require.LessOrEqual(t, len(c.young)+len(c.old), 2*generationSize)
	}
	require.Nil(t, c.get("0"))
	require.NotNil(t, c.get(strconv.Itoa(10*generationSize-1)))
}

// A code that is asked for stays, however many others pass by.
func TestCacheKeepsWhatIsUsed(t *testing.T) {
	var c cache
	c.put(&definition{code: "mg"})
	for i := range 10 * generationSize {
		c.put(&definition{code: strconv.Itoa(i)})
		require.NotNil(t, c.get("mg"))
	}
}

func TestParseOfACachedCodeDoesNotAllocate(t *testing.T) {
	code := "mL/min/{1.73_m2}"
	_, err := Parse(code)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = Parse(code) }))
}

func TestParseConcurrently(t *testing.T) {
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 3 * generationSize {
				code := strconv.Itoa(i%(generationSize+worker)+1) + ".mg/dL"
				if u, err := Parse(code); err != nil || u.Code() != code {
					t.Errorf("%s: %v", code, err)
				}
			}
		})
	}
	all.Wait()
}
