package websocket_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// spec: CH-WS-09, AMB-11, OP-15
func TestTokensThatAreNotValid(t *testing.T) { // W1
	part := func(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }
	none := part(`{"alg":"none"}`) + "." + part(`{"sub":"1"}`) + "."
	cases := map[string]func(n *node, id string) string{
		"alg none":        func(*node, string) string { return none },
		"alg NONE":        func(*node, string) string { return part(`{"alg":"NONE"}`) + "." + part(`{}`) + "." },
		"the id":          func(_ *node, id string) string { return id },
		"long":            func(*node, string) string { return strings.Repeat("x", 4000) },
		"one letter":      func(*node, string) string { return "x" },
		"zeros":           func(*node, string) string { return strings.Repeat("A", 43) },
		"injection":       func(*node, string) string { return "'--" },
		"a path":          func(*node, string) string { return "../../x" },
		"not UTF-8":       func(*node, string) string { return "\xff\xfe" },
		"NUL":             func(*node, string) string { return "\x00" },
		"lower case":      func(n *node, id string) string { return strings.ToLower(n.token(id)) },
		"upper case":      func(n *node, id string) string { return strings.ToUpper(n.token(id)) },
		"without the end": func(n *node, id string) string { return n.token(id)[:42] },
		"and more":        func(n *node, id string) string { return n.token(id) + "A" },
		"padded":          func(n *node, id string) string { return n.token(id) + "=" },
		"two of them":     func(n *node, id string) string { return n.token(id) + "," + n.token(id) },
		"expired":         func(n *node, id string) string { token := n.token(id); time.Sleep(time.Hour); return token },
		"long expired":    func(n *node, id string) string { token := n.token(id); time.Sleep(12 * time.Hour); return token },
		"used": func(n *node, id string) string {
			token := n.token(id)
			w := n.connect()
			w.say("bind-with-token " + token)
			synctest.Wait()
			require.Equal(n.t, []string{"handshake 0"}, w.seen())
			w.leave()
			return token
		},
		"used by a connection that is bound still": func(n *node, id string) string {
			token := n.token(id)
			n.connect().say("bind-with-token " + token)
			synctest.Wait()
			return token
		},
		"used by an attempt of another tenant": func(n *node, id string) string {
			token := n.token(id)
			n.connect("X-Tenant: other").say("bind-with-token " + token)
			synctest.Wait()
			other, err := n.Create(context.Background(), "other", subscriptionJSON())
			require.NoError(n.t, err)
			foreign, err := n.BindingToken(context.Background(), "other", []string{other.ID})
			require.NoError(n.t, err)
			return foreign.Token
		},
		"of a deleted one": func(n *node, id string) string {
			token := n.token(id)
			require.NoError(n.t, n.Delete(context.Background(), "", id, ""))
			return token
		},
		"of one that is off": func(n *node, id string) string {
			token := n.token(id)
			n.update(id, func(s map[string]any) { s["status"] = "off" })
			return token
		},
		"of one that was created anew": func(n *node, id string) string {
			token := n.token(id)
			require.NoError(n.t, n.Delete(context.Background(), "", id, ""))
			n.update(id)
			return token
		},
		"unbound": func(n *node, id string) string {
			token := n.token(id)
			w := n.connect()
			w.say("bind-with-token " + token)
			w.say("unbind-from-token " + token)
			synctest.Wait()
			return token
		},
		"hash": func(n *node, id string) string { _ = n.token(id); return "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU" },
	}
	texts := map[string]string{
		"no token": "bind-with-token", "an empty one": "bind-with-token ", "JSON without one": `{"type":"bind-with-token"}`,
		"JSON's is null": `{"type":"bind-with-token","payload":{"token":null}}`, "JSON's is a number": `{"type":"bind-with-token","payload":{"token":7}}`,
		"by id": "bind %", "in another case": "BIND-WITH-TOKEN x",
	}
	tried := 0
	try := func(t *testing.T, text func(n *node, id string) string) {
		tried++
		inBubble(t, func(t *testing.T, n *node) {
			id := n.subscribe()
			said := text(n, id)
			w := n.connect()
			for range 3 {
				w.say(said)
			}
			n.write(1)
			synctest.Wait()
			time.Sleep(time.Second)
			code, closed := w.closedWith()
			require.True(t, closed)
			require.Equal(t, 1008, code)
			require.Equal(t, []string{"outcome", "outcome", "outcome"}, w.seen())
		})
	}
	for name, token := range cases {
		t.Run(name, func(t *testing.T) {
			try(t, func(n *node, id string) string { return "bind-with-token " + token(n, id) })
		})
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			try(t, func(n *node, id string) string { return strings.ReplaceAll(text, "%", id) })
		})
	}
	t.Logf("W1 tokens=%d notifications=0 closed=%d", tried, tried)
	require.GreaterOrEqual(t, tried, 30)
}

func (n *node) update(id string, edit ...func(map[string]any)) {
	n.t.Helper()
	raw := subscriptionJSON(append(edit, func(s map[string]any) { s["id"] = id })...)
	_, _, err := n.Update(context.Background(), "", id, raw, "")
	require.NoError(n.t, err)
}

