package fhirproxy

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"

// subscriptionTo is a Subscription to a shipped topic.
func subscriptionTo(topic, content string) string {
	return fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"https://carillon-fhir.github.io/topics/%s",
		"channel":{"type":"rest-hook","endpoint":"http://127.0.0.1:18080/hook","payload":"application/fhir+json",
		"_payload":{"extension":[{"url":"%sbackport-payload-content","valueCode":"%s"}]}}}`, topic, backport, content)
}

// TestOwnPaths: what is about subscriptions never reaches the upstream, however it is
// written, and what only looks so does.
func TestOwnPaths(t *testing.T) {
	reached := ""
	f := &fake{before: func(w http.ResponseWriter, r *http.Request) bool {
		reached = r.Method + " " + r.URL.Path
		w.WriteHeader(http.StatusTeapot)
		return true
	}}
	s := before(t, f.start(t), func(c *Config) { c.InsecureAllowAll = true })
	made := s.send("POST", "/Subscription", subscriptionTo("patient-change", "full-resource"))
	require.Equal(t, http.StatusCreated, made.status, made.body)
	require.True(t, strings.HasPrefix(made.header.Get("Location"), s.proxy.cfg.BaseURL+"/Subscription/"))
	var stored struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(made.body), &stored))
	own := "/Subscription/" + stored.ID
	const code = "http%3A%2F%2Fhl7.org%2Ffhir%2Ffhir-types%7CSubscriptionTopic"
	found := s.send("GET", "/Basic?code="+code, "")
	require.Equal(t, http.StatusOK, found.status)
	var set struct {
		Entry []struct{ Resource struct{ ID string } }
	}
	require.NoError(t, json.Unmarshal([]byte(found.body), &set))
	require.Len(t, set.Entry, 5)
	for _, request := range []string{
		"GET /Subscription", "GET " + own, "HEAD " + own, "GET " + own + "/$status", "GET /Subscription/$status", "GET " + own + "/$events",
		"GET /%53ubscription", "GET //Subscription", "GET /Subscription%2F1", "GET /./Subscription", "GET /x/../Subscription/1", "GET " + own + "/_history", "PUT /Subscription/x", "PATCH /Subscription/x",
		"GET /Basic/" + set.Entry[0].Resource.ID, "PUT /Basic/" + set.Entry[0].Resource.ID, "DELETE " + own, "GET /ws",
	} {
		method, path, _ := strings.Cut(request, " ")
		r := s.send(method, path, "")
		require.NotEqual(t, http.StatusTeapot, r.status, request)
		require.Empty(t, reached, request)
	}
	r := s.send("POST", "/Basic/_search", "code="+code, "Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusOK, r.status)
	require.Contains(t, r.body, `"total":5`)
	for _, request := range []string{"GET /Basic", "GET /Basic?code=x", "GET /Basic/1", "POST /Basic", "GET /SubscriptionTopic", "GET /Subscriptions", "POST /Basic/_search", "GET /metadata?mode=terminology"} {
		method, path, _ := strings.Cut(request, " ")
		require.Equal(t, http.StatusTeapot, s.send(method, path, "").status, request)
		require.NotEmpty(t, reached, request)
		reached = ""
	}
}

// TestOrigins: pages of other origins may what the upstream lets them.
func TestOrigins(t *testing.T) {
	f := &fake{before: func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Origin") == "https://app.example.org" {
			w.Header().Set("Access-Control-Allow-Origin", "https://app.example.org")
			w.Header().Set("X-Other", "theirs")
		}
		return false
	}}
	s := before(t, f.start(t))
	for _, path := range []string{"/Subscription", "/metadata", "/Patient"} {
		require.Equal(t, []string{"https://app.example.org"}, s.send("GET", path, "", "Origin", "https://app.example.org").header.Values("Access-Control-Allow-Origin"), path)
		require.Empty(t, s.send("GET", path, "", "Origin", "https://other.example.org").header.Values("Access-Control-Allow-Origin"), path)
		require.Empty(t, s.send("GET", path, "").header.Values("Access-Control-Allow-Origin"), path)
	}
	require.Empty(t, s.send("GET", "/Subscription", "", "Origin", "https://app.example.org").header.Get("X-Other"))
}

// TestNotifies: by default a subscriber is told which resource it is, and nothing of it.
func TestNotifies(t *testing.T) {
	s := before(t, (&fake{}).start(t))
	defer s.run()()
	events := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if n, _ := notification.Parse(body); err == nil && n != nil && n.Type == notification.EventNotification {
			events <- string(body)
		}
	}))
	defer hook.Close()
	made := s.send("POST", "/Subscription", strings.Replace(subscriptionTo("patient-change", "id-only"), "http://127.0.0.1:18080", hook.URL, 1))
	require.Equal(t, http.StatusCreated, made.status, made.body)
	s.send("PUT", "/Patient/p", patient("p", 4711))
	event := <-events
	require.Contains(t, event, s.proxy.cfg.BaseURL+"/Patient/p")
	require.NotContains(t, event, "4711")
}

// TestReleases: in R4B and R5 topics are SubscriptionTopics.
func TestReleases(t *testing.T) {
	for _, release := range []subscription.Release{subscription.R4B, subscription.R5} {
		f := &fake{}
		s := before(t, f.start(t), func(c *Config) {
			shipped, err := topics.Shipped(release)
			require.NoError(t, err)
			c.Release, c.Topics = release, shipped
		})
		r := s.send("GET", "/SubscriptionTopic", "")
		require.Equal(t, http.StatusOK, r.status)
		require.Contains(t, r.body, "patient-change")
		require.Contains(t, s.send("GET", "/metadata", "").body, "SubscriptionTopic")
		s.send("PUT", "/Patient/p", patient("p", 1))
		require.Equal(t, []string{"create Patient/p 1 by PUT"}, s.recorded())
	}
}

func TestCapabilities(t *testing.T) {
	f := &fake{}
	s := before(t, f.start(t))
	r := s.send("GET", "/metadata", "")
	require.Equal(t, http.StatusOK, r.status)
	var statement struct {
		Instantiates   []string
		Implementation struct{ URL string }
		Rest           []struct {
			Security  struct{ Cors bool }
			Extension []struct{ URL string }
			Resource  []struct {
				Type, Documentation string
				Extension           []struct{ ValueCanonical string }
				Operation           []struct{ Name string }
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &statement))
	require.Equal(t, s.proxy.cfg.BaseURL, statement.Implementation.URL)
	require.Len(t, statement.Instantiates, 1)
	require.Len(t, statement.Rest, 1)
	require.True(t, statement.Rest[0].Security.Cors, "what the upstream says stays")
	require.Equal(t, "Patient", statement.Rest[0].Resource[0].Type)
	require.Len(t, statement.Rest[0].Resource, 3, "one entry for Subscription, the proxy's, and topics as Basic, which the upstream lacks")
	require.Equal(t, "Basic", statement.Rest[0].Resource[2].Type)
	ours := statement.Rest[0].Resource[1]
	require.NotContains(t, ours.Documentation, "theirs")
	require.Len(t, ours.Extension, 5, "one for each topic")
	require.NotEmpty(t, ours.Operation)

	f.before = func(w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(http.StatusUnauthorized); return true }
	require.Equal(t, http.StatusUnauthorized, s.send("GET", "/metadata", "").status)
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		fmt.Fprint(w, `{"resourceType":"Patient"}`)
		return true
	}
	require.Equal(t, http.StatusBadGateway, s.send("GET", "/metadata", "").status)
}

// TestCredentials: the upstream decides who may subscribe, and what somebody made is
// theirs alone (docs/reference-implementation.md, P31).
func TestCredentials(t *testing.T) {
	token := func(sub, nonce string) string {
		return "Bearer " + nonce + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"i","sub":"`+sub+`","jti":"`+nonce+`"}`)) + ".sign"
	}
	f := &fake{before: func(w http.ResponseWriter, r *http.Request) bool {
		allowed := r.Header.Get("Authorization") == "Basic good" || strings.HasSuffix(r.Header.Get("Authorization"), ".sign") || r.Header.Get("Cookie") != "" || r.Header.Get("X-Api-Key") != "" || strings.HasPrefix(r.URL.Path, "/base/Encounter")
		if !allowed {
			w.WriteHeader(http.StatusForbidden)
		}
		return !allowed
	}}
	s := before(t, f.start(t))
	create := func(topic, content string, headers ...string) reply {
		return s.send("POST", "/Subscription", subscriptionTo(topic, content), headers...)
	}
	for name, refused := range map[string]reply{
		"no credentials":  create("patient-change", "id-only"),
		"bad credentials": create("patient-change", "id-only", "Authorization", "Basic bad"),
		"whole resources": create("patient-change", "full-resource", "Authorization", "Basic good"),
	} {
		require.Equal(t, http.StatusForbidden, refused.status, name)
	}
	require.Equal(t, http.StatusCreated, create("encounter-start", "empty").status, "what all may read, all may subscribe to")

	for _, c := range []struct{ made, renewed, other string }{
		{"Basic good", "Basic good", "Basic bad"},
		{token("anna", "1"), token("anna", "2"), token("otto", "3")},
	} {
		made := create("patient-change", "id-only", "Authorization", c.made)
		require.Equal(t, http.StatusCreated, made.status, made.body)
		place, _, _ := strings.Cut(strings.TrimPrefix(made.header.Get("Location"), s.proxy.cfg.BaseURL), "/_history")
		require.Equal(t, http.StatusOK, s.send("GET", place, "", "Authorization", c.renewed).status)
		require.Equal(t, http.StatusNotFound, s.send("GET", place, "", "Authorization", c.other).status)
		require.Equal(t, http.StatusNotFound, s.send("DELETE", place, "").status)
		require.Contains(t, s.send("GET", "/Subscription", "", "Authorization", c.other).body, `"total":0`)
		require.Contains(t, s.send("GET", "/Subscription", "", "Authorization", c.renewed).body, `"total":1`)
	}
	require.NotContains(t, s.log.String(), "good")

	require.Equal(t, http.StatusForbidden, create("patient-change", "id-only", "X-Api-Key", "k").status, "it could not be told from others with a key")

	// a token that the upstream does not look at proves nothing
	place := func(made reply) string {
		require.Equal(t, http.StatusCreated, made.status, made.body)
		path, _, _ := strings.Cut(strings.TrimPrefix(made.header.Get("Location"), s.proxy.cfg.BaseURL), "/_history")
		return path
	}
	written := strings.TrimSuffix(token("anna", "9"), "sign") + "forged"
	hers := place(create("patient-change", "id-only", "Authorization", token("anna", "4")))
	require.Equal(t, http.StatusForbidden, create("patient-change", "id-only", "Authorization", written).status)
	require.Equal(t, http.StatusNotFound, s.send("GET", hers, "", "Authorization", written, "Cookie", "session=otto").status)
	require.Equal(t, http.StatusNotFound, s.send("DELETE", hers, "", "Authorization", written, "Cookie", "session=otto").status)
	public := place(create("encounter-start", "id-only", "Authorization", token("anna", "5")))
	require.Equal(t, http.StatusNotFound, s.send("GET", public, "", "Authorization", written).status)
	require.Equal(t, http.StatusOK, s.send("GET", public, "", "Authorization", token("anna", "5")).status)
}

