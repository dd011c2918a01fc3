package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// keepers says whose a Subscription is by who asks, and notes who was asked about.
type keepers struct {
	subscription.InsecureAllowAll
	asked []string
}

type caller struct{}

func (o *keepers) AuthorizeSubscription(ctx context.Context, _ *subscription.Subscription) (string, error) {
	who, _ := ctx.Value(caller{}).(string)
	o.asked = append(o.asked, who)
	return who, nil
}

func (o *keepers) AuthorizeAccess(ctx context.Context, s *subscription.Subscription, a subscription.Access) (bool, error) {
	who, _ := ctx.Value(caller{}).(string)
	return who == "operator" || who == s.Owner, nil
}

// An operator stops deliveries, and nothing is lost: events are numbered and kept, the
// Subscription stays whose it was, and its client, or the operator, lets it go on.
func TestPauseAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []string
		policy := new(keepers)
		w := newWorld(t, func(c *subscription.Config) {
			c.Authorizer = policy
			c.OnStatus = func(_ context.Context, s subscription.StatusUpdate) error {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, strings.TrimSpace(string(s.Status)+" "+s.Error))
				return nil
			}
		})
		as := func(who string) context.Context { return context.WithValue(t.Context(), caller{}, who) }
		created, err := w.Create(as("ada"), "", json.RawMessage(subscriptionJSON(anyPatient)))
		require.NoError(t, err)
		id := created.ID
		status := func() string {
			o, _, err := w.Overview(t.Context(), "", id)
			require.NoError(t, err)
			return strings.TrimSpace(string(o.Status) + " " + o.Error)
		}
		time.Sleep(time.Second)
		w.write("p", 1, id)
		time.Sleep(time.Second)

		require.ErrorIs(t, w.Pause(as("eve"), "", id), subscription.ErrNotFound)
		require.ErrorIs(t, w.Pause(as("operator"), "", "none"), subscription.ErrNotFound)
		require.NoError(t, w.Pause(as("operator"), "", id))
		require.Equal(t, "error paused", status())
		before, err := w.Get(as("ada"), "", id)
		require.NoError(t, err)
		require.NoError(t, w.Pause(as("operator"), "", id), "again")
		again, err := w.Get(as("ada"), "", id)
		require.NoError(t, err)
		require.Equal(t, before.VersionID, again.VersionID)
		require.Contains(t, string(again.Resource), `"error":"paused"`)
		w.write("p", 2, id)
		w.write("p", 3, id)
		time.Sleep(24 * time.Hour)
		require.Equal(t, []int64{1}, numbers(w.peer.seen(notification.EventNotification)))

		require.NoError(t, w.Resume(as("operator"), "", id))
		time.Sleep(time.Second)
		require.Equal(t, "active", status())
		require.Equal(t, []int64{1, 2, 3}, numbers(w.peer.seen(notification.EventNotification)))
		require.Len(t, w.peer.seen(notification.Handshake), 2)

		require.NoError(t, w.Pause(as("operator"), "", id))
		w.write("p", 4, id)
		time.Sleep(time.Second)
		_, _, err = w.Update(as("ada"), "", id, again.Resource, "") // which asks for nothing
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.Equal(t, "active", status(), "its client has asked for it")
		require.Equal(t, []int64{1, 2, 3, 4}, numbers(w.peer.seen(notification.EventNotification)))
		require.Equal(t, []string{"ada", "ada"}, policy.asked, "it was never the operator's")
		require.NoError(t, w.TurnOff(as("operator"), "", id))
		time.Sleep(time.Second)
		require.NoError(t, w.stop())
		require.NoError(t, w.peer.checker.Report().Err())
		mu.Lock()
		defer mu.Unlock()
		require.Equal(t, []string{"requested", "active", "error paused", "requested", "active", "error paused", "requested", "active", "off turned-off"}, told)
	})
}

// A Subscription that was turned off counts nothing until it is resumed; what it had not
// had before goes out then.
func TestTurnOffAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(anyPatient)
		w.peer.answerWith(refuseAll)
		w.write("p", 1, id)
		time.Sleep(100 * time.Millisecond)
		require.NoError(t, w.TurnOff(t.Context(), "", id))
		require.NoError(t, w.TurnOff(t.Context(), "", id))
		require.Equal(t, "off turned-off", w.status(id))
		w.peer.answerWith(nil)
		w.write("p", 2)
		time.Sleep(time.Hour)
		require.ErrorAs(t, w.Pause(t.Context(), "", id), new(*subscription.Refusal))
		require.NoError(t, w.Resume(t.Context(), "", id))
		w.write("p", 3, id)
		time.Sleep(time.Second)
		require.Equal(t, "active", w.status(id))
		require.NoError(t, w.stop())
		require.NoError(t, w.peer.checker.Report().Err())
	})
}

