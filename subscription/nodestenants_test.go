package subscription_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// tenants who call everything the same. Their names stand in all that is theirs.
var neighbours = []string{"north", "south", ""}

// mark is what a tenant's things hold, and nobody else's.
func mark(tenant string) string { return "canary-of-" + tenant + "-" }

const (
	arrival      = "https://topics.example.org/admission"
	arrivalTopic = `{"resourceType":"SubscriptionTopic","url":"` + arrival + `","status":"active","eventTrigger":[{"resource":"Patient","event":{"coding":[{"system":"urn:events","code":"admission"}]}}]}`
)

// C15: no call about one tenant's things shows or changes the other's, although all of
// them have the same ids.
func TestTenantsShareNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withTopics(parseTopic(t, anyPatientText), parseTopic(t, arrivalTopic)), withRetry(time.Second))
		ctx := t.Context()
		patientOf := func(tenant string, version int) json.RawMessage {
			return fmt.Appendf(nil, `{"resourceType":"Patient","id":"p","meta":{"versionId":"%d"},"language":%q}`, version, mark(tenant))
		}
		text := func(tenant, topicURL, id string) json.RawMessage {
			return json.RawMessage(subscriptionJSON(topicURL, set("id", id), set("reason", mark(tenant))))
		}
		for _, tenant := range neighbours[:2] {
			for id, topicURL := range map[string]string{"s": anyPatient, "e": arrival} {
				_, created, err := w.Update(ctx, tenant, id, text(tenant, topicURL, id), "")
				require.NoError(t, err)
				require.True(t, created, "%s of %s", id, tenant)
			}
		}
		synctest.Wait()
		for i, tenant := range neighbours {
			for version := range 1 + i { // each has another number of events
				require.NoError(t, w.OnResourceChange(ctx, subscription.ResourceChange{
					Tenant: tenant, Interaction: subscription.Update, Resource: patientOf(tenant, version+1),
				}))
			}
			require.NoError(t, w.OnEvent(ctx, subscription.TopicEvent{
				Tenant: tenant, Events: []topic.Coding{{System: "urn:events", Code: "admission"}}, Focus: patientOf(tenant, 1),
			}))
		}
		time.Sleep(time.Second)
		sent := map[string]int{}
		for _, a := range w.peer.seen(notification.EventNotification) {
			require.Contains(t, string(a.body), mark(a.target.Tenant))
			requireNothingOfOthers(t, a.target.Tenant, a.body)
			sent[a.target.Tenant+"/"+a.target.Subscription] += len(a.Events)
		}
		require.Equal(t, map[string]int{"north/s": 1, "south/s": 2, "north/e": 1, "south/e": 1}, sent)

		api := w.Handler(subscription.HandlerConfig{Tenant: func(r *http.Request) string { return r.Header.Get("X-Tenant") }})
		calls := 0
		show := func(tenant, what string, answer any, err error) {
			calls++
			raw, marshalErr := json.Marshal(answer)
			require.NoError(t, marshalErr)
			requireNothingOfOthers(t, tenant, raw)
			if err != nil {
				requireNothingOfOthers(t, tenant, []byte(err.Error()))
			}
			if tenant == "" {
				require.NotContains(t, string(raw), "canary", what)
			}
		}
		for i, tenant := range neighbours {
			for _, id := range []string{"s", "e"} {
				stored, err := w.Get(ctx, tenant, id)
				show(tenant, "Get", stored, err)
				events, err := w.Events(ctx, tenant, id, 0, 0, "")
				show(tenant, "Events", events, err)
				x, err := w.Explain(ctx, subscription.ExplainRequest{Tenant: tenant, Subscription: id, Change: subscription.ResourceChange{
					Tenant: tenant, Interaction: subscription.Update, Resource: patientOf(tenant, 9),
				}})
				show(tenant, "Explain", x, err)
				if tenant == "" {
					require.ErrorIs(t, err, subscription.ErrNotFound)
				}
			}
			found, err := w.Search(ctx, tenant, url.Values{})
			show(tenant, "Search", found, err)
			for _, ids := range [][]string{nil, {"s", "e"}} {
				status, err := w.Status(ctx, tenant, ids, nil, base)
				show(tenant, "Status", status, err)
				if i < 2 {
					require.Contains(t, string(status), fmt.Sprintf(`"valueString":"%d"`, i+1))
				}
			}
			for _, request := range [][3]string{
				{"GET", "/Subscription", ""}, {"POST", "/Subscription/_search", ""}, {"GET", "/Subscription/s", ""}, {"GET", "/Subscription/$status", ""},
				{"GET", "/Subscription/s/$status", ""}, {"GET", "/Subscription/s/$events", ""}, {"POST", "/Subscription/s/$events", `{"resourceType":"Parameters"}`},
			} {
				r := httptest.NewRequestWithContext(ctx, request[0], base+request[1], strings.NewReader(request[2]))
				r.Header.Set("X-Tenant", tenant)
				r.Header.Set("Content-Type", map[bool]string{true: "application/fhir+json", false: "application/x-www-form-urlencoded"}[request[2] != ""])
				answer := httptest.NewRecorder()
				api.ServeHTTP(answer, r)
				require.Contains(t, []int{200, 404}, answer.Code, request)
				show(tenant, request[1], answer.Body.String(), nil)
			}
		}

		// What one tenant changes is its own alone.
		before := map[string]subscription.Stored{}
		for _, id := range []string{"s", "e"} {
			stored, err := w.Get(ctx, "south", id)
			require.NoError(t, err)
			before[id] = stored
			_, _, err = w.Update(ctx, "north", id, text("north", anyPatient, id), "")
			require.NoError(t, err)
			require.ErrorIs(t, w.Delete(ctx, "", id, ""), subscription.ErrNotFound)
			require.NoError(t, w.Delete(ctx, "north", id, ""))
			_, err = w.Get(ctx, "north", id)
			require.ErrorIs(t, err, subscription.ErrNotFound)
		}
		time.Sleep(time.Minute)
		for id, want := range before {
			stored, err := w.Get(ctx, "south", id)
			require.NoError(t, err)
			require.Equal(t, want, stored)
		}
		require.NoError(t, w.OnResourceChange(ctx, subscription.ResourceChange{Tenant: "south", Interaction: subscription.Update, Resource: patientOf("south", 3)}))
		time.Sleep(time.Second)
		seen := w.peer.seen(notification.EventNotification)
		last := seen[len(seen)-1]
		require.Equal(t, []any{"south", "s", int64(3)}, []any{last.target.Tenant, last.target.Subscription, last.Events[0].Number})
		t.Logf("C15 calls=%d crossed=0", calls)
		require.NoError(t, w.stop())
	})
}

func requireNothingOfOthers(t *testing.T, tenant string, raw []byte) {
	t.Helper()
	for _, other := range neighbours {
		if other != tenant {
			require.NotContains(t, string(raw), mark(other))
		}
	}
}
