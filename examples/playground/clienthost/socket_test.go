package clienthost_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/playground/clienthost"
	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
)

// gateway is a server's side: tokens that live for a while, and a connection that tells of
// one event.
type gateway struct {
	url, event string
	life       time.Duration

	mu     sync.Mutex
	tokens int
	binds  []string
}

func (g *gateway) Get(_ context.Context, path string, query url.Values) (*http.Response, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens++
	w := httptest.NewRecorder()
	_, _ = fmt.Fprintf(w, `{"resourceType":"Parameters","parameter":[{"name":"token","valueString":"%s-%s-%d"},{"name":"expiration","valueDateTime":"%s"},{"name":"websocket-url","valueUrl":"%s"}]}`,
		path, strings.Join(query["id"], "+"), g.tokens, time.Now().Add(g.life).Format(time.RFC3339Nano), g.url)
	return w.Result(), nil
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	_, text, err := conn.Read(r.Context())
	if err != nil {
		return
	}
	g.mu.Lock()
	g.binds = append(g.binds, string(text))
	g.mu.Unlock()
	_ = conn.Write(r.Context(), websocket.MessageText, []byte(g.event))
	_, _, _ = conn.Read(r.Context()) // until the client goes
}

// A connection whose token runs out is made anew in time, for all its Subscriptions.
func TestTokensAreRenewed(t *testing.T) {
	g := &gateway{life: 2 * time.Second, event: bundle(t, fhirpath.R4, notification.EventNotification, 1, 1)}
	web := httptest.NewServer(g)
	defer web.Close()
	g.url = "ws" + strings.TrimPrefix(web.URL, "http")
	host, events := newHost(t)
	e, err := host.Open(clienthost.Websocket)
	require.NoError(t, err)
	require.NoError(t, host.SetTrouble(e.Key, clienthost.Trouble{Kind: clienthost.Down}))
	require.NoError(t, host.Bind(e.Key, g, "a"))
	require.NoError(t, host.Bind(e.Key, g, "b"))
	require.Zero(t, g.tokens, "it is down")
	require.NoError(t, host.SetTrouble(e.Key, clienthost.Trouble{}))
	for {
		_, _, changed := events.Since(events.Last())
		if len(host.Arrivals()) == 2 {
			break
		}
		<-changed
	}
	require.True(t, host.Arrivals()[1].Events[0].Duplicate)
	g.mu.Lock()
	defer g.mu.Unlock()
	require.Equal(t, []string{"bind-with-token Subscription/$get-ws-binding-token-a+b-1", "bind-with-token Subscription/$get-ws-binding-token-a+b-2"}, g.binds)
}
