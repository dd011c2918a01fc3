package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// named lets everybody do everything, but knows who it was.
type named struct{ subscription.InsecureAllowAll }

func (named) AuthorizeSubscription(ctx context.Context, _ *subscription.Subscription) (string, error) {
	return userOf(ctx), nil
}

func requireTooMany(t *testing.T, err error, most string) {
	t.Helper()
	var refusal *subscription.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, 422, refusal.Status)
	require.Len(t, refusal.Issues, 1)
	require.Equal(t, "too-costly", refusal.Issues[0].Code)
	require.Equal(t, "Subscription", refusal.Issues[0].Element)
	require.Contains(t, refusal.Issues[0].Problem, most)
}

func TestOwnersHaveAQuota(t *testing.T) { // I6
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *subscription.Config) { c.Authorizer, c.PerOwner = owners{}, 3 })
		body := json.RawMessage(subscriptionJSON(anyPatient))
		alice, bob := as(t.Context(), "alice"), as(t.Context(), "bob")
		var ids []string
		for range 3 {
			s, err := w.Create(alice, "north", body)
			require.NoError(t, err)
			ids = append(ids, s.ID)
		}
		_, err := w.Create(alice, "north", body)
		requireTooMany(t, err, "3")
		_, _, err = w.Update(alice, "north", "own-id", json.RawMessage(subscriptionJSON(anyPatient, set("id", "own-id"))), "")
		requireTooMany(t, err, "3")
		_, err = w.Check(alice, "north", subscription.R4, body)
		requireTooMany(t, err, "3")
		_, _, err = w.Update(alice, "north", ids[0], json.RawMessage(subscriptionJSON(anyPatient, set("id", ids[0]), set("status", "off"))), "")
		require.NoError(t, err, "what is there may be changed")
		_, err = w.Create(alice, "north", body)
		requireTooMany(t, err, "3") // off counts as well

		_, err = w.Create(alice, "south", body)
		require.NoError(t, err, "another tenant")
		theirs, err := w.Create(bob, "north", body)
		require.NoError(t, err, "another owner")
		admin := as(t.Context(), "admin")
		var last subscription.Stored
		for range 3 {
			last, err = w.Create(admin, "north", body)
			require.NoError(t, err)
		}
		take := func() error {
			_, _, err := w.Update(admin, "north", theirs.ID, json.RawMessage(subscriptionJSON(anyPatient, set("id", theirs.ID))), "")
			return err
		}
		requireTooMany(t, take(), "3") // it would become the admin's
		require.NoError(t, w.Delete(admin, "north", last.ID, ""))
		require.NoError(t, take())
		requireTooMany(t, func() error { _, err := w.Create(admin, "north", body); return err }(), "3")
		require.NoError(t, w.stop())
	})
}

// However many come at once, no more than the quota are stored.
func TestQuotaHoldsAgainstManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *subscription.Config) {
			c.Authorizer, c.PerOwner, c.Store = owners{}, 50, distant{newSharedStore(1)}
		})
		var stored, refused atomic.Int64
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				_, err := w.Create(as(t.Context(), "alice"), "", json.RawMessage(subscriptionJSON(anyPatient)))
				var refusal *subscription.Refusal
				switch {
				case err == nil:
					stored.Add(1)
				case errors.As(err, &refusal):
					refused.Add(1)
				}
			})
		}
		wg.Wait()
		require.LessOrEqual(t, stored.Load(), int64(50))
		require.EqualValues(t, 200, stored.Load()+refused.Load())
		for stored.Load() < 50 { // those that were refused too soon may come again
			_, err := w.Create(as(t.Context(), "alice"), "", json.RawMessage(subscriptionJSON(anyPatient)))
			require.NoError(t, err)
			stored.Add(1)
		}
		_, err := w.Create(as(t.Context(), "alice"), "", json.RawMessage(subscriptionJSON(anyPatient)))
		requireTooMany(t, err, "50")
		require.NoError(t, w.stop())
	})
}

