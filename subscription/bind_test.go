package subscription_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

func TestBindingEnds(t *testing.T) {
	for name, test := range map[string]struct {
		end    func(w *world, id string)
		within time.Duration
	}{
		"deleted": {func(w *world, id string) { require.NoError(w.t, w.Delete(w.t.Context(), "", id, "")) }, time.Second},
		"off": {func(w *world, id string) {
			_, _, err := w.Update(w.t.Context(), "", id, json.RawMessage(subscriptionJSON(anyPatient, overWebsocket, set("id", id), set("status", "off"))), "")
			require.NoError(w.t, err)
		}, time.Second},
		"deleted by another node": {func(w *world, id string) {
			require.NoError(w.t, w.store.DeleteSubscription(w.t.Context(), "", id, 0))
		}, 5 * time.Second},
		"another channel": {func(w *world, id string) {
			_, _, err := w.Update(w.t.Context(), "", id, json.RawMessage(subscriptionJSON(anyPatient, set("id", id))), "")
			require.NoError(w.t, err)
		}, time.Second},
		"expired": {func(*world, string) { time.Sleep(time.Hour) }, time.Second},
		"end":     {func(*world, string) { time.Sleep(30 * time.Minute) }, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, withPlug)
				edits := []func(map[string]any){overWebsocket}
				if name == "end" {
					edits = append(edits, set("end", time.Now().Add(29*time.Minute).UTC().Format(time.RFC3339)))
				}
				id := w.subscribe(anyPatient, edits...)
				c := connect(t, w.Engine, true)
				require.NoError(t, c.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
				w.patients(1)
				require.Equal(t, 1, c.Bindings())
				test.end(w, id)
				time.Sleep(test.within)
				w.patients(1)
				require.Equal(t, []string{"handshake 0", "events 1"}, c.seen())
				require.Equal(t, 0, c.Bindings())
				require.NoError(t, c.ended(), "the connection stays")
			})
		})
	}
}

// spec: CH-WS-07
func TestBindingIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug)
		id := w.subscribe(anyPatient, overWebsocket)
		c := connect(t, w.Engine, true)
		first := w.token(id)
		require.NoError(t, c.Bind(t.Context(), first, subscription.BindOptions{}))
		w.patients(1)
		time.Sleep(50 * time.Minute)
		second := w.token(id)
		require.NoError(t, c.Bind(t.Context(), second, subscription.BindOptions{}))
		require.False(t, c.Unbind(first), "it has been replaced")
		time.Sleep(50 * time.Minute)
		w.patients(1)
		require.Equal(t, []string{"handshake 0", "events 1", "handshake 1", "events 2"}, c.seen())
		require.True(t, c.Unbind(second))
		synctest.Wait()
		require.Equal(t, 0, c.Bindings())
	})
}

func TestNewVersionOfABoundSubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		owner := "ada"
		w := newWorld(t, withPlug, func(c *subscription.Config) { c.Authorizer = &owned{owner: &owner} })
		id := w.subscribe(anyPatient, overWebsocket)
		c := connect(t, w.Engine, true)
		require.NoError(t, c.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		w.patients(1)
		empty := setChannel("_payload", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": "empty"}}})
		update := func() {
			_, _, err := w.Update(t.Context(), "", id, json.RawMessage(subscriptionJSON(anyPatient, overWebsocket, set("id", id), empty)), "")
			require.NoError(t, err)
			time.Sleep(time.Second)
			w.patients(1)
		}
		update()
		require.Equal(t, []string{"handshake 0", "events 1", "events 2"}, c.seen())
		require.Contains(t, string(c.got[1].Message.Body), "female")
		require.NotContains(t, string(c.got[2].Message.Body), "Patient")
		owner = "bob"
		update()
		require.Len(t, c.seen(), 3, "it is somebody else's")
		require.Equal(t, 0, c.Bindings())
	})
}

// owned is an Authorizer under which everything is one owner's.
type owned struct {
	subscription.InsecureAllowAll
	owner *string
}

func (o *owned) AuthorizeSubscription(context.Context, *subscription.Subscription) (string, error) {
	return *o.owner, nil
}

// rights is an Authorizer that takes the right to see events away.
type rights struct {
	subscription.InsecureAllowAll
	revoked atomic.Bool
}

func (r *rights) AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	verdicts, err := r.InsecureAllowAll.AuthorizeEvent(ctx, focus, subs)
	for i := range verdicts {
		if r.revoked.Load() {
			verdicts[i] = subscription.Redact
		}
	}
	return verdicts, err
}

// spec: CH-WS-10
func TestRightThatIsTakenAwayEndsOverConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		right := &rights{}
		w := newWorld(t, withPlug, func(c *subscription.Config) { c.Authorizer = right })
		id := w.subscribe(anyPatient, overWebsocket)
		c := connect(t, w.Engine, true)
		require.NoError(t, c.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		w.patients(1)
		right.revoked.Store(true)
		late := connect(t, w.Engine, true)
		require.NoError(t, late.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		time.Sleep(2 * time.Second)
		require.Equal(t, []string{"handshake 0", "events 1"}, c.seen())
		w.patients(1)
		for _, d := range append(c.got[2:], late.got...) {
			require.NotContains(t, string(d.Message.Body), "female")
		}
	})
}

// spec: CH-WS-05
func TestContentIsLoweredForAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug)
		id := w.subscribe(anyPatient, overWebsocket)
		idOnly := w.subscribe(anyPatient, overWebsocket, setChannel("_payload", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": "id-only"}}}))
		want := map[notification.Content][2]notification.Content{
			"": {"full-resource", "id-only"}, "empty": {"empty", "empty"}, "id-only": {"id-only", "id-only"}, "full-resource": {"full-resource", "id-only"},
		}
		sessions := map[notification.Content]*connected{}
		for asked := range want {
			c := connect(t, w.Engine, true)
			require.NoError(t, c.Bind(t.Context(), w.token(id, idOnly), subscription.BindOptions{Content: asked}))
			sessions[asked] = c
		}
		w.patients(1)
		for asked, c := range sessions {
			require.Len(t, c.got, 4, asked)
			for _, d := range c.got[2:] {
				granted := want[asked][map[string]int{id: 0, idOnly: 1}[d.Target.Subscription]]
				require.Equal(t, granted, d.Message.Notification.Content)
				require.Equal(t, granted == "full-resource", json.Valid(d.Message.Body) && strings.Contains(string(d.Message.Body), "female"))
				require.Equal(t, granted != "empty", strings.Contains(string(d.Message.Body), "Patient/p"))
			}
		}
	})
}