// TestOwnAuthorization: the proxy reads with its own credentials if it has some, else with
// the request's.
func TestOwnAuthorization(t *testing.T) {
	for own, want := range map[string]string{"Bearer proxy": "Bearer proxy", "": "Bearer client"} {
		read := ""
		f := &fake{before: func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodGet {
				read = r.Header.Get("Authorization")
			}
			return false
		}}
		s := before(t, f.start(t), func(c *Config) { c.Authorization = own })
		s.send("PUT", "/Patient/p", patient("p", 1), "Authorization", "Bearer client")
		require.Equal(t, want, read)
		require.Equal(t, "Bearer client", f.seen.Get("Authorization"))
	}
}

// TestHidden: who may write and not read still causes events; the former state being
// unknown, an update that a topic compares is taken as a creation.
func TestHidden(t *testing.T) {
	f := &fake{before: func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusForbidden)
		}
		return r.Method == http.MethodGet
	}}
	s := before(t, f.start(t))
	require.Equal(t, http.StatusCreated, s.send("PUT", "/Patient/p", patient("p", 1)).status)
	require.Equal(t, http.StatusOK, s.send("PUT", "/Patient/p", patient("p", 2)).status)
	require.Equal(t, []string{"create Patient/p 1 by PUT", "update Patient/p 2 by PUT"}, s.recorded())
	for _, status := range []string{"planned", "in-progress"} {
		s.send("PUT", "/Encounter/e", `{"resourceType":"Encounter","id":"e","status":"`+status+`","class":{}}`)
	}
	require.Equal(t, "create Encounter/e  by PUT", s.recorded()[2])
}
