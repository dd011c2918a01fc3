package clienthost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/coder/websocket"
)

// socket keeps Subscriptions bound over a websocket (docs/conformance.md, Channels). It shows each
// text that comes, which package notification/receiver/websocket, made for subscribers
// that want the events only, keeps to itself.
type socket struct {
	host   *Host
	key    string
	client Client
	ids    []string
	cancel context.CancelFunc
}

// reconnectAfter is how long a connection that ended is mourned.
const reconnectAfter = time.Second

// connect begins to keep the endpoint's Subscriptions bound. Host.mu is held.
func (h *Host) connect(e *endpoint) {
	ctx, cancel := context.WithCancel(h.ctx)
	s := &socket{host: h, key: e.Key, client: e.client, ids: slices.Clone(e.Subscriptions), cancel: cancel}
	e.socket = s
	h.running.Add(1)
	go func() {
		defer h.running.Done()
		defer cancel()
		s.run(ctx)
	}()
}

// run connects, again and again, until ctx ends.
func (s *socket) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.live(ctx)
		if ctx.Err() != nil {
			return
		}
		s.state("not connected: " + err.Error())
		pause := time.NewTimer(reconnectAfter)
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		pause.Stop()
	}
}

// live is one connection. It always ends with an error, in words for people.
func (s *socket) live(ctx context.Context) error {
	s.state("connecting")
	token, address, expires, err := s.token(ctx)
	if err != nil {
		return err
	}
	if !expires.IsZero() { // what is bound by it ends with it, so it is replaced in time
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, max(time.Until(expires)/2, reconnectAfter))
		defer cancel()
	}
	opening, opened := context.WithTimeout(ctx, receiptTime)
	conn, _, err := websocket.Dial(opening, address, nil)
	opened()
	if err != nil {
		return errors.New("the server's websocket does not open")
	}
	defer conn.CloseNow()
	conn.SetReadLimit(maxBody)
	if err := conn.Write(ctx, websocket.MessageText, []byte("bind-with-token "+token)); err != nil {
		return errors.New("the server closed the connection")
	}
	s.state("connected")
	for {
		_, text, err := conn.Read(ctx)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return errors.New("its token is renewed")
		}
		if err != nil || ctx.Err() != nil { // what comes after it was disconnected has not come
			return errors.New("the server closed the connection")
		}
		at := time.Now()
		_, trouble, known := s.host.attempt(s.key)
		if !known {
			return errors.New("the endpoint is deleted")
		}
		a := Arrival{At: at, Endpoint: s.key, Channel: Websocket, Taken: true, Answer: "nothing: a websocket has no answers"}
		switch trouble.Kind {
		case Slow:
			if !trouble.wait(ctx) {
				return ctx.Err()
			}
			a.At = time.Now()
		case Lose:
			a.Taken, a.Answer = false, "nothing, and it was thrown away"
		}
		s.host.arrive(a, text)
	}
}

// token asks for what binds ids (OP-14).
func (s *socket) token(ctx context.Context) (token, address string, expires time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, receiptTime)
	defer cancel()
	resp, err := s.client.Get(ctx, "Subscription/$get-ws-binding-token", url.Values{"id": s.ids})
	if err != nil {
		return "", "", expires, errors.New("the server does not answer")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", "", expires, fmt.Errorf("the server gives no token (status %d)", resp.StatusCode)
	}
	var answer struct {
		Parameter []struct {
			Name          string    `json:"name"`
			ValueString   string    `json:"valueString"`
			ValueURL      string    `json:"valueUrl"`
			ValueDateTime time.Time `json:"valueDateTime"`
		} `json:"parameter"`
	}
	if json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer) != nil {
		return "", "", expires, errors.New("the server's token can't be read")
	}
	for _, p := range answer.Parameter {
		switch p.Name {
		case "token":
			token = p.ValueString
		case "websocket-url":
			address = p.ValueURL
		case "expiration":
			expires = p.ValueDateTime
		}
	}
	if token == "" || address == "" {
		return "", "", expires, errors.New("the server's answer has no token or no websocket-url")
	}
	return token, address, expires, nil
}

// state shows everybody how the connection is.
func (s *socket) state(words string) {
	s.host.mu.Lock()
	defer s.host.mu.Unlock()
	if e := s.host.endpoints[s.key]; e != nil && e.socket == s && e.Connection != words {
		e.Connection = words
		s.host.tell(e)
	}
}
