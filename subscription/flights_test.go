package subscription

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func claimed(key int64) func() ([]Claim, error) {
	return func() ([]Claim, error) { return []Claim{{Record: Record{Key: key}}}, nil }
}

// Work that is done gives its slot back while the next claim still waits for the
// store.
func TestEndDoesNotWaitForClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFlights()
		begun, err := f.begin(t.Context(), time.Now().Add(time.Minute), claimed(1))
		require.NoError(t, err)
		next, err := f.begin(t.Context(), time.Now().Add(time.Minute), func() ([]Claim, error) {
			f.end(&begun[0])
			return claimed(2)()
		})
		require.NoError(t, err)
		f.end(&next[0])
		require.Empty(t, f.of)
	})
}

// Whoever has written a Subscription ends the attempt that a claim began which was
// under way meanwhile.
func TestCutWaitsForClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFlights()
		cut := make(chan struct{})
		begun, err := f.begin(t.Context(), time.Now().Add(time.Minute), func() ([]Claim, error) {
			go func() {
				f.cut(t.Context(), 1, 1)
				close(cut)
			}()
			return claimed(1)()
		})
		require.NoError(t, err)
		<-begun[0].ctx.Done()
		require.ErrorIs(t, begun[0].ctx.Err(), context.Canceled)
		f.end(&begun[0])
		<-cut
	})
}

// A flight knows whether events came since its claim was made, also while it was being made.
func TestFlightsKnowOfEventsMeanwhile(t *testing.T) {
	f := newFlights()
	events := func(keys ...int64) (list []NewEvent) {
		for _, key := range keys {
			list = append(list, NewEvent{Key: key})
		}
		return list
	}
	f.numbered(events(1, 2, 3)) // which the claim will show
	begun, err := f.begin(t.Context(), time.Now().Add(time.Minute), func() ([]Claim, error) {
		f.numbered(events(1, 9))
		return []Claim{{Record: Record{Key: 1}}, {Record: Record{Key: 2}}, {Record: Record{Key: 3}}}, nil
	})
	require.NoError(t, err)
	f.numbered(events(3, 8))
	require.Equal(t, []bool{true, false, true}, []bool{f.mayHaveMore(&begun[0]), f.mayHaveMore(&begun[1]), f.mayHaveMore(&begun[2])})
	for i := range begun {
		f.end(&begun[i])
	}
	require.Empty(t, f.meanwhile)

	begun, err = f.begin(t.Context(), time.Now().Add(time.Minute), func() ([]Claim, error) {
		for key := range int64(2 * mostMeanwhile) {
			f.numbered(events(100 + key))
		}
		require.Len(t, f.meanwhile, mostMeanwhile)
		return claimed(2)()
	})
	require.NoError(t, err)
	require.True(t, f.mayHaveMore(&begun[0]), "too many to know")
	f.end(&begun[0])
}