// spec: CH-WS-05, CH-WS-07, CH-WS-10
func TestEndsWhileConnected(t *testing.T) { // W6
	ends := map[string]func(n *node, id string, right *rights){
		"expired": func(*node, string, *rights) { time.Sleep(time.Hour) },
		"revoked": func(_ *node, _ string, right *rights) { right.gone.Store(true) },
		"deleted": func(n *node, id string, _ *rights) { require.NoError(n.t, n.Delete(context.Background(), "", id, "")) },
		"deleted in the store": func(n *node, id string, _ *rights) {
			require.NoError(n.t, n.store.DeleteSubscription(context.Background(), "", id, 0))
		},
		"turned off":             func(n *node, id string, _ *rights) { n.update(id, func(s map[string]any) { s["status"] = "off" }) },
		"given to somebody else": func(n *node, id string, right *rights) { right.owner.Store("bob"); n.update(id) },
		"no content any more": func(n *node, id string, _ *rights) {
			n.update(id, func(s map[string]any) { delete(s["channel"].(map[string]any), "_payload") })
		},
		"the answer is an error": func(_ *node, _ string, right *rights) { right.broken.Store(true) },
		"the answer is a panic":  func(_ *node, _ string, right *rights) { right.panics.Store(true) },
		"deleted, created anew": func(n *node, id string, _ *rights) {
			require.NoError(n.t, n.Delete(context.Background(), "", id, ""))
			n.update(id)
		},
	}
	tried := 0
	for name, end := range ends {
		for _, way := range []string{"text", "JSON"} {
			tried++
			t.Run(name+", "+way, func(t *testing.T) {
				right := new(rights)
				right.owner.Store("ada")
				inBubble(t, func(t *testing.T, n *node) {
					id := n.subscribe()
					w := n.connect()
					w.say(map[string]string{"text": "bind-with-token ", "JSON": `{"type":"bind-with-token","payload":{"token":"`}[way] + n.token(id) + map[string]string{"JSON": `"}}`}[way])
					synctest.Wait()
					n.write(1)
					synctest.Wait()
					require.Contains(t, strings.Join(w.heard(), ""), "canary")
					before := len(w.heard())
					end(n, id, right)
					time.Sleep(5 * time.Second)
					n.write(2)
					time.Sleep(time.Minute)
					require.NotContains(t, strings.Join(w.heard()[before:], ""), "canary")
					code, closed := w.closedWith()
					require.False(t, closed, code)
				}, func(s *settings) { s.engine = func(c *subscription.Config) { c.Authorizer = right } })
			})
		}
	}
	t.Logf("W6 ends=%d within=5s content=0", tried)
	require.GreaterOrEqual(t, tried, 20)
}

func TestOrigins(t *testing.T) { // W7
	tried := 0
	inBubble(t, func(t *testing.T, n *node) {
		for _, test := range []struct {
			header []string
			status int
		}{
			{nil, 101},
			{[]string{"Origin: http://fhir.example.org"}, 101},
			{[]string{"Origin: HTTPS://FHIR.example.org"}, 101},
			{[]string{"Origin: https://app.example.org"}, 101},
			{[]string{"Origin: http://app.example.org"}, http.StatusForbidden},
			{[]string{"Origin: https://app.example.org.evil.example"}, http.StatusForbidden},
			{[]string{"Origin: https://evil.example"}, http.StatusForbidden},
			{[]string{"Origin: https://fhir.example.org:8443"}, http.StatusForbidden},
			{[]string{"Origin: https://fhir.example.org@evil.example"}, http.StatusForbidden},
			{[]string{"Origin: null"}, http.StatusForbidden},
			{[]string{"Origin: "}, http.StatusForbidden},
			{[]string{"Origin: https://app.example.org", "Origin: https://evil.example"}, http.StatusForbidden},
			{[]string{"Origin: https://evil.example", "Sec-WebSocket-Protocol: fhir"}, http.StatusForbidden},
			{[]string{"Sec-WebSocket-Protocol: fhir, bearer.canary"}, 101},
			{[]string{"Sec-WebSocket-Extensions: permessage-deflate"}, 101},
		} {
			tried++
			o := open(t, n.dial, "/r4/ws", test.header...)
			require.Equal(t, test.status, o.status, test.header)
			require.Empty(t, o.header.Get("Sec-WebSocket-Protocol"))
			require.Empty(t, o.header.Get("Sec-WebSocket-Extensions"))
		}
		for _, query := range []string{"?content=all", "?token=x", "?content=empty&content=empty", "?%zz"} {
			require.Equal(t, http.StatusBadRequest, open(t, n.dial, "/r4/ws"+query).status)
		}
	}, func(s *settings) { s.websocket.Origins = []string{"https://app.example.org"} })
	t.Logf("W7 origins=%d", tried)
	require.GreaterOrEqual(t, tried, 12)
}

func TestConnectionAsksForLess(t *testing.T) { // P19
	inBubble(t, func(t *testing.T, n *node) {
		id := n.subscribe()
		for query, want := range map[string][2]bool{"": {true, true}, "?content=full-resource": {true, true}, "?content=id-only": {true, false}, "?content=empty": {false, false}} {
			o := open(t, n.dial, "/r4/ws"+query)
			o.say("bind-with-token " + n.token(id))
			synctest.Wait()
			before := len(o.heard())
			n.write(len(query))
			synctest.Wait()
			text := strings.Join(o.heard()[before:], "")
			require.Contains(t, text, "event-notification")
			require.Equal(t, want[0], strings.Contains(text, "Patient/p"), query)
			require.Equal(t, want[1], strings.Contains(text, "canary"), query)
			o.leave()
		}
	})
}
