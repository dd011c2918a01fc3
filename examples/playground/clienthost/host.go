package clienthost

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/carillon-fhir/carillon/examples/playground/feed"
)

// The channels that endpoints can be of.
const (
	RestHook  = "rest-hook"
	Websocket = "websocket"
	Email     = "email"
	Message   = "message"
)

// MailDomain is the domain of all mailboxes. It exists nowhere else (RFC 2606).
const MailDomain = "playground.example"

// Bounds of what is kept and taken.
const (
	maxEndpoints = 200
	maxArrivals  = 1000     // kept
	maxKept      = 64 << 20 // bytes of their bodies
	maxBody      = 10 << 20 // of one
	maxRepeated  = 64 << 10 // of one that is about several Subscriptions, kept with each
	maxLedgers   = 100      // Subscriptions of an endpoint whose numbers are known
)

var (
	// ErrChannel says that no endpoint of that channel can be hosted.
	ErrChannel = errors.New("clienthost: the channel must be rest-hook, websocket, email or message")
	// ErrUnknown says that there is no such endpoint.
	ErrUnknown = errors.New("clienthost: there is no such endpoint")
	// ErrMany says that there are too many endpoints.
	ErrMany = errors.New("clienthost: there are too many endpoints; delete some")
)

// Config says how a Host is reached and whom it tells.
type Config struct {
	URL  string    // required: where servers reach the Host's handler
	Feed *feed.Log // required: gets the entries endpoint, endpoint-deleted and arrival
}

// Endpoint is where notifications go.
type Endpoint struct {
	Key           string   `json:"key"` // names it, and is a secret
	Name          string   `json:"name"`
	Channel       string   `json:"channel"`
	Address       string   `json:"address,omitempty"` // for the Subscription; a websocket has none
	Trouble       Trouble  `json:"trouble"`
	Subscriptions []string `json:"subscriptions,omitempty"` // that a websocket is bound to
	Connection    string   `json:"connection,omitempty"`    // of a websocket, in words
}

// Host has endpoints. All methods may be called at the same time. Make one with New.
type Host struct {
	cfg     Config
	ctx     context.Context // until Close
	cancel  context.CancelFunc
	running sync.WaitGroup // websockets

	mu        sync.Mutex
	endpoints map[string]*endpoint
	order     []string // keys, oldest first
	opened    int
	arrivals  []Arrival
	kept      int // bytes of their bodies
	next      int64
}

// endpoint is an Endpoint with what only the Host knows. All of it is guarded by Host.mu.
type endpoint struct {
	Endpoint
	attempts int // that trouble was considered for
	ledgers  map[string]*ledger
	client   Client  // of a websocket
	socket   *socket // nil: not to be connected
}

// New returns a Host without endpoints.
func New(cfg Config) *Host {
	cfg.URL = strings.TrimRight(cfg.URL, "/")
	h := &Host{cfg: cfg, endpoints: map[string]*endpoint{}}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

// Close disconnects all websockets and waits until they are.
func (h *Host) Close() {
	h.mu.Lock()
	h.cancel() // from here on nothing connects
	h.mu.Unlock()
	h.running.Wait()
}

// Open makes an endpoint of a channel.
func (h *Host) Open(channel string) (Endpoint, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.endpoints) >= maxEndpoints {
		return Endpoint{}, ErrMany
	}
	e := &endpoint{ledgers: map[string]*ledger{}}
	e.Key, e.Channel = strings.ToLower(rand.Text()[:16]), channel
	switch channel {
	case RestHook, Message:
		e.Address = h.cfg.URL + "/hooks/" + e.Key
	case Email:
		e.Address = "mailto:" + e.Key + "@" + MailDomain
	case Websocket:
		e.Connection = "not bound to a Subscription yet"
	default:
		return Endpoint{}, ErrChannel
	}
	e.Name = names[h.opened%len(names)]
	h.opened++
	h.endpoints[e.Key] = e
	h.order = append(h.order, e.Key)
	h.tell(e)
	return e.shown(), nil
}

// names are easier to tell apart than keys: bells of a carillon, from the largest.
var names = []string{"Bourdon", "Tenor", "Quint", "Terz", "Nominal", "Prime", "Octave", "Treble", "Chime", "Descant", "Clarion", "Tolling", "Angelus", "Vesper", "Matins", "Compline"}

// Delete takes an endpoint away: what comes for it is answered by 410 Gone.
func (h *Host) Delete(key string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.endpoints[key]
	if e == nil {
		return ErrUnknown
	}
	e.disconnect()
	delete(h.endpoints, key)
	h.order = slices.DeleteFunc(h.order, func(k string) bool { return k == key })
	h.cfg.Feed.Add("endpoint-deleted", map[string]string{"key": key})
	return nil
}

// Endpoints lists all, oldest first.
func (h *Host) Endpoints() []Endpoint {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]Endpoint, 0, len(h.order))
	for _, key := range h.order {
		list = append(list, h.endpoints[key].shown())
	}
	return list
}

// SetTrouble says what an endpoint does from now on; the zero Trouble ends it.
func (h *Host) SetTrouble(key string, t Trouble) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.endpoints[key]
	if e == nil {
		return ErrUnknown
	}
	if err := t.check(e.Channel); err != nil {
		return err
	}
	e.Trouble, e.attempts = t, 0
	if len(e.Subscriptions) > 0 { // a websocket
		h.reconnect(e)
	}
	h.tell(e)
	return nil
}

// Client makes the requests that a websocket needs, to the server that has its
// Subscriptions. Path is relative to the base.
type Client interface {
	Get(ctx context.Context, path string, query url.Values) (*http.Response, error)
}

// Bind keeps a websocket bound to one more Subscription, of the server that client asks.
func (h *Host) Bind(key string, client Client, subscription string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.endpoints[key]
	if e == nil || e.Channel != Websocket {
		return ErrUnknown
	}
	if !slices.Contains(e.Subscriptions, subscription) {
		e.Subscriptions = append(e.Subscriptions, subscription)
	}
	e.client = client
	e.disconnect()
	h.reconnect(e)
	h.tell(e)
	return nil
}

// reconnect has a websocket connected unless it is down. Other trouble is asked for with
// each text that comes.
func (h *Host) reconnect(e *endpoint) {
	switch {
	case e.Trouble.Kind == Down:
		e.disconnect()
		e.Connection = "disconnected, on purpose"
	case e.socket == nil && h.ctx.Err() == nil:
		h.connect(e)
	}
}

// tell shows everybody how an endpoint is now.
func (h *Host) tell(e *endpoint) { h.cfg.Feed.Add("endpoint", e.shown()) }

func (e *endpoint) shown() Endpoint {
	shown := e.Endpoint
	shown.Subscriptions = slices.Clone(e.Subscriptions)
	return shown
}

func (e *endpoint) disconnect() {
	if e.socket != nil {
		e.socket.cancel()
		e.socket = nil
	}
}

// attempt says what trouble, if any, meets what comes to an endpoint now.
func (h *Host) attempt(key string) (e Endpoint, t Trouble, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := h.endpoints[key]
	if found == nil {
		return Endpoint{}, Trouble{}, false
	}
	found.attempts++
	if n := found.Trouble.Every; n < 2 || found.attempts%n == 0 {
		t = found.Trouble
	}
	return found.shown(), t, true
}
