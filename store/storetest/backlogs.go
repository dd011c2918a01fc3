package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// backlogs are for stores that are a subscription.Measurer.
var backlogs = []Clause{
	{"BacklogCountsChanges", backlogCountsChanges},
	{"BacklogCountsEvents", backlogCountsEvents},
	{"BacklogLeavesOutWhatWaitsForItsClient", backlogLeavesOutWhatWaitsForItsClient},
}

// backlog asks what waits, or skips the clause.
func (w *world) backlog() subscription.Backlog {
	measurer, ok := w.store.(subscription.Measurer)
	if !ok {
		w.Skip("this store does not tell how much waits")
	}
	b, err := measurer.Backlog(w.ctx)
	require.NoError(w, err)
	return b
}

func backlogCountsChanges(t testing.TB, h Harness) {
	w := newWorld(t, h)
	require.Equal(t, subscription.Backlog{}, w.backlog())
	w.put(record("s"), 0)
	require.Equal(t, subscription.Backlog{}, w.backlog(), "a write of a Subscription is no change of a resource")
	w.append(observation("b", minute(2)), observation("a", minute(1)), observation("c", minute(3)))
	require.Equal(t, subscription.Backlog{Changes: 3, OldestChange: minute(1)}, w.backlog(), "there is no lease yet")
	w.lease = w.acquire("sequencer", "n", start, minute(100))
	require.Equal(t, subscription.Backlog{Changes: 3, OldestChange: minute(1)}, w.backlog())
	log := w.log()
	w.commit(subscription.Commit{Cursor: log[2].Position, At: minute(4)})
	require.Equal(t, subscription.Backlog{Changes: 1, OldestChange: minute(3)}, w.backlog())
	w.commit(subscription.Commit{Cursor: log[3].Position, At: minute(4)})
	require.Equal(t, subscription.Backlog{}, w.backlog())
}

func backlogCountsEvents(t testing.TB, h Harness) {
	w := newWorld(t, h)
	slow, quick := w.put(record("slow"), 0), w.put(record("quick"), 0)
	w.sequence(minute(1), 2, slow, quick)
	w.sequence(minute(2), 1, slow, quick)
	w.sequence(minute(3), 1, quick)
	require.Equal(t, subscription.Backlog{Events: 7, OldestEvent: minute(1)}, w.backlog())
	w.deliver("quick", minute(4), 4)
	require.Equal(t, subscription.Backlog{Events: 3, OldestEvent: minute(1)}, w.backlog())
	w.deliver("slow", minute(20), 2)
	require.Equal(t, subscription.Backlog{Events: 1, OldestEvent: minute(2)}, w.backlog())
	require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, "slow", 0))
	require.Equal(t, subscription.Backlog{}, w.backlog())
}

func backlogLeavesOutWhatWaitsForItsClient(t testing.TB, h Harness) {
	w := newWorld(t, h)
	for _, status := range []subscription.Status{subscription.StatusRequested, subscription.StatusActive, subscription.StatusError, subscription.StatusOff} {
		r := record(string(status))
		r.Status = status
		w.put(r, 0)
	}
	w.sequence(minute(1), 1, w.get("error"), w.get("off"))
	require.Equal(t, subscription.Backlog{}, w.backlog())
	w.sequence(minute(2), 1, w.get("requested"), w.get("active"), w.get("error"))
	require.Equal(t, subscription.Backlog{Events: 2, OldestEvent: minute(2)}, w.backlog())
}
