package memory

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The queue does what a sorted slice does.
func TestQueue(t *testing.T) {
	type place struct{ at, key int64 }
	var q queue
	var model []place
	random := rand.New(rand.NewPCG(1, 2))
	at := func(n int64) time.Time { return time.Unix(n, 0) }
	for range 5000 {
		p := place{random.Int64N(40), random.Int64N(40)}
		if i := slices.Index(model, p); i >= 0 {
			model = slices.Delete(model, i, i+1)
			q.remove(at(p.at), p.key)
		} else {
			model = append(model, p)
			q.add(at(p.at), p.key)
		}
		slices.SortFunc(model, func(a, b place) int {
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.key, b.key))
		})
		bound := random.Int64N(42) - 1
		i := slices.IndexFunc(model, func(p place) bool { return p.at > bound })
		requireEntry(t, i, q.after(at(bound)), func() (time.Time, int64) { return at(model[i].at), model[i].key })
		first := min(len(model), 1) - 1
		requireEntry(t, first, q.first(), func() (time.Time, int64) { return at(model[0].at), model[0].key })
	}
}

func requireEntry(t *testing.T, index int, e *entry, want func() (time.Time, int64)) {
	t.Helper()
	if index < 0 {
		require.Nil(t, e)
		return
	}
	at, key := want()
	require.NotNil(t, e)
	require.Equal(t, at, e.at)
	require.Equal(t, key, e.key)
}
