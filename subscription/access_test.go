package subscription_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// owners is a policy by which everybody sees what is theirs: a Patient belongs to the
// user that its generalPractitioner names.
type owners struct{}

type userKey struct{}

func as(ctx context.Context, user string) context.Context {
	return context.WithValue(ctx, userKey{}, user)
}

func userOf(ctx context.Context) string {
	user, _ := ctx.Value(userKey{}).(string)
	return user
}

func (owners) AuthorizeSubscription(ctx context.Context, s *subscription.Subscription) (string, error) {
	if userOf(ctx) == "nobody" {
		return "", errors.New("who is that")
	}
	return userOf(ctx), nil
}

func (owners) AuthorizeAccess(ctx context.Context, s *subscription.Subscription, a subscription.Access) (bool, error) {
	switch userOf(ctx) {
	case "admin":
		return true, nil
	case "auditor":
		return a == subscription.AccessRead, nil
	case "broken":
		return false, errors.New("the policy server is away")
	case "panicking":
		panic("the host's mistake")
	}
	return s.Owner == userOf(ctx), nil
}

func (owners) AuthorizeEvent(_ context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	verdicts := make([]subscription.Verdict, len(subs))
	for i, s := range subs {
		if bytes.Contains(focus, []byte(`"Practitioner/`+s.Owner+`"`)) {
			verdicts[i] = subscription.Allow
		}
	}
	return verdicts, nil
}

// asUser serves requests as the user that a header names.
func asUser(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(as(r.Context(), r.Header.Get("X-User"))))
	})
}

// spec: SEC-01
func TestStrangersFindNothing(t *testing.T) { // A3
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *subscription.Config) { c.Authorizer = owners{} })
		tenants := subscription.HandlerConfig{Tenant: func(r *http.Request) string { return r.Header.Get("X-Tenant") }}
		h := asUser(w.Handler(tenants))
		body := subscriptionJSON(anyPatient, set("id", "mine"), set("reason", canary))
		res, _ := call(t, h, "PUT", "/Subscription/mine", body, "Content-Type", "application/fhir+json", "X-User", "alice", "X-Tenant", "north")
		require.Equal(t, 201, res.StatusCode)
		synctest.Wait()
		tried := 0
		for _, who := range [][2]string{{"bob", "north"}, {"alice", "south"}, {"", "north"}, {"", ""}, {"Alice", "north"}} {
			for _, request := range [][2]string{
				{"GET", "/Subscription/%"}, {"HEAD", "/Subscription/%"}, {"DELETE", "/Subscription/%"}, {"PUT", "/Subscription/%"},
				{"GET", "/Subscription/%/$status"}, {"GET", "/Subscription/%/$events"}, {"POST", "/Subscription/%/$events"}, {"GET", "/Subscription/%/$events?content=empty"},
				{"POST", "/Subscription/%/$resend"}, {"GET", "/Subscription/%/_history"}, {"GET", "/Subscription/%/_history/1"}, {"PATCH", "/Subscription/%"},
			} {
				answers := [2]string{}
				for i, id := range []string{"mine", "none"} {
					text := ""
					if request[0] == "PUT" {
						if who[1] != "north" || id == "none" {
							continue // a new Subscription is created, of their own
						}
						text = subscriptionJSON(anyPatient, set("id", id))
					}
					contentType := "application/fhir+json"
					if request[0] == "PATCH" {
						text, contentType = `[{"op":"test","path":"/reason","value":"x"}]`, "application/json-patch+json"
					}
					res, answer := call(t, h, request[0], strings.ReplaceAll(request[1], "%", id), text,
						"Content-Type", contentType, "X-User", who[0], "X-Tenant", who[1])
					require.Equal(t, 404, res.StatusCode, "%s as %s", request, who)
					if answer.Exists() {
						answers[i] = string(answer.Raw())
					}
					tried++
				}
				if answers[0] != "" && answers[1] != "" {
					require.Equal(t, answers[1], answers[0], "nobody can tell a stranger's from none")
				}
			}
			for _, list := range []string{"/Subscription", "/Subscription?_id=mine", "/Subscription/$status", "/Subscription/$status?id=mine"} {
				res, answer := call(t, h, "GET", list, "", "X-User", who[0], "X-Tenant", who[1])
				require.Equal(t, 200, res.StatusCode)
				require.NotContains(t, string(answer.Raw()), "Subscription/mine", "%s as %s", list, who)
				require.NotContains(t, string(answer.Raw()), canary)
				require.Zero(t, answer.Get("entry").Len(), "%s as %s", list, who)
				tried++
			}
			res, _ = call(t, h, "DELETE", "/Subscription?url=https://subscriber.example.org/hook", "", "X-User", who[0], "X-Tenant", who[1])
			require.Equal(t, 204, res.StatusCode, "nothing of theirs is there")
			tried++
		}
		get := func(path, user string) int {
			res, _ := call(t, h, "GET", path, "", "X-User", user, "X-Tenant", "north")
			return res.StatusCode
		}
		require.Equal(t, 200, get("/Subscription/mine", "alice"))
		require.Equal(t, 200, get("/Subscription/mine/$events", "admin"))
		require.Equal(t, 200, get("/Subscription/mine/$status", "auditor"))
		require.Equal(t, 404, get("/Subscription/mine/$events", "auditor"))
		for _, user := range []string{"broken", "panicking"} {
			for _, path := range []string{"/Subscription/mine", "/Subscription", "/Subscription/$status", "/Subscription/mine/$events"} {
				require.Equal(t, 500, get(path, user))
			}
		}
		t.Logf("A3 requests=%d leaked=0", tried)
	})
}

