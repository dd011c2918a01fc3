package websocket_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	server "github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/memnet"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/notification/receiver"
	"github.com/carillon-fhir/carillon/notification/receiver/receivertest"
	"github.com/carillon-fhir/carillon/notification/receiver/websocket"
)

// gateway serves the token operation and the websocket of a server whose events are kept
// by a receivertest.Server.
type gateway struct {
	*receivertest.Server
	life time.Duration // of a token

	mu     sync.Mutex
	conns  []*server.Conn
	tokens int
	binds  []string
	stuck  chan struct{} // while it is there and open, nobody reads, so no ping is answered
	refuse int           // of the next requests for a token
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch req.URL.Path {
	case "/fhir/Subscription/$get-ws-binding-token":
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.refuse > 0 {
			g.refuse--
			http.Error(w, "", http.StatusServiceUnavailable)
			return
		}
		g.tokens++
		_, _ = fmt.Fprintf(w, `{"resourceType":"Parameters","parameter":[{"name":"token","valueString":"t%d"},`+
			`{"name":"expiration","valueDateTime":"%s"},{"name":"subscription","valueString":"1"},{"name":"websocket-url","valueUrl":"ws://server/ws"}]}`,
			g.tokens, time.Now().Add(g.life).Format(time.RFC3339Nano))
	case "/ws":
		g.accept(w, req)
	default:
		g.Server.ServeHTTP(w, req)
	}
}

func (g *gateway) accept(w http.ResponseWriter, req *http.Request) {
	conn, err := server.Accept(w, req, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	g.mu.Lock()
	g.conns = append(g.conns, conn)
	g.mu.Unlock()
	for {
		g.mu.Lock()
		stuck := g.stuck
		g.mu.Unlock()
		if stuck != nil {
			<-stuck
		}
		_, frame, err := conn.Read(req.Context())
		if err != nil {
			return
		}
		g.mu.Lock()
		g.binds = append(g.binds, string(frame))
		g.mu.Unlock()
		g.send(req.Context(), notification.Handshake)
	}
}

// send writes a handshake, or the newest event, to the newest connection.
func (g *gateway) send(ctx context.Context, t notification.Type) {
	n, err := g.Status(ctx, "1")
	if err != nil {
		return
	}
	n.Type = t
	if t == notification.EventNotification {
		all, _ := g.Events(ctx, "1", n.EventsSinceSubscriptionStart, n.EventsSinceSubscriptionStart)
		n.Events = all.Events
	}
	body, err := notification.Append(nil, fhirpath.R4, n)
	if err != nil {
		panic(err)
	}
	g.mu.Lock()
	conn := g.conns[len(g.conns)-1]
	g.mu.Unlock()
	_ = conn.Write(ctx, server.MessageText, body)
}

func (g *gateway) happen() {
	g.Happen("1", json.RawMessage(`{"resourceType":"Encounter","id":"e"}`))
}

func (g *gateway) drop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = g.conns[len(g.conns)-1].CloseNow()
}

func (g *gateway) seen() (tokens int, binds []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tokens, append([]string(nil), g.binds...)
}

// world is a client of a gateway in a bubble of time.
type world struct {
	*gateway
	mu      sync.Mutex
	numbers []int64
	errors  []string
}

func (w *world) handled() []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]int64(nil), w.numbers...)
}

func run(t *testing.T, life time.Duration, story func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{gateway: &gateway{life: life}}
		network := memnet.New()
		transport := &http.Transport{DialContext: network.DialContext}
		web := &http.Server{Handler: w.gateway}
		go func() { _ = web.Serve(network) }()
		client := &http.Client{Transport: transport}
		source, err := receiver.NewServer(receiver.ServerConfig{BaseURL: "http://server/fhir", Client: client})
		require.NoError(t, err)
		r, err := receiver.New(receiver.Config{
			Handle: func(_ context.Context, e receiver.Event) error {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.numbers = append(w.numbers, e.Number)
				return nil
			},
			OnProblem: func(context.Context, receiver.Problem) {},
			Source:    source,
		})
		require.NoError(t, err)
		w.Server = receivertest.New(r)
		w.Status(t.Context(), "1")
		w.SetStatus("1", "active")
		c, err := websocket.New(websocket.Config{
			BaseURL: "http://server/fhir", Subscriptions: []string{"1"}, Receiver: r, Client: client,
			OnError: func(err error) {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.errors = append(w.errors, err.Error())
			},
		})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		defer func() {
			cancel()
			require.NoError(t, <-ended)
			transport.CloseIdleConnections()
			require.NoError(t, web.Close())
		}()
		synctest.Wait()
		story(t, w)
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, text := range w.errors {
			require.NotContains(t, text, "Subscription/", "no error tells what was asked about")
		}
	})
}

func TestEventsArrive(t *testing.T) {
	run(t, time.Hour, func(t *testing.T, w *world) {
		for range 3 {
			w.happen()
			w.send(t.Context(), notification.EventNotification)
		}
		synctest.Wait()
		require.Equal(t, []int64{1, 2, 3}, w.handled())
		_, binds := w.seen()
		require.Equal(t, []string{"bind-with-token t1"}, binds)
	})
}

