// Package websocket takes the notifications of subscriptions whose channel is a websocket
// (docs/conformance.md, Channels) and hands them to a receiver.Receiver:
//
//	client, err := websocket.New(websocket.Config{
//		BaseURL: "https://fhir.example.org/r4", Client: authenticated,
//		Receiver: r, Subscriptions: []string{"17"},
//	})
//	err = client.Run(ctx)
//
// Run asks for a token, connects, binds, renews the token before it runs out, and
// connects again, at ever longer intervals, whenever the connection ends. Each binding
// begins with a handshake that says how many events there are, so what was missed in
// between is fetched by the Receiver's Source. Nothing is acknowledged on a websocket:
// a Receiver without a Source can only tell what is lost.
package websocket

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/notification/receiver"
)

// Config is what a Client is made of. The zero value of every field that is not marked as
// required is a good choice.
type Config struct {
	BaseURL       string             // required: the server's FHIR base
	Subscriptions []string           // required: ids of the Subscriptions to bind
	Receiver      *receiver.Receiver // required

	// Client asks for tokens and sees to what the server wants of such requests; nil: one
	// that waits for 30 seconds.
	Client *http.Client

	// Dial are headers for the request that opens the websocket, which needs none as a rule:
	// the token is what counts.
	Dial http.Header

	MaxBytes int           // largest notification taken; default 32 MB
	Ping     time.Duration // how often the connection is tested; default 30 s

	// OnError is told why a connection ended or could not be had, before the next attempt;
	// nil: nobody is.
	OnError func(err error)
}

// Client keeps subscriptions bound.
type Client struct{ cfg Config }

// New checks the configuration; it contacts nobody.
func New(cfg Config) (*Client, error) {
	var errs []error
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		errs = append(errs, errors.New("websocket: Config.BaseURL must be an absolute http or https URL"))
	}
	if len(cfg.Subscriptions) == 0 {
		errs = append(errs, errors.New("websocket: Config.Subscriptions is required"))
	}
	if cfg.Receiver == nil {
		errs = append(errs, errors.New("websocket: Config.Receiver is required"))
	}
	cfg.BaseURL = strings.TrimRight(cfg.BaseURL, "/")
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: 30 * time.Second}
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 32 << 20
	}
	if cfg.Ping == 0 {
		cfg.Ping = 30 * time.Second
	}
	return &Client{cfg}, errors.Join(errs...)
}

// The waits between attempts to connect double from the first to the longest, and vary by
// half, so that the clients of a server that was restarted don't come in step.
const (
	firstWait   = time.Second
	longestWait = time.Minute
)

// Run keeps the subscriptions bound until ctx ends; then it returns nil.
func (c *Client) Run(ctx context.Context) error {
	for wait := firstWait; ctx.Err() == nil; wait = min(2*wait, longestWait) {
		bound, err := c.connection(ctx)
		if ctx.Err() != nil {
			break
		}
		if c.cfg.OnError != nil {
			c.cfg.OnError(err)
		}
		if bound {
			wait = firstWait
		}
		pause := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
	return nil
}

// connection is one life of a connection. It ends with an error; bound says that
// notifications came over it.
func (c *Client) connection(ctx context.Context) (bound bool, err error) {
	t, err := c.token(ctx)
	if err != nil {
		return false, err
	}
	opening, opened := context.WithTimeout(ctx, openTime) // of the library, ctx bounds the opening only
	conn, _, err := websocket.Dial(opening, t.url, &websocket.DialOptions{HTTPClient: withoutTimeout(c.cfg.Client), HTTPHeader: c.cfg.Dial})
	opened()
	if err != nil {
		return false, errors.New("websocket: the connection was refused") // the library's text holds the URL
	}
	defer conn.CloseNow()
	conn.SetReadLimit(int64(c.cfg.MaxBytes))
	if err := bind(ctx, conn, t); err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		cancel(c.keep(ctx, conn, t))
	}()
	defer func() {
		cancel(nil)
		<-kept
	}()
	for {
		_, frame, err := conn.Read(ctx)
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return bound, err
		}
		list, err := notification.ParseAll(frame)
		if err != nil {
			continue // an answer of the server's own kind, such as a pong in JSON
		}
		for _, n := range list {
			if err := c.cfg.Receiver.Receive(ctx, n); err != nil && !errors.Is(err, receiver.ErrUnexpected) {
				return bound, err // the handshake of the next connection tells that it is missing
			}
		}
		bound = true
	}
}

// keep tests the connection and renews the binding, until one of them fails.
func (c *Client) keep(ctx context.Context, conn *websocket.Conn, t token) error {
	pings := time.NewTicker(c.cfg.Ping)
	defer pings.Stop()
	renewal := time.NewTimer(t.renewal())
	defer renewal.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pings.C:
			answer, cancel := context.WithTimeout(ctx, c.cfg.Ping)
			err := conn.Ping(answer)
			cancel()
			if err != nil {
				return errors.New("websocket: the server does not answer a ping")
			}
		case <-renewal.C:
			renewed, err := c.token(ctx)
			if err == nil && renewed.url != t.url { // CH-WS-07
				return errors.New("websocket: the server is to be connected to elsewhere")
			}
			if err == nil {
				err = bind(ctx, conn, renewed)
			}
			if err != nil {
				return err
			}
			t = renewed
			renewal.Reset(t.renewal())
		}
	}
}

// bind writes the text of the guide (CH-WS-02).
// openTime is how long the server may take for what opens and binds a connection.
const openTime = 30 * time.Second

func bind(ctx context.Context, conn *websocket.Conn, t token) error {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	return conn.Write(ctx, websocket.MessageText, []byte("bind-with-token "+t.secret))
}

// withoutTimeout is client for a connection that lasts.
func withoutTimeout(client *http.Client) *http.Client {
	lasting := *client
	lasting.Timeout = 0
	return &lasting
}
