package subscription

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Why a Subscription's status is still requested, or off: its receiver was asked and
// has not answered, or has said no.
const (
	errorUnconfirmed = "not-confirmed"
	errorDeclined    = "declined"
)

// confirmationTime is how long the receiver of a Confirmer's handshake may take.
const confirmationTime = 7 * 24 * time.Hour

// confirmationOwner is whose the tokens of handshakes are: they must not count as the
// binding tokens of Subscriptions without an owner, which have a bound.
const confirmationOwner = "urn:carillon:confirmation"

// confirmation is what a token of a handshake stands for.
type confirmation struct {
	ID  string `json:"id"`
	Key int64  `json:"key"`
	Of  string `json:"of"` // what the receiver was asked about
}

// Confirm activates the Subscription whose handshake carried the token, if nothing about
// its topic, owner and channel has changed since (CH-EML-06). Anybody who has
// the token may call it, on any node. Its error is ErrNotFound for a token that is not
// known, was used, is older than 7 days, or asked about what is no longer so; any other
// comes from the store, and the token stays good.
func (e *Engine) Confirm(ctx context.Context, token string) error {
	return e.answered(ctx, token, (*Record).confirm)
}

// Decline turns the Subscription off whose handshake carried the token: its receiver
// wants nothing of it. Its errors are Confirm's.
func (e *Engine) Decline(ctx context.Context, token string) error {
	return e.answered(ctx, token, (*Record).decline)
}

// confirm reports whether there is anything to store, or that it is too late.
func (r *Record) confirm(now time.Time) (changed bool, err error) {
	switch r.Status {
	case StatusActive: // an earlier handshake's token came first
		return false, nil
	case StatusRequested:
		r.Status, r.Error, r.Due = StatusActive, "", now // the deliverer works out what is due when
		return true, nil
	}
	return false, ErrNotFound
}

func (r *Record) decline(time.Time) (changed bool, err error) {
	if r.Status.ended() {
		return false, nil
	}
	r.Status, r.Error, r.Spec, r.Due = StatusOff, errorDeclined, nil, time.Time{}
	return true, nil
}

// answered takes the token and does what its bearer says.
//
// Failure policy: who dies between the two has used the token up; the client then asks
// for status requested again, and another handshake is sent.
func (e *Engine) answered(ctx context.Context, token string, say func(*Record, time.Time) (bool, error)) error {
	tenant, hash, ok := parseConfirmation(token)
	if !ok {
		return ErrNotFound
	}
	taken, err := e.cfg.Store.TakeToken(ctx, tenant, hash, e.now())
	if err != nil {
		return err
	}
	var asked confirmation
	if err := json.Unmarshal(taken.Data, &asked); err != nil {
		return ErrNotFound
	}
	for {
		if err = e.answer(ctx, tenant, asked, say); !errors.Is(err, ErrConflict) {
			break // else the deliverer or a client came first: decide again
		}
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		_ = e.cfg.Store.PutToken(context.WithoutCancel(ctx), taken) // for another try
	}
	return err
}

func (e *Engine) answer(ctx context.Context, tenant string, asked confirmation, say func(*Record, time.Time) (bool, error)) error {
	r, err := e.cfg.Store.GetSubscription(ctx, tenant, asked.ID)
	if err != nil {
		return err
	}
	if len(r.Resource) == 0 {
		return errUnsealed
	}
	s, err := e.restore(r)
	if err != nil || r.Key != asked.Key || askedAbout(s) != asked.Of {
		return ErrNotFound
	}
	now, before := e.now().UTC().Truncate(time.Microsecond), r.Status
	changed, err := say(&r, now)
	if !changed {
		return err
	}
	r.UpdatedAt, r.Attempt, r.FailingSince, r.Eager = now, 0, time.Time{}, false
	if r.Announce = e.cfg.OnStatus != nil; r.Announce {
		r.Due = now
	}
	stored, err := e.cfg.Store.PutSubscription(ctx, r, r.Revision)
	if err != nil {
		return err
	}
	e.noteStatus(ctx, tenant, stored.ID, before, stored.Status, stored.Error)
	e.flights.cut(ctx, stored.Key, stored.Revision)
	e.wake(WorkChanges)
	e.wakeHere(WorkDeliveries)
	return nil
}

// askToConfirm makes a token for a handshake, if the channel wants one for s; else "".
// Each attempt has its own: what is stored is a hash.
func (e *Engine) askToConfirm(ctx context.Context, c *Claim, s *Subscription) (token string, err error) {
	confirmer, ok := e.channels[s.ChannelType].(Confirmer)
	if !ok || !confirmer.NeedsConfirmation(s.target()) {
		return "", nil
	}
	data, err := json.Marshal(confirmation{ID: s.ID, Key: c.Key, Of: askedAbout(s)})
	if err != nil {
		return "", err
	}
	token = rand.Text()
	if s.Tenant != "" {
		token += "." + base64.RawURLEncoding.EncodeToString([]byte(s.Tenant))
	}
	_, hash, _ := parseConfirmation(token)
	return token, e.cfg.Store.PutToken(ctx, Token{
		Tenant: s.Tenant, Hash: hash, Owner: confirmationOwner, Data: data, Until: e.now().Add(confirmationTime),
	})
}

// parseConfirmation returns what a token is stored under. Its hash is no other kind of
// token's.
func parseConfirmation(token string) (tenant, hash string, ok bool) {
	secret, encoded, _ := strings.Cut(token, ".")
	name, err := base64.RawURLEncoding.DecodeString(encoded)
	sum := sha256.Sum256([]byte("confirmation:" + secret))
	return string(name), hex.EncodeToString(sum[:]), err == nil && secret != ""
}

// askedAbout tells whether a Subscription still is what its receiver was asked about.
func askedAbout(s *Subscription) string {
	all, _ := json.Marshal([]any{s.Topic, s.Classic, s.Owner, s.ChannelType, s.Endpoint, s.Headers, s.ContentType, s.Content}) // of strings
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:])
}

// awaitsConfirmation reports whether the receiver was asked and has not answered.
func awaitsConfirmation(status Status, code string) bool {
	return status == StatusRequested && code == errorUnconfirmed
}

// asked: the handshake was taken, and its receiver has to say that it wants more.
func (e *Engine) asked(s *Subscription, o Outcome) Outcome {
	o.SentAt = o.At
	o.Attempt, o.FailingSince = 0, time.Time{}
	o.Error = errorUnconfirmed
	o.Announce = e.cfg.OnStatus != nil
	return settle(s, o, time.Time{})
}