// W8: what happened while nobody was connected arrives after the next binding.
func TestWhatWasMissedIsFetched(t *testing.T) {
	run(t, time.Hour, func(t *testing.T, w *world) {
		w.happen()
		w.send(t.Context(), notification.EventNotification)
		synctest.Wait()
		w.drop()
		for range 100 {
			w.happen()
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.Len(t, w.handled(), 101)
		tokens, _ := w.seen()
		require.Equal(t, 2, tokens)
	})
}

// CH-WS-07: the binding is renewed on the connection that is there.
// spec: CH-WS-07
func TestTokensAreRenewed(t *testing.T) {
	run(t, 10*time.Minute, func(t *testing.T, w *world) {
		time.Sleep(time.Hour)
		synctest.Wait()
		tokens, binds := w.seen()
		require.GreaterOrEqual(t, tokens, 6)
		require.Len(t, binds, tokens)
		require.Len(t, w.conns, 1)
		require.Empty(t, w.errors)
	})
}

// W5: a connection that is dead without having ended is found by a ping.
func TestAHalfOpenConnectionIsReplaced(t *testing.T) {
	run(t, time.Minute, func(t *testing.T, w *world) { // a life so short that the reader looks up after 30 s
		stuck := make(chan struct{})
		w.gateway.mu.Lock()
		w.stuck = stuck
		w.gateway.mu.Unlock()
		defer close(stuck)
		time.Sleep(55 * time.Second)
		w.gateway.mu.Lock()
		w.stuck = nil
		w.gateway.mu.Unlock()
		time.Sleep(65 * time.Second)
		synctest.Wait()
		w.gateway.mu.Lock()
		defer w.gateway.mu.Unlock()
		require.Len(t, w.conns, 2)
	})
}

// A server that does not answer is asked ever more seldom, and it is told.
func TestAttemptsAreSpacedOut(t *testing.T) {
	run(t, time.Hour, func(t *testing.T, w *world) {
		w.gateway.mu.Lock()
		w.refuse = 10
		w.gateway.mu.Unlock()
		w.drop()
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		w.mu.Lock()
		require.Len(t, w.errors, 11)
		w.mu.Unlock()
		w.happen()
		w.send(t.Context(), notification.EventNotification)
		synctest.Wait()
		require.Equal(t, []int64{1}, w.handled())
	})
}

func TestNewListsWhatIsMissing(t *testing.T) {
	_, err := websocket.New(websocket.Config{BaseURL: "server"})
	for _, name := range []string{"BaseURL", "Subscriptions", "Receiver"} {
		require.ErrorContains(t, err, name)
	}
}

// What is no token, or leads elsewhere than to a websocket, is not used.
func TestBadTokensAreRefused(t *testing.T) {
	for _, body := range []string{
		``, `{`, `[]`, `{"resourceType":"Parameters"}`,
		`{"resourceType":"Parameters","parameter":[{"name":"token","valueString":"t"}]}`,
		`{"resourceType":"Parameters","parameter":[{"name":"websocket-url","valueUrl":"ws://x/"}]}`,
		`{"resourceType":"Parameters","parameter":[{"name":"token","valueString":"t"},{"name":"websocket-url","valueUrl":"http://x/"}]}`,
		`{"resourceType":"Parameters","parameter":[{"name":"token","valueString":"t"},{"name":"websocket-url","valueUrl":"ws:///x"}]}`,
	} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		r, err := receiver.New(receiver.Config{
			Handle:    func(context.Context, receiver.Event) error { return nil },
			OnProblem: func(context.Context, receiver.Problem) {},
		})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		var told string
		transport := &http.Transport{}
		c, err := websocket.New(websocket.Config{
			BaseURL: web.URL, Subscriptions: []string{"1"}, Receiver: r, Client: &http.Client{Transport: transport},
			OnError: func(err error) { told = err.Error(); cancel() },
		})
		require.NoError(t, err)
		require.NoError(t, c.Run(ctx))
		require.True(t, strings.HasPrefix(told, "websocket: the "), told)
		transport.CloseIdleConnections()
		web.Close()
	}
}

// A server that takes the connection and says nothing must not hold the subscriber.
func TestASilentServerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New()
		transport := &http.Transport{DialContext: network.DialContext}
		asked := 0
		web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/ws" {
				asked++
				<-req.Context().Done()
				return
			}
			_, _ = fmt.Fprint(w, `{"resourceType":"Parameters","parameter":[{"name":"token","valueString":"t"},{"name":"websocket-url","valueUrl":"ws://server/ws"}]}`)
		})}
		go func() { _ = web.Serve(network) }()
		r, err := receiver.New(receiver.Config{
			Handle:    func(context.Context, receiver.Event) error { return nil },
			OnProblem: func(context.Context, receiver.Problem) {},
		})
		require.NoError(t, err)
		c, err := websocket.New(websocket.Config{
			BaseURL: "http://server/fhir", Subscriptions: []string{"1"}, Receiver: r, Client: &http.Client{Transport: transport},
		})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		cancel()
		err = <-ended
		transport.CloseIdleConnections()
		require.NoError(t, web.Close())
		synctest.Wait()
		require.NoError(t, err)
		require.Greater(t, asked, 1)
	})
}
