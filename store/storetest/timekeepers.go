package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// timekeepers are for stores that are a subscription.Timekeeper.
var timekeepers = []Clause{
	{"TimeIsTheSameForAll", timeIsTheSameForAll},
}

func timeIsTheSameForAll(t testing.TB, h Harness) {
	w := newWorld(t, h)
	handles := []subscription.Store{w.store, w.store}
	if h.Another != nil {
		handles[1] = h.Another(t, w.store)
	}
	var last time.Time
	for i := range 20 {
		keeper, ok := handles[i%2].(subscription.Timekeeper)
		if !ok {
			t.Skip("this store tells no time")
		}
		now, err := keeper.Now(w.ctx)
		require.NoError(t, err)
		require.False(t, now.Before(last), "the time of two processes differs")
		last = now
	}
}
