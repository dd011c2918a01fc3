package egress

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// tokenKey is what an access token was got for. Endpoints don't share tokens: each
// can read the one that it is sent.
type tokenKey struct {
	host                      string // of the endpoint
	tokenURL, clientID, scope string
}

// tokenSlot holds the token of one key.
type tokenSlot struct {
	turn chan struct{} // of one: who asks the token endpoint

	mu    sync.Mutex
	value string    // "": none
	until time.Time // when to ask for a new one
}

func (s *tokenSlot) get(now time.Time) (value string, good bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value, s.value != "" && now.Before(s.until)
}

func (s *tokenSlot) put(value string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.until = value, until
}

// drop forgets a token that the endpoint refused, unless there is a new one already.
func (s *tokenSlot) drop(refused string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value == refused {
		s.value = ""
	}
}

const (
	maxTokens = 1 << 8 // of one tenant, before those of no more use are dropped
	// What a server that says nothing of a token's life is taken to mean, and the most
	// that it is believed.
	defaultTokenLife = 5 * time.Minute
	maxTokenLife     = 24 * time.Hour
)

// token returns the slot's access token and whether it is new. It is kept until
// shortly before it expires. Of several attempts that need one, one asks for it.
func (t *tenant) token(ctx context.Context, slot *tokenSlot, o *OAuth) (value string, fresh bool, err error) {
	if value, good := slot.get(time.Now()); good {
		return value, false, nil
	}
	select {
	case slot.turn <- struct{}{}:
		defer func() { <-slot.turn }()
	case <-ctx.Done():
		return "", false, noToken(classify(ctx.Err()))
	}
	now := time.Now()
	if value, good := slot.get(now); good {
		return value, true, nil // another attempt got it meanwhile
	}
	value, life, err := t.requestToken(ctx, o, now)
	if err != nil {
		return "", false, err
	}
	// Early enough that it is still good when the endpoint reads it.
	slot.put(value, now.Add(life-min(life/10, 30*time.Second)))
	return value, true, nil
}

func (t *tenant) slot(key tokenKey) *tokenSlot {
	t.mu.Lock()
	defer t.mu.Unlock()
	slot := t.tokens[key]
	if slot == nil {
		if len(t.tokens) >= maxTokens {
			clear(t.tokens) // who waits in one of them finishes there
		}
		slot = &tokenSlot{turn: make(chan struct{}, 1)}
		t.tokens[key] = slot
	}
	return slot
}

// requestToken asks the token endpoint for a token and how long it is good.
func (t *tenant) requestToken(ctx context.Context, o *OAuth, now time.Time) (value string, life time.Duration, err error) {
	endpoint, problem := t.sender.parseEndpoint(o.TokenURL)
	if problem != "" {
		return "", 0, errCredentials
	}
	form, header, err := o.form(now)
	if err != nil {
		return "", 0, err
	}
	response, err := t.request(ctx, http.MethodPost, endpoint, header, []byte(form.Encode()))
	if err != nil {
		return "", 0, noToken(err)
	}
	defer drain(response.Body)
	switch status := response.StatusCode; status {
	case http.StatusOK:
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return "", 0, subscription.Permanent(noToken(StatusError(status)))
	default:
		return "", 0, noToken(StatusError(status))
	}
	var answer struct {
		AccessToken string      `json:"access_token"`
		TokenType   string      `json:"token_type"`
		ExpiresIn   json.Number `json:"expires_in"` // seconds; some servers write a string
	}
	body, err := readAll(response.Body)
	if err != nil {
		return "", 0, noToken(err)
	}
	if json.Unmarshal(body, &answer) != nil || !strings.EqualFold(answer.TokenType, "bearer") || !isBearer(answer.AccessToken) {
		return "", 0, noToken(errOther)
	}
	life = defaultTokenLife
	if seconds, err := answer.ExpiresIn.Float64(); err == nil && seconds > 0 {
		life = time.Duration(min(seconds, maxTokenLife.Seconds()) * float64(time.Second))
	}
	return answer.AccessToken, life, nil
}

// isBearer reports whether a token can stand in a header (RFC 6750, 2.1), and in one
// that endpoints take.
func isBearer(token string) bool {
	return token != "" && len(token) <= maxHeadersSize && isText(token) && !strings.Contains(token, " ")
}
