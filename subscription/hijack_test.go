package subscription_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// doorkeeper notes for whom and what AuthorizeSubscription was asked.
type doorkeeper struct {
	owners
	mu    sync.Mutex
	asked []string
}

func (d *doorkeeper) AuthorizeSubscription(ctx context.Context, s *subscription.Subscription) (string, error) {
	d.mu.Lock()
	d.asked = append(d.asked, userOf(ctx)+" "+s.Endpoint+" "+strings.Join(s.Headers, ",")+" "+string(s.Content))
	d.mu.Unlock()
	return d.owners.AuthorizeSubscription(ctx, s)
}

// Somebody lays hands on a Subscription, whatever it is doing: strangers change nothing, and
// what its owner or an administrator changes is authorized anew, and verified anew before an
// event goes there; nothing begins at the former endpoint, or with former headers, any more.
func TestHijacks(t *testing.T) { // A8
	t.Parallel()
	const mine, theirs = "https://alice.example.org/hook", "https://mallory.example.org/hook"
	type write struct {
		user, tenant, endpoint, header, content string
	}
	former := write{"alice", "", mine, "X-Token: a", "id-only"}
	writes := map[string]write{
		"another user":     {"mallory", "", theirs, "X-Token: a", "id-only"},
		"nobody":           {"nobody", "", theirs, "X-Token: a", "full-resource"},
		"stolen id":        {"mallory", "elsewhere", theirs, "X-Token: m", "full-resource"},
		"endpoint":         {"alice", "", "https://other.example.org/hook", "X-Token: a", "id-only"},
		"another path":     {"alice", "", mine + "/deeper", "X-Token: a", "id-only"},
		"header":           {"alice", "", mine, "X-Token: b", "id-only"},
		"owner":            {"admin", "", mine, "X-Token: a", "id-only"},
		"owner and place":  {"admin", "", theirs, "X-Token: m", "full-resource"},
		"content raised":   {"alice", "", mine, "X-Token: a", "full-resource"},
		"raised and moved": {"alice", "", "https://other.example.org/hook", "X-Token: b", "full-resource"},
	}
	states := []string{"quiet", "queued", "in flight", "in error", "requested", "paced"}
	cases, stray, early := 0, 0, 0
	for name, hand := range writes {
		for _, state := range states {
			cases++
			synctest.Test(t, func(t *testing.T) {
				what := name + ", " + state
				policy := new(doorkeeper)
				w := newWorld(t, withRetry(time.Second, 5*time.Second, 20*time.Second), func(c *subscription.Config) { c.Authorizer = policy })
				all := func() []attempt {
					w.peer.mu.Lock()
					defer w.peer.mu.Unlock()
					return slices.Clone(w.peer.attempts)
				}
				put := func(by write) error {
					raw := subscriptionJSON(anyPatient, set("id", "s"), setChannel("endpoint", by.endpoint), setChannel("header", []string{by.header}),
						setChannel("_payload", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": by.content}}}))
					_, _, err := w.Update(as(t.Context(), by.user), by.tenant, "s", json.RawMessage(raw), "")
					return err
				}
				patientOf := func(id, user string) {
					require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(
						`{"resourceType":"Patient","id":"` + id + `","generalPractitioner":[{"reference":"Practitioner/` + user + `"}]}`)}))
				}
				if state == "requested" {
					w.peer.answerWith(refuseAll)
				}
				require.NoError(t, put(former))
				time.Sleep(2 * time.Second)
				switch state {
				case "queued", "in error":
					w.peer.answerWith(refuseAll)
				case "in flight":
					w.peer.answerWith(func(ctx context.Context, _ int, a attempt) error { return hangs(ctx, a) })
				case "paced":
					w.peer.answerWith(func(context.Context, int, attempt) error { return subscription.RetryAfter(errRefused, 10*time.Second) })
				}
				if state != "quiet" {
					patientOf("p1", "alice")
					patientOf("p2", "alice")
				}
				time.Sleep(map[string]time.Duration{"in error": time.Minute}[state] + 1500*time.Millisecond)

				before := len(all())
				err := put(hand)
				written := time.Now()
				w.peer.answerWith(nil)
				stranger := hand.user == "mallory" && hand.tenant == "" || hand.user == "nobody"
				if stranger {
					require.Error(t, err, what)
				} else {
					require.NoError(t, err, what)
					last := policy.asked[len(policy.asked)-1]
					require.Equal(t, hand.user+" "+hand.endpoint+" "+hand.header+" "+hand.content, last, what)
				}
				patientOf("p3", hand.user)
				patientOf("p4", "alice")
				time.Sleep(10 * time.Minute)
				verified := false
				for _, a := range all()[before:] {
					if a.target.Tenant != "" {
						require.Equal(t, hand.endpoint, a.target.Endpoint, what)
						require.Equal(t, notification.Handshake, a.Type, "the other tenant has no events")
						continue
					}
					in := former
					if !stranger && hand.tenant == "" {
						in = hand
					}
					if a.target.Endpoint != in.endpoint || a.target.Headers[0] != in.header || a.at.Before(written) {
						stray++
						t.Logf("%s: stray to %s", what, a.target.Endpoint)
					}
					if a.Type == notification.Handshake {
						verified = true
					} else if in == hand && !verified {
						early++
						t.Logf("%s: early %s", what, a.Type)
					}
					for _, e := range a.Events {
						if in.user == "admin" && e.Focus.FullURL != "" {
							require.Contains(t, e.Focus.FullURL, "p3", what)
						}
						require.Equal(t, in.content == "full-resource" && e.Focus.FullURL != "", len(e.Focus.Resource) > 0, what)
					}
				}
				if !stranger && hand.tenant == "" {
					require.True(t, verified, what)
				}
				require.NoError(t, w.stop())
			})
		}
	}
	require.GreaterOrEqual(t, cases, 60)
	require.Zero(t, stray)
	require.Zero(t, early)
	t.Logf("A8 cases=%d stray=%d before the handshake=%d", cases, stray, early)
}
