package subscription

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// BindingToken is the answer of the operation $get-ws-binding-token.
type BindingToken struct {
	Token         string    // a secret, good for one bind
	Expiration    time.Time // of the token, and of what is bound by it
	Subscriptions []string  // ids
	URL           string    // where to connect
}

// maxBound is the most Subscriptions that one token or one Session binds.
const maxBound = 1000

// ticket is what a token stands for. The caller's rights were asked for when it was
// issued: who connects may be a browser, which can't say who it is but by the token.
type ticket struct {
	Channel       string      `json:"channel"`
	Subscriptions []ticketFor `json:"subscriptions"`
}

type ticketFor struct {
	Key   int64  `json:"key"`
	ID    string `json:"id"`
	Owner string `json:"owner,omitempty"`
}

// BindingToken is the operation $get-ws-binding-token (OP-13 to OP-15): a token
// by which a connection, to whichever node, is bound once to the given Subscriptions;
// without ids, to all active ones of a Connector that the caller may bind. An unknown id
// is ErrNotFound; a *Refusal says which Subscription can't be bound, with status 403 if
// the caller may read it but not bind it, or with status 429 that the owner of the first
// has Config.PerOwner tokens already that nobody has used. The store keeps a hash of the
// token only.
func (e *Engine) BindingToken(ctx context.Context, tenant string, ids []string) (BindingToken, error) {
	var t ticket
	var err error
	if len(ids) > 0 {
		t, err = e.ticketFor(ctx, tenant, ids)
	} else {
		t, err = e.ticketForAll(ctx, tenant)
	}
	if err != nil {
		return BindingToken{}, err
	}
	if len(t.Subscriptions) > maxBound {
		return BindingToken{}, refuse(http.StatusUnprocessableEntity, "Parameters.parameter", "too-costly", "There are too many Subscriptions for one token")
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	answer := BindingToken{
		Token:      base64.RawURLEncoding.EncodeToString(secret),
		Expiration: e.now().Add(e.cfg.BindingTime).UTC().Truncate(time.Second),
		URL:        e.channels[t.Channel].(Connector).URL(),
	}
	for _, one := range t.Subscriptions {
		answer.Subscriptions = append(answer.Subscriptions, one.ID)
	}
	data, _ := json.Marshal(t) // strings and numbers: can't fail
	owner := t.Subscriptions[0].Owner
	done, err := e.tokens.admit(ctx, tenant, owner)
	if err != nil {
		return BindingToken{}, err
	}
	defer done()
	return answer, e.cfg.Store.PutToken(ctx, Token{Tenant: tenant, Hash: hashOf(answer.Token), Owner: owner, Data: data, Until: answer.Expiration})
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ticketFor is about the Subscriptions that the caller names.
func (e *Engine) ticketFor(ctx context.Context, tenant string, ids []string) (t ticket, err error) {
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		r, err := e.find(ctx, tenant, id, AccessRead)
		if err != nil {
			return ticket{}, err
		}
		permitted, err := e.permits(ctx, &r, AccessBind)
		if err != nil {
			return ticket{}, err
		}
		if !permitted {
			return ticket{}, refuse(http.StatusForbidden, "Subscription", "forbidden", "The Subscription may be read but not bound")
		}
		channelType, ok := e.bindable(&r)
		switch {
		case !ok:
			return ticket{}, refuse(http.StatusBadRequest, "Subscription.channel.type", "not-supported", "The Subscription's channel is none that is connected to")
		case r.Status.ended() || r.Status == StatusError:
			return ticket{}, refuse(http.StatusUnprocessableEntity, "Subscription.status", "business-rule", "The Subscription is "+string(r.Status))
		case t.Channel != "" && t.Channel != channelType:
			return ticket{}, refuse(http.StatusBadRequest, "Subscription.channel.type", "not-supported", "The Subscriptions have different channels")
		}
		t.add(channelType, &r)
	}
	return t, nil
}

// ticketForAll is about all of the caller's. Of several Connectors the first one's count.
func (e *Engine) ticketForAll(ctx context.Context, tenant string) (t ticket, err error) {
	for after := int64(0); ; {
		page, err := e.cfg.Store.ListSubscriptions(ctx, ListQuery{Tenant: tenant, After: after, Limit: pageOfSubscriptions})
		if err != nil {
			return ticket{}, err
		}
		for i := range page {
			r := &page[i]
			after = r.Key
			channelType, ok := e.bindable(r)
			if !ok || r.Status != StatusActive || t.Channel != "" && t.Channel != channelType {
				continue
			}
			for _, access := range []Access{AccessRead, AccessBind} {
				if ok, err = e.permits(ctx, r, access); err != nil {
					return ticket{}, err
				} else if !ok {
					break
				}
			}
			if ok {
				t.add(channelType, r)
			}
		}
		if len(page) < pageOfSubscriptions {
			break
		}
	}
	if len(t.Subscriptions) == 0 {
		return ticket{}, refuse(http.StatusNotFound, "", "not-found", "There is no Subscription that could be bound")
	}
	return t, nil
}

func (t *ticket) add(channelType string, r *Record) {
	t.Channel = channelType
	t.Subscriptions = append(t.Subscriptions, ticketFor{r.Key, r.ID, r.Owner})
}

// bindable returns the channel type of a Subscription, if it is that of a Connector.
func (e *Engine) bindable(r *Record) (channelType string, ok bool) {
	s, err := e.served.restore(e, r)
	if err != nil {
		return "", false
	}
	return s.ChannelType, s.alone > 0
}

// take shows a token, which is then used up.
func (e *Engine) take(ctx context.Context, tenant, token, channelType string) (t ticket, until time.Time, err error) {
	stored, err := e.cfg.Store.TakeToken(ctx, tenant, hashOf(token), e.now())
	if errors.Is(err, ErrNotFound) {
		return ticket{}, time.Time{}, ErrToken
	}
	if err != nil {
		return ticket{}, time.Time{}, err
	}
	if err := json.Unmarshal(stored.Data, &t); err != nil || t.Channel != channelType {
		return ticket{}, time.Time{}, ErrToken
	}
	return t, stored.Until, nil
}
