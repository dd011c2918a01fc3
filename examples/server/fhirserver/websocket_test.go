package fhirserver

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	library "github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// TestWebsocket: a subscriber connects, is bound, goes, and comes again for what it
// missed; an R4 server may tell its status as R4B does.
func TestWebsocket(t *testing.T) {
	for name, form := range map[string]subscription.Release{"Parameters": 0, "SubscriptionStatus": subscription.R4B} {
		t.Run(name, func(t *testing.T) {
			web := httptest.NewUnstartedServer(nil)
			address := "http://" + web.Listener.Addr().String()
			s := open(t, func(c *Config) { c.BaseURL, c.StatusRelease = address+"/fhir", form })
			web.Config.Handler = s.Handler()
			web.Start()
			defer web.Close()
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- s.Run(ctx) }()

			made := call(t, address, "POST", "/fhir/Subscription", `{"resourceType":"Subscription","status":"active","reason":"test",
				"criteria":"https://carillon-fhir.github.io/topics/bilirubin-high","channel":{"type":"websocket"}}`)
			require.Equal(t, "active", made.Get("status").Text())
			bind := func() *library.Conn {
				answer := call(t, address, "GET", "/fhir/Subscription/"+made.Get("id").Text()+"/$get-ws-binding-token", "")
				values := map[string]string{}
				for p := range answer.Get("parameter").Elements() {
					values[p.Get("name").Text()] = p.Get("valueString").Text() + p.Get("valueUrl").Text()
				}
				require.Equal(t, "ws"+strings.TrimPrefix(address, "http")+"/fhir/ws", values["websocket-url"])
				var conn *library.Conn
				for conn == nil { // Run begins in a moment
					conn, _, _ = library.Dial(t.Context(), values["websocket-url"], nil)
				}
				require.NoError(t, conn.Write(t.Context(), library.MessageText, []byte("bind-with-token "+values["token"])))
				return conn
			}
			next := func(conn *library.Conn) *notification.Notification {
				_, text, err := conn.Read(t.Context())
				require.NoError(t, err)
				require.Equal(t, form == subscription.R4B, strings.Contains(string(text), `"resourceType":"SubscriptionStatus"`))
				n, err := notification.Parse(text)
				require.NoError(t, err)
				return n
			}
			write := func() {
				call(t, address, "POST", "/fhir/Observation", `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1975-2"}]},
					"subject":{"reference":"Patient/1"},"valueQuantity":{"value":50,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}`)
			}
			conn := bind()
			require.Equal(t, notification.Handshake, next(conn).Type)
			write()
			require.EqualValues(t, 1, next(conn).Events[0].Number)
			require.NoError(t, conn.Close(library.StatusNormalClosure, ""))
			write()
			conn = bind()
			next(conn)
			for n := int64(0); n != 2; { // 1 may come again if its confirmation was not read in time
				n = next(conn).Events[0].Number
			}
			cancel()
			_, _, err := conn.Read(t.Context())
			require.Equal(t, library.StatusGoingAway, library.CloseStatus(err))
			require.NoError(t, <-ended)
		})
	}
}

// call makes a request that must succeed.
func call(t *testing.T, address, method, path, body string) fhirpath.Node {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address+path, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		request.Header.Set("Content-Type", "application/fhir+json")
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer http.DefaultClient.CloseIdleConnections()
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	doc, err := fhirpath.Parse(raw)
	require.NoError(t, err)
	require.Less(t, response.StatusCode, 300, string(doc.Raw()))
	return doc.Root()
}
