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

	mu     sync.Mutex
	asked  map[string]error // by resource type
	forged *caller          // see proven
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
	if subject := who.subject(); subject != "" {
		if proven, err := c.proven(ctx, who, s); proven || err != nil {
			return subject, err
		}
	}
	if who.bearer() == "" { // by what else it was let is not known: its Subscriptions would be everybody's of that kind
		if err := c.mayRead(ctx, &caller{header: http.Header{}}, s); err != nil {
			return "", err
		}
	}
	return who.bearer(), nil
}

// AuthorizeAccess implements subscription.Authorizer.
func (c credentials) AuthorizeAccess(ctx context.Context, s *subscription.Subscription, _ subscription.Access) (bool, error) {
	who, _ := ctx.Value(callerKey{}).(*caller)
	if who == nil || who.bearer() != s.Owner && (s.Owner == "" || who.subject() != s.Owner) {
		return false, nil
	}
	switch err := c.mayRead(ctx, who, s); {
	case errors.Is(err, errDenied):
		return false, nil
	case err != nil:
		return false, err
	case who.bearer() == s.Owner:
		return true, nil
	}
	return c.proven(ctx, who, s)
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
	types := c.types(s)
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

func (c credentials) types(s *subscription.Subscription) []string {
	if s.Classic != "" {
		return []string{s.Classic}
	}
	return c.proxy.offered[s.Topic]
}

// proven reports whether what a token says counts with the upstream: if it lets the same
// request with another signature pass, it goes by something else, such as a cookie, or lets
// everybody read that, and anybody might have written the token. mayRead has said yes.
func (c credentials) proven(ctx context.Context, who *caller, s *subscription.Subscription) (bool, error) {
	forged := who.forge()
	if forged == nil {
		return false, nil
	}
	err := c.mayRead(ctx, forged, s)
	if errors.Is(err, errDenied) {
		return true, nil
	}
	return false, err
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

// bearer names a caller by the credentials themselves. The upstream has accepted them when
// that counts. It is "" for one without.
func (c *caller) bearer() string {
	secret := c.header.Get("Authorization") + "\x00" + c.header.Get("Cookie")
	if secret == "\x00" {
		return ""
	}
	return digest(secret)
}

// subject names a caller by who a JSON Web Token is about, as tokens are renewed; "" for one
// without. It counts only if it is proven.
func (c *caller) subject() string {
	parts := strings.Split(c.header.Get("Authorization"), ".")
	if len(parts) != 3 || !strings.HasPrefix(parts[0], "Bearer ") {
		return ""
	}
	var claims struct {
		Iss, Sub, Azp string
		ClientID      string `json:"client_id"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Sub == "" {
		return ""
	}
	return digest(strings.Join([]string{"jwt", claims.Iss, claims.Sub, claims.Azp, claims.ClientID}, "\x00"))
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// forge returns the caller with another signature of the same form; nil if there is none.
func (c *caller) forge() *caller {
	c.mu.Lock()
	defer c.mu.Unlock()
	token := c.header.Get("Authorization")
	at := strings.LastIndexByte(token, '.') + 1
	if c.forged == nil && at < len(token) {
		other := "A"
		if token[at] == 'A' {
			other = "B"
		}
		c.forged = &caller{header: c.header.Clone()}
		c.forged.header.Set("Authorization", token[:at]+other+token[at+1:])
	}
	return c.forged
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