// Who takes a Subscription over, by the host's leave, gets what they may see, after
// their own endpoint has been verified, and the former owner's endpoint gets nothing.
// spec: SEC-01, LIFE-20
func TestSubscriptionChangesHands(t *testing.T) { // A8
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		w := newWorld(t, func(c *subscription.Config) { c.Store, c.Authorizer = store, owners{} })
		patientOf := func(id, user string) subscription.ResourceChange {
			return subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(
				`{"resourceType":"Patient","id":"` + id + `","generalPractitioner":[{"reference":"Practitioner/` + user + `"}]}`)}
		}
		_, _, err := w.Update(as(t.Context(), "alice"), "", "s", json.RawMessage(subscriptionJSON(anyPatient, set("id", "s"))), "")
		require.NoError(t, err)
		synctest.Wait()
		w.peer.answerWith(func(_ context.Context, _ int, a attempt) error {
			if a.Type == notification.EventNotification {
				return errRefused
			}
			return nil
		})
		require.NoError(t, w.OnResourceChange(t.Context(), patientOf("of-alice", "alice"), patientOf("of-bob", "bob")))
		time.Sleep(time.Second)
		for _, user := range []string{"bob", "nobody"} {
			_, _, err = w.Update(as(t.Context(), user), "", "s", json.RawMessage(subscriptionJSON(anyPatient, set("id", "s"))), "")
			require.ErrorIs(t, err, subscription.ErrNotFound, "it is Alice's")
		}
		handshakes := len(w.peer.seen(notification.Handshake))
		_, _, err = w.Update(as(t.Context(), "admin"), "", "s", json.RawMessage(subscriptionJSON(anyPatient, set("id", "s"), endpoint("admin.example.org"))), "")
		require.NoError(t, err)
		before := len(w.peer.seen(notification.EventNotification))
		w.peer.answerWith(nil)
		require.NoError(t, w.OnResourceChange(t.Context(), patientOf("later-of-alice", "alice"), patientOf("of-admin", "admin")))
		time.Sleep(time.Hour)
		require.Greater(t, len(w.peer.seen(notification.Handshake)), handshakes, "verified anew")
		after := w.peer.seen(notification.EventNotification)[before:]
		require.Equal(t, []int64{1, 2}, numbers(after), "no number is lost")
		for _, a := range after {
			require.Contains(t, a.target.Endpoint, "admin.example.org")
			require.NotContains(t, string(a.body), "of-alice", "what was Alice's to see")
		}
		require.Contains(t, string(after[1].body), "of-admin")
		require.NoError(t, w.stop())

		w.start(func(c *subscription.Config) { c.Store, c.Authorizer = store, owners{} }) // the owner is kept
		require.NoError(t, w.OnResourceChange(t.Context(), patientOf("of-alice-again", "alice"), patientOf("of-admin-again", "admin")))
		time.Sleep(time.Minute)
		last := w.peer.seen(notification.EventNotification)
		require.Equal(t, []int64{3}, numbers(last[before+2:]))
		require.Contains(t, string(last[len(last)-1].body), "of-admin-again")
		require.NoError(t, w.stop())
	})
}
