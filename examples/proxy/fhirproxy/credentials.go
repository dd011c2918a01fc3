package fhirproxy

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// credentials is the Authorizer without Config.InsecureAllowAll: the upstream decides. Who
// wants a Subscription must be let by it to search each resource type that the topic is
// about, with the very headers of the request; what they made is theirs alone; and they
// are told ids, at most: the resource itself they read with their own right.
//
// Failure policy: an event's id is told without asking, since a subscriber's credentials
// are never kept. Where ids are secret, subscriptions are for trusted systems only.
type credentials struct{ proxy *Proxy }

// caller is who sends a request.
type caller struct {
	header http.Header

	mu    sync.Mutex
	asked map[string]error // by resource type
}

var errDenied = errors.New("fhirproxy: the upstream does not let this client read what the topic is about, or it asks for whole resources")

// AuthorizeSubscription implements subscription.Authorizer.
func (c credentials) AuthorizeSubscription(ctx context.Context, s *subscription.Subscription) (owner string, err error) {
	if s.Content == notification.FullResource || s.Classic != "" && s.ContentType != "" {
		return "", errDenied
	}
	who, _ := ctx.Value(callerKey{}).(*caller)
	if err := c.mayRead(ctx, who, s); err != nil {
		return "", err
	}
	return who.owner(), nil
}

// AuthorizeAccess implements subscription.Authorizer.
func (c credentials) AuthorizeAccess(ctx context.Context, s *subscription.Subscription, _ subscription.Access) (bool, error) {
	who, _ := ctx.Value(callerKey{}).(*caller)
	if who == nil || who.owner() != s.Owner {
		return false, nil
	}
	switch err := c.mayRead(ctx, who, s); {
	case errors.Is(err, errDenied):
		return false, nil
	case err != nil:
		return false, err
	}
	return true, nil
}

// AuthorizeEvent implements subscription.Authorizer.
func (c credentials) AuthorizeEvent(_ context.Context, _ json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	verdicts := make([]subscription.Verdict, len(subs))
	for i := range verdicts {
		verdicts[i] = subscription.Allow
	}
	return verdicts, nil
}

// mayRead asks the upstream, once for a request and resource type.
func (c credentials) mayRead(ctx context.Context, who *caller, s *subscription.Subscription) error {
	types := c.proxy.offered[s.Topic]
	if s.Classic != "" {
		types = []string{s.Classic}
	}
	if who == nil || len(types) == 0 {
		return errDenied
	}
	for _, t := range types {
		if err := c.ask(ctx, who, t); err != nil {
			return err
		}
	}
	return nil
}

func (c credentials) ask(ctx context.Context, who *caller, resourceType string) error {
	who.mu.Lock()
	defer who.mu.Unlock()
	if err, ok := who.asked[resourceType]; ok {
		return err
	}
	_, err := c.proxy.upstream.like(who.header).get(ctx, resourceType+"?_count=0")
	if refused(err) {
		err = errDenied
	}
	if who.asked == nil {
		who.asked = map[string]error{}
	}
	who.asked[resourceType] = err
	return err
}

// owner names a caller: by who a JSON Web Token is about, as tokens are renewed, else by
// the credentials themselves. The upstream has accepted them when that counts. It is ""
// for one without.
func (c *caller) owner() string {
	secret := c.header.Get("Authorization") + "\x00" + c.header.Get("Cookie")
	if secret == "\x00" {
		return ""
	}
	if parts := strings.Split(c.header.Get("Authorization"), "."); len(parts) == 3 && strings.HasPrefix(parts[0], "Bearer ") {
		var claims struct {
			Iss, Sub, Azp string
			ClientID      string `json:"client_id"`
		}
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err == nil && json.Unmarshal(payload, &claims) == nil && claims.Sub != "" {
			secret = strings.Join([]string{"jwt", claims.Iss, claims.Sub, claims.Azp, claims.ClientID}, "\x00")
		}
	}
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// typesOf lists the resource types of each topic by its canonical, with and without
// version. A topic about all types has none: the upstream can't be asked about all.
func typesOf(topics []*topic.Topic) map[string][]string {
	all := map[string][]string{}
	for _, t := range topics {
		var types []string
		for _, trigger := range t.ResourceTriggers {
			types = append(types, trigger.Resource)
		}
		for _, trigger := range t.EventTriggers {
			types = append(types, trigger.Resource)
		}
		for _, one := range types {
			if one == "Resource" || one == "DomainResource" {
				types = nil
				break
			}
		}
		all[t.Canonical()] = append(all[t.Canonical()], types...)
		if t.Version != "" {
			all[t.URL] = append(all[t.URL], types...)
		}
	}
	return all
}
