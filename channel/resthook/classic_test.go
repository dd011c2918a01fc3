package resthook

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/endpointtest"
	"github.com/carillon-fhir/carillon/subscription"
)

const observation = `{"resourceType":"Observation","id":"o1","valueQuantity":{"value":1.10}}`

// heard is a request that an endpoint got.
type heard struct{ method, path, contentType, length, header, body string }

// TestClassic is CLS-06 to CLS-09, by both versions of HTTP.
// spec: CLS-06, CLS-07, CLS-08, CLS-09
func TestClassic(t *testing.T) {
	about := &subscription.Classic{ResourceType: "Observation", ResourceID: "o1"}
	full := subscription.Message{ID: "m1", ContentType: "application/fhir+json", Body: []byte(observation), Classic: about}
	ping := subscription.Message{ID: "m2", Classic: new(subscription.Classic)}
	odd := full
	odd.Classic = &subscription.Classic{ResourceType: "Observation", ResourceID: "o:1ü"}
	for name, tc := range map[string]struct {
		path    string
		message subscription.Message
		post    bool
		want    heard
	}{
		"ping":                  {"/bili/ping?a=b", ping, false, heard{"POST", "/bili/ping?a=b", "", "0", "x", ""}},
		"ping to a root":        {"", ping, false, heard{"POST", "/", "", "0", "x", ""}},
		"ping, payloads POSTed": {"/p", ping, true, heard{"POST", "/p", "", "0", "x", ""}},
		"payload":               {"/fhir", full, false, heard{"PUT", "/fhir/Observation/o1", "application/fhir+json", fmt.Sprint(len(observation)), "x", observation}},
		"payload, slash":        {"/fhir/", full, false, heard{"PUT", "/fhir/Observation/o1", "application/fhir+json", fmt.Sprint(len(observation)), "x", observation}},
		"payload, root":         {"", full, false, heard{"PUT", "/Observation/o1", "application/fhir+json", fmt.Sprint(len(observation)), "x", observation}},
		"payload, escaped":      {"/a%2Fb", odd, false, heard{"PUT", "/a%2Fb/Observation/o:1%C3%BC", "application/fhir+json", fmt.Sprint(len(observation)), "x", observation}},
		"payload, POSTed":       {"/hook?x=1", full, true, heard{"POST", "/hook?x=1", "application/fhir+json", fmt.Sprint(len(observation)), "x", observation}},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, HTTP/2=%t", name, http2), func(t *testing.T) {
				got := make(chan heard, 1)
				url := endpointtest.TLS(http2)(t, func(_ http.ResponseWriter, r *http.Request) {
					body, err := io.ReadAll(r.Body)
					if err != nil {
						body = []byte("cut off")
					}
					got <- heard{r.Method, r.RequestURI, r.Header.Get("Content-Type"), fmt.Sprint(r.ContentLength), r.Header.Get("X-Key"), string(body)}
				})
				c := New(Config{AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: endpointtest.Authorities()})
				c.ClassicPost = tc.post
				defer c.Close()
				target := subscription.Target{Endpoint: url + tc.path, Headers: []string{"X-Key: x"}, ContentType: tc.message.ContentType, Classic: true}
				require.NoError(t, c.Check(t.Context(), target))
				require.NoError(t, c.Send(t.Context(), target, tc.message))
				require.Equal(t, tc.want, <-got)
			})
		}
	}
}

func TestClassicCheck(t *testing.T) {
	base := subscription.Target{Endpoint: "https://app.example.org/fhir", ContentType: "application/fhir+json", Classic: true}
	with := func(edit func(*subscription.Target)) subscription.Target {
		t := base
		edit(&t)
		return t
	}
	c, posting := New(Config{}), New(Config{})
	posting.ClassicPost = true
	require.NoError(t, c.Check(t.Context(), base))
	query := with(func(t *subscription.Target) { t.Endpoint += "?a=b" })
	require.NoError(t, posting.Check(t.Context(), query))
	require.NoError(t, c.Check(t.Context(), with(func(t *subscription.Target) { t.Endpoint, t.ContentType = query.Endpoint, "" })))
	require.NoError(t, c.Check(t.Context(), with(func(t *subscription.Target) { t.Endpoint, t.Classic = query.Endpoint, false })))
	for element, target := range map[string]subscription.Target{
		"Subscription.channel.endpoint":  query,
		"Subscription.channel.payload":   with(func(t *subscription.Target) { t.ContentType = "application/fhir+xml" }),
		"Subscription.channel.header[0]": with(func(t *subscription.Target) { t.Headers = []string{"X-HTTP-Method-Override: DELETE"} }),
	} {
		var refused *subscription.ElementError
		require.ErrorAs(t, c.Check(t.Context(), target), &refused)
		require.Equal(t, element, refused.Element)
		require.NotContains(t, refused.Error(), "a=b")
	}
}

// TestClassicAnswers: what a FHIR service answers to an update means what it does for a
// notification.
func TestClassicAnswers(t *testing.T) {
	for status, want := range map[int]func(error) bool{
		200: func(err error) bool { return err == nil },
		201: func(err error) bool { return err == nil },
		307: func(err error) bool { return errors.Is(err, StatusError(307)) },
		422: func(err error) bool { return errors.Is(err, StatusError(422)) },
		410: func(err error) bool { return errors.Is(err, StatusError(410)) },
	} {
		url := endpointtest.TLS(false)(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		})
		c := New(Config{AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: endpointtest.Authorities()})
		err := c.Send(t.Context(), subscription.Target{Endpoint: url, ContentType: "application/fhir+json", Classic: true}, subscription.Message{
			ContentType: "application/fhir+json", Body: []byte(observation), Classic: &subscription.Classic{ResourceType: "Observation", ResourceID: "canary"},
		})
		require.True(t, want(err), "%d: %v", status, err)
		if err != nil {
			require.NotContains(t, err.Error(), "canary")
		}
		require.NoError(t, c.Close())
	}
}
