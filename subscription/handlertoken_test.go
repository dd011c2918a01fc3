package subscription_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// spec: OP-02, OP-13, OP-14, OP-15, AMB-23
func TestBindingTokenByREST(t *testing.T) { // OP-13 to OP-15, AMB-23, 22.4
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug)
		h := w.Handler(subscription.HandlerConfig{})
		one, two := w.subscribe(anyPatient, overWebsocket), w.subscribe(anyPatient, overWebsocket)
		hook := w.subscribe(anyPatient)
		path := "/Subscription/"
		for _, test := range []struct {
			method, path, body string
			want               []string
		}{
			{"GET", path + one + "/$get-ws-binding-token", "", []string{one}},
			{"POST", path + one + "/$get-ws-binding-token", "", []string{one}},
			{"GET", path + "$get-ws-binding-token?id=" + one + "&id=Subscription/" + two, "", []string{one, two}},
			{"POST", path + "$get-ws-binding-token", `{"resourceType":"Parameters","parameter":[{"name":"id","valueId":"` + two + `"}]}`, []string{two}},
			{"POST", path + "$get-ws-binding-token", "", []string{one, two}},
		} {
			response, node := call(t, h, test.method, test.path, test.body)
			require.Equal(t, http.StatusOK, response.StatusCode)
			require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
			require.Equal(t, "Parameters", node.Get("resourceType").Text())
			var ids []string
			values := map[string]string{}
			for p := range node.Get("parameter").Elements() {
				switch name := p.Get("name").Text(); name {
				case "subscription":
					ids = append(ids, p.Get("valueString").Text())
				case "token":
					values[name] = p.Get("valueString").Text()
				case "expiration":
					values[name] = p.Get("valueDateTime").Text()
				case "websocket-url":
					values[name] = p.Get("valueUrl").Text()
				default:
					require.Fail(t, name)
				}
			}
			require.Equal(t, test.want, ids)
			require.Len(t, values["token"], 43)
			require.Equal(t, "wss://fhir.example.org/r4/ws", values["websocket-url"])
			until, err := time.Parse(time.RFC3339, values["expiration"])
			require.NoError(t, err)
			require.WithinDuration(t, time.Now().Add(time.Hour), until, time.Second)
		}
		for _, test := range []struct {
			method, path string
			status       int
		}{
			{"GET", path + hook + "/$get-ws-binding-token", http.StatusBadRequest},
			{"GET", path + "$get-ws-binding-token?id=" + one + "&id=" + hook, http.StatusBadRequest},
			{"GET", path + "nobody/$get-ws-binding-token", http.StatusNotFound},
			{"GET", path + "$get-ws-binding-token?id=nobody", http.StatusNotFound},
			{"GET", path + one + "/$get-ws-binding-token?id=" + two, http.StatusBadRequest},
			{"GET", path + "$get-ws-binding-token?other=x", http.StatusBadRequest},
			{"DELETE", path + "$get-ws-binding-token", http.StatusMethodNotAllowed},
		} {
			response, node := call(t, h, test.method, test.path, "")
			require.Equal(t, test.status, response.StatusCode, test.path)
			require.Equal(t, "OperationOutcome", node.Get("resourceType").Text())
		}
	})
}

// spec: SEC-01, OP-13
func TestWhoMayBind(t *testing.T) { // A3
	synctest.Test(t, func(t *testing.T) {
		readers := &readersOnly{}
		w := newWorld(t, withPlug, func(c *subscription.Config) { c.Authorizer = readers })
		id := w.subscribe(anyPatient, overWebsocket)
		_, err := w.BindingToken(t.Context(), "", []string{id})
		requireRefusal(t, err, http.StatusForbidden)
		_, err = w.BindingToken(t.Context(), "", nil)
		requireRefusal(t, err, http.StatusNotFound)
		readers.none = true
		_, err = w.BindingToken(t.Context(), "", []string{id})
		require.ErrorIs(t, err, subscription.ErrNotFound)
		_, err = w.BindingToken(t.Context(), "other", []string{id})
		require.ErrorIs(t, err, subscription.ErrNotFound)
	})
}

// readersOnly is an Authorizer under which Subscriptions may be read, or not even that.
type readersOnly struct {
	subscription.InsecureAllowAll
	none bool
}

func (r *readersOnly) AuthorizeAccess(_ context.Context, _ *subscription.Subscription, a subscription.Access) (bool, error) {
	return a == subscription.AccessRead && !r.none, nil
}
