package subscription_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug)
		id := w.subscribe(anyPatient, overWebsocket)
		c := connect(t, w.Engine, true)
		bind := func(token string) error { return c.Bind(t.Context(), token, subscription.BindOptions{}) }
		foreign, err := w.Engine.Connect("other", "websocket")
		require.NoError(t, err)
		defer foreign.Close()
		mail, err := w.Engine.Connect("", "email")
		require.NoError(t, err)
		defer mail.Close()
		for name, token := range map[string]func() string{
			"forged":    func() string { return "eyJhbGciOiJub25lIn0.e30." },
			"empty":     func() string { return "" },
			"truncated": func() string { return w.token(id)[:42] },
			"used": func() string {
				token := w.token(id)
				require.NoError(t, bind(token))
				return token
			},
			"run out": func() string {
				token := w.token(id)
				time.Sleep(time.Hour)
				return token
			},
			"used by another tenant's connection": func() string {
				require.ErrorIs(t, foreign.Bind(t.Context(), w.token(id), subscription.BindOptions{}), subscription.ErrToken)
				return "gone"
			},
			"used over another channel": func() string {
				token := w.token(id)
				require.ErrorIs(t, mail.Bind(t.Context(), token, subscription.BindOptions{}), subscription.ErrToken)
				return token
			},
			"of a deleted one": func() string {
				other := w.subscribe(anyPatient, overWebsocket)
				token := w.token(other)
				require.NoError(t, w.Delete(t.Context(), "", other, ""))
				return token
			},
			"of one that is off": func() string {
				other := w.subscribe(anyPatient, overWebsocket)
				token := w.token(other)
				_, _, err := w.Update(t.Context(), "", other, json.RawMessage(subscriptionJSON(anyPatient, overWebsocket, set("id", other), set("status", "off"))), "")
				require.NoError(t, err)
				return token
			},
			"of one that was created anew": func() string {
				other := w.subscribe(anyPatient, overWebsocket)
				token := w.token(other)
				require.NoError(t, w.Delete(t.Context(), "", other, ""))
				_, _, err := w.Update(t.Context(), "", other, json.RawMessage(subscriptionJSON(anyPatient, overWebsocket, set("id", other))), "")
				require.NoError(t, err)
				return token
			},
			"of one that goes by rest-hook now": func() string {
				other := w.subscribe(anyPatient, overWebsocket)
				token := w.token(other)
				_, _, err := w.Update(t.Context(), "", other, json.RawMessage(subscriptionJSON(anyPatient, set("id", other))), "")
				require.NoError(t, err)
				return token
			},
		} {
			require.ErrorIs(t, bind(token()), subscription.ErrToken, name)
		}
		require.LessOrEqual(t, c.Bindings(), 1, "what the used token has bound, unless an hour has passed since")
	})
}

func TestTokenIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withPlug)
		hook := w.subscribe(anyPatient)
		_, err := w.BindingToken(t.Context(), "", []string{hook})
		requireRefusal(t, err, http.StatusBadRequest)
		_, err = w.BindingToken(t.Context(), "", []string{"nobody"})
		require.ErrorIs(t, err, subscription.ErrNotFound)
		_, err = w.BindingToken(t.Context(), "", nil)
		requireRefusal(t, err, http.StatusNotFound)
		off := w.subscribe(anyPatient, overWebsocket, set("status", "off"))
		_, err = w.BindingToken(t.Context(), "", []string{off})
		requireRefusal(t, err, http.StatusUnprocessableEntity)
		one, two := w.subscribe(anyPatient, overWebsocket), w.subscribe(anyPatient, overWebsocket)
		all, err := w.BindingToken(t.Context(), "", nil)
		require.NoError(t, err)
		require.Equal(t, []string{one, two}, all.Subscriptions)
		require.WithinDuration(t, time.Now().Add(time.Hour), all.Expiration, time.Second)
		twice, err := w.BindingToken(t.Context(), "", []string{two, two})
		require.NoError(t, err)
		require.Equal(t, []string{two}, twice.Subscriptions)
	})
}

func requireRefusal(t *testing.T, err error, status int) {
	t.Helper()
	var refusal *subscription.Refusal
	require.True(t, errors.As(err, &refusal), "%v", err)
	require.Equal(t, status, refusal.Status)
}