// One that fails need not wait for its next attempt.
func TestResumeTriesAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withRetry(time.Hour))
		id := w.subscribe(anyPatient)
		w.peer.answerWith(refuseAll)
		w.write("p", 1, id)
		time.Sleep(time.Second)
		w.peer.answerWith(nil)
		o, at, err := w.Overview(t.Context(), "", id)
		require.NoError(t, err)
		require.Equal(t, 1, o.Attempt)
		require.True(t, o.Failing())
		require.Greater(t, o.Due.Sub(at), 40*time.Minute)
		require.NoError(t, w.Resume(t.Context(), "", id))
		time.Sleep(time.Second)
		require.Equal(t, 1, w.peer.checker.Received(id))
		require.NoError(t, w.Resume(t.Context(), "", id), "nothing is wrong any more")
	})
}

func TestResumeIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		edit   func(map[string]any)
		spoil  func(t *testing.T, w *world)
		reason string
	}{
		"its end has come": {set("end", "2000-01-01T01:00:00Z"), func(*testing.T, *world) { time.Sleep(2 * time.Hour) }, "Subscription.end"},
		"its topic is gone": {set("x", nil), func(t *testing.T, w *world) {
			require.NoError(t, w.SetTopics(t.Context(), parseTopic(t, finishedTopic)))
		}, "Subscription.criteria"},
		"its filter is gone": {filter("Patient?gender=female"), func(t *testing.T, w *world) {
			require.NoError(t, w.SetTopics(t.Context(), parseTopic(t, strings.Replace(anyPatientText, `{"resource":"Patient","filterParameter":"gender"},`, "", 1))))
		}, "filter"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				id := w.subscribe(anyPatient, c.edit, func(s map[string]any) { delete(s, "x") })
				require.NoError(t, w.Pause(t.Context(), "", id))
				c.spoil(t, w)
				err := w.Resume(t.Context(), "", id)
				var refusal *subscription.Refusal
				require.ErrorAs(t, err, &refusal)
				require.Equal(t, 422, refusal.Status)
				require.Contains(t, err.Error(), c.reason)
			})
		})
	}
}

// Once Pause has returned, no attempt is begun; the one that was under way is cut off, and
// its events come again with the same numbers.
func TestPauseCutsAnAttemptOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(anyPatient)
		begun := make(chan struct{}, 1)
		w.peer.answerWith(func(ctx context.Context, _ int, a attempt) error {
			begun <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		})
		w.write("p", 1, id)
		<-begun
		require.NoError(t, w.Pause(t.Context(), "", id))
		w.peer.answerWith(nil)
		attempts := len(w.peer.seen(notification.EventNotification))
		time.Sleep(time.Hour)
		require.Len(t, w.peer.seen(notification.EventNotification), attempts)
		require.NoError(t, w.Resume(t.Context(), "", id))
		time.Sleep(time.Second)
		require.NoError(t, w.stop())
		require.NoError(t, w.peer.checker.Report().Err())
	})
}

// hurried is a store where somebody else writes first, some times.
type hurried struct {
	subscription.Store
	times int
}

var errFull = errors.New("the disk is full")

func (c *hurried) PutSubscription(ctx context.Context, r subscription.Record, revision int64) (subscription.Record, error) {
	if revision > 0 && c.times > 0 {
		c.times--
		return subscription.Record{}, subscription.ErrConflict
	}
	if revision > 0 && c.times < 0 {
		return subscription.Record{}, errFull
	}
	return c.Store.PutSubscription(ctx, r, revision)
}

func TestPauseDecidesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hurried{}
		w := newWorld(t, func(c *subscription.Config) { store.Store, c.Store = c.Store, store })
		id := w.subscribe(anyPatient)
		store.times = 3
		require.NoError(t, w.Pause(t.Context(), "", id))
		require.Equal(t, "error paused", w.status(id))
		require.Zero(t, store.times)
		store.times = -1
		require.ErrorIs(t, w.Resume(t.Context(), "", id), errFull)
	})
}
