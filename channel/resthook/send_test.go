package resthook

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// TestSend: what package egress does is told as this channel's.
func TestSend(t *testing.T) {
	var request *http.Request
	var body []byte
	status := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(status)
	}))
	defer s.Close()
	c := New(Config{InsecureAllowHTTP: true, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	defer func() { require.NoError(t, c.Close()) }()
	target := subscription.Target{Endpoint: s.URL + "/a%2Fb?q=1&r=%20", Headers: []string{"X-A: 1", "x-a: 2"}}
	m := subscription.Message{ContentType: "application/fhir+json; fhirVersion=4.0", Body: []byte(`{"resourceType":"Bundle"}`)}
	require.NoError(t, c.Send(t.Context(), target, m))
	require.Equal(t, "POST /a%2Fb?q=1&r=%20", request.Method+" "+request.RequestURI, "the endpoint as is")
	require.Equal(t, []string{"1", "2"}, request.Header["X-A"])
	require.Equal(t, m.ContentType, request.Header.Get("Content-Type"))
	require.Empty(t, request.Header.Get("Accept"))
	require.Equal(t, m.Body, body)

	for status = range map[int]bool{404: true, 410: true, 503: true} {
		err := c.Send(t.Context(), target, m)
		var said StatusError
		require.ErrorAs(t, err, &said)
		require.Equal(t, status, int(said))
		require.EqualError(t, err, "resthook: "+said.Error())
		require.Equal(t, "error-response", said.SubscriptionError())
	}
	blocked := New(Config{InsecureAllowHTTP: true})
	target.Endpoint = "http://127.0.0.1/"
	require.EqualError(t, blocked.Send(t.Context(), target, m), "resthook: endpoint, header or payload not allowed")
	require.ErrorContains(t, blocked.Check(t.Context(), target), "Subscription.channel.endpoint: blocked address")
}
