package fhirserver

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// subscribe makes a Subscription for a topic, with full resources.
func subscribe(t testing.TB, s *Server, topic, endpoint string) response {
	t.Helper()
	const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	r := send(t, s, "POST", "/Subscription", `{"resourceType":"Subscription","status":"requested","reason":"test",
		"meta":{"profile":["`+backport+`backport-subscription"]},
		"criteria":"https://carillon-fhir.github.io/topics/`+topic+`",
		"channel":{"type":"rest-hook","endpoint":"`+endpoint+`","payload":"application/fhir+json",
		"_payload":{"extension":[{"url":"`+backport+`backport-payload-content","valueCode":"full-resource"}]}}}`)
	require.Equal(t, http.StatusCreated, r.status, string(r.raw))
	return r
}

// TestNotification follows a write to the subscriber, over either store.
func TestNotification(t *testing.T) {
	for _, store := range []string{"memory", "durable"} {
		t.Run(store, func(t *testing.T) {
			s := open(t, func(c *Config) {
				if store == "memory" {
					c.Store = store
				}
			})
			received := make(chan fhirpath.Node, 10)
			subscriber := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return // the attempt was cut off
				}
				if doc, err := fhirpath.Parse(body); err == nil {
					received <- doc.Root()
				}
			}))
			defer subscriber.Close()
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- s.Run(ctx) }()
			next := func() fhirpath.Node {
				select {
				case n := <-received:
					return n
				case <-time.After(20 * time.Second):
					t.Fatal("no notification came")
					return fhirpath.Node{}
				}
			}

			made := subscribe(t, s, "bilirubin-high", subscriber.URL+"/hook")
			require.Equal(t, 1, next().Get("entry").Len(), "the handshake has the status alone")
			result := func(value string) string {
				return `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1975-2"}]},
					"valueQuantity":{"value":` + value + `,"unit":"mg/dL"}}`
			}
			created(t, s, result("0.90"))
			created(t, s, result("1.0"))
			high := created(t, s, result("1.10"))
			notification := next()
			require.Equal(t, 2, notification.Get("entry").Len(), "only the high result notifies")
			for entry := range notification.Get("entry").Elements() {
				if resource := entry.Get("resource"); resource.Get("resourceType").Is("Observation") {
					require.True(t, resource.Get("id").Is(high))
					require.Equal(t, "1.10", resource.Path("valueQuantity", "value").Text(), "digits are kept")
				}
			}
			read := send(t, s, "GET", "/Subscription/"+made.body.Get("id").Text(), "")
			require.True(t, read.body.Get("status").Is("active"))
			require.Equal(t, http.StatusOK, send(t, s, "GET", "/Subscription/"+made.body.Get("id").Text()+"/$status", "").status)

			stop()
			require.NoError(t, <-ended)
		})
	}
}

// TestSubscriptionsAreTheEngines holds that no spelling of a path leads around the
// engine's checks.
func TestSubscriptionsAreTheEngines(t *testing.T) {
	s := open(t)
	for _, path := range []string{"//Subscription", "/%53ubscription", "/Subscription/", "/./Subscription"} {
		r := send(t, s, "POST", path, `{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"https://example.org/none","channel":{"type":"rest-hook"}}`)
		require.GreaterOrEqual(t, r.status, 400, path)
		require.Less(t, r.status, 500, path)
	}
	rows := 0
	require.NoError(t, s.db.QueryRow(`SELECT count(*) FROM server_version WHERE type = 'Subscription'`).Scan(&rows))
	require.Zero(t, rows)
}