// I6: a flood of tokens that nobody uses fills no store: there are only so many at a time, and
// what has run out is gone within the minute, long before events are.
func TestFloodOfTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug, func(c *subscription.Config) { c.Authorizer, c.PerOwner = named{}, 5 })
		alice, bob := as(t.Context(), "alice"), as(t.Context(), "bob")
		subscribed := func(ctx context.Context, tenant string) []string {
			s, err := w.Create(ctx, tenant, json.RawMessage(subscriptionJSON(anyPatient, overWebsocket)))
			require.NoError(t, err)
			return []string{s.ID}
		}
		north, south, theirs, nobodys := subscribed(alice, "north"), subscribed(alice, "south"), subscribed(bob, "north"), subscribed(t.Context(), "north")
		const flood = 10_000
		issued, tokens := 0, make([]string, 0, 5)
		try := func(tenant string, ids []string) error {
			answer, err := w.BindingToken(t.Context(), tenant, ids)
			if err == nil {
				issued++
				tokens = append(tokens, answer.Token)
			}
			return err
		}
		for range flood {
			if err := try("north", north); err != nil {
				requireRefusal(t, err, http.StatusTooManyRequests)
			}
		}
		require.Equal(t, 5, issued)
		require.NoError(t, try("south", south), "another tenant")
		require.NoError(t, try("north", theirs), "another owner")
		for range 5 {
			require.NoError(t, try("north", nobodys))
		}
		requireRefusal(t, try("north", nobodys), http.StatusTooManyRequests)

		c, err := w.Connect("north", "websocket")
		require.NoError(t, err)
		defer c.Close()
		require.NoError(t, c.Bind(t.Context(), tokens[0], subscription.BindOptions{}))
		require.NoError(t, try("north", north), "one was used")
		requireRefusal(t, try("north", north), http.StatusTooManyRequests)

		time.Sleep(61 * time.Minute) // they have run out, and were pruned
		kept := 0
		for _, owner := range []string{"alice", "bob", ""} {
			n, err := w.store.CountTokens(t.Context(), "north", owner, time.Time{}, flood)
			require.NoError(t, err)
			kept += n
		}
		t.Logf("I6 tokens=%d issued=%d kept=%d", flood, issued, kept)
		require.Zero(t, kept)
		require.NoError(t, try("north", north))
		require.NoError(t, w.stop())
	})
}

// Receivers of mails who do not answer keep nobody from connecting, though nobody owns
// either's Subscription.
func TestUnansweredMailsAreNoBindingTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mailer{}
		w := newWorld(t, withPlug, func(c *subscription.Config) {
			m.peer, c.PerOwner = c.Channels[0].(*peer), 5
			c.Channels = append(c.Channels, m)
		})
		for range 7 {
			_, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient, byMail(stranger))))
			require.NoError(t, err)
		}
		time.Sleep(time.Second)
		require.Len(t, m.all(), 7)
		s, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient, overWebsocket)))
		require.NoError(t, err)
		for range 5 {
			_, err = w.BindingToken(t.Context(), "", []string{s.ID})
			require.NoError(t, err)
		}
		_, err = w.BindingToken(t.Context(), "", []string{s.ID})
		requireRefusal(t, err, http.StatusTooManyRequests)
		require.NoError(t, w.stop())
	})
}

// heap is what is in use after everything that is unused has been let go.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestFloodOfSubscriptions(t *testing.T) { // I6
	const flood = 100_000
	w := &world{t: t, store: newSharedStore(1).Store, peer: new(peer)}
	w.prepare(func(c *subscription.Config) { c.Authorizer = owners{} })
	ctx, body := as(t.Context(), "alice"), json.RawMessage(subscriptionJSON(anyPatient))
	var full int64
	stored := 0
	for range flood {
		_, err := w.Create(ctx, "", body)
		if err == nil {
			stored++
			continue
		}
		if full == 0 {
			full = heap()
			requireTooMany(t, err, "10000")
		}
	}
	grown := heap() - full
	t.Logf("I6 subscriptions=%d stored=%d refused=%d heap=%+d KiB", flood, stored, flood-stored, grown>>10)
	require.Equal(t, 10_000, stored)
	require.Less(t, grown, int64(1<<20))
}

func TestFloodOfUpdates(t *testing.T) { // I6
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		const minutes, updates = 3, 10_000
		ids := make([]string, 10)
		for i := range ids {
			ids[i] = w.subscribe(anyPatient)
		}
		heaps := make([]int64, minutes)
		for minute := range minutes {
			for i := range updates {
				id := ids[i%len(ids)]
				_, _, err := w.Update(t.Context(), "", id, json.RawMessage(subscriptionJSON(anyPatient, set("id", id), filter(fmt.Sprint("_id=p", i)))), "")
				require.NoError(t, err)
				if i%100 == 0 {
					time.Sleep(time.Minute / (updates / 100))
				}
			}
			time.Sleep(2 * time.Minute) // until it has been pruned
			w.peer.forget()
			heaps[minute] = heap()
		}
		log, err := w.store.ReadChanges(t.Context(), 0, 10_000)
		require.NoError(t, err)
		grown := heaps[minutes-1] - heaps[0]
		t.Logf("I6 updates=%d a minute, kept=%d heap=%+d KiB", updates, len(log), grown>>10)
		require.Empty(t, log)
		require.Less(t, grown, int64(1<<20))
		require.NoError(t, w.stop())
	})
}

func TestManySubscriptionsOfOneAllMatch(t *testing.T) { // I6, and peers that look at the first 1000
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *subscription.Config) { c.Authorizer = named{} })
		const many = 2500
		ids := make([]string, many)
		for i := range ids {
			s, err := w.Create(as(t.Context(), "alice"), "", json.RawMessage(subscriptionJSON(anyPatient)))
			require.NoError(t, err)
			ids[i] = s.ID
		}
		time.Sleep(time.Minute)
		w.write("p", 1, ids...)
		time.Sleep(time.Minute)
		require.True(t, w.peer.checker.Complete())
		require.NoError(t, w.peer.checker.Report().Err())
		t.Logf("I6 matching=%d received=%d", many, w.peer.checker.Report().Events)
		require.NoError(t, w.stop())
	})
}
