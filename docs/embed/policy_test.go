package embed_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/carillon-fhir/carillon/subscription"
)

type userKey struct{}

func userOf(ctx context.Context) string {
	user, _ := ctx.Value(userKey{}).(string)
	return user
}

// authenticated is the host's own middleware: here, a token is a user's name.
func authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || user == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, user)))
	})
}

// policy lets users see the patients of their practice, and their own Subscriptions.
type policy struct{}

func (policy) AuthorizeSubscription(ctx context.Context, _ *subscription.Subscription) (owner string, err error) {
	if userOf(ctx) == "" {
		return "", errors.New("nobody is logged in")
	}
	return userOf(ctx), nil
}

func (policy) AuthorizeAccess(ctx context.Context, s *subscription.Subscription, _ subscription.Access) (bool, error) {
	return userOf(ctx) != "" && s.Owner == userOf(ctx), nil
}

// AuthorizeEvent is called in the background: ctx has no user. s.Owner is what
// AuthorizeSubscription has returned.
func (policy) AuthorizeEvent(_ context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	verdicts := make([]subscription.Verdict, len(subs)) // Deny
	var patient struct {
		ManagingOrganization struct{ Reference string }
	}
	if json.Unmarshal(focus, &patient) != nil {
		return verdicts, nil // nobody sees what can't be judged; an error would hold up everybody
	}
	for i, s := range subs {
		if patient.ManagingOrganization.Reference == "Organization/"+s.Owner {
			verdicts[i] = subscription.Allow
		}
	}
	return verdicts, nil
}
