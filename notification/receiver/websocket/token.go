package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification/receiver"
)

// token is the answer of the operation $get-ws-binding-token (OP-14).
type token struct {
	secret  string
	url     string
	expires time.Time // zero: the server does not say
}

// soonest and latest bound when a token is renewed.
const (
	soonest = time.Second
	latest  = 24 * time.Hour
)

// renewal is when half of what is left of the token's life has passed.
func (t token) renewal() time.Duration {
	if t.expires.IsZero() {
		return latest
	}
	return min(max(time.Until(t.expires)/2, soonest), latest)
}

// token asks for one that stands for all subscriptions.
func (c *Client) token(ctx context.Context) (token, error) {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	address := c.cfg.BaseURL + "/Subscription/$get-ws-binding-token?" + url.Values{"id": c.cfg.Subscriptions}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return token{}, errors.New("websocket: the request for a token can't be made")
	}
	req.Header.Set("Accept", "application/fhir+json")
	resp, err := c.cfg.Client.Do(req)
	if err != nil {
		var withURL *url.Error
		if errors.As(err, &withURL) { // it names the subscriptions
			err = withURL.Err
		}
		return token{}, fmt.Errorf("websocket: the server does not answer: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return token{}, fmt.Errorf("%w: status %d for a token", receiver.ErrRefused, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return token{}, errors.New("websocket: the token did not arrive whole")
	}
	return readToken(body)
}

func readToken(body []byte) (t token, err error) {
	doc, err := fhirpath.Parse(body)
	if err != nil {
		return token{}, errors.New("websocket: the token can't be read")
	}
	for p := range doc.Root().Get("parameter").Elements() {
		switch p.Get("name").Text() {
		case "token":
			t.secret = p.Get("valueString").Text()
		case "websocket-url":
			t.url = p.Get("valueUrl").Text()
		case "expiration":
			t.expires, _ = time.Parse(time.RFC3339Nano, p.Get("valueDateTime").Text())
		}
	}
	at, err := url.Parse(t.url)
	if err != nil || at.Host == "" || at.Scheme != "ws" && at.Scheme != "wss" || t.secret == "" {
		return token{}, errors.New("websocket: the server gives no token, or no websocket-url")
	}
	return t, nil
}
