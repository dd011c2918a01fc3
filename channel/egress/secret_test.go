package egress

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

func TestSecrets(t *testing.T) {
	var got http.Header
	s := serve(t, func(r *http.Request, _ []byte, w io.Writer) bool {
		got = r.Header
		_, err := io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		return err == nil
	})
	vault := map[string]string{
		"a/lab": "hunter2 " + canary, "a/empty": "", "a/line": "a\r\nX-B: c", "a/long": strings.Repeat("a", maxHeadersSize), "a/nested": "${secret:lab}",
	}
	config := Config{InsecureAllowHTTP: true, AllowNetworks: loopback, Secrets: func(_ context.Context, tenant, host, name string) (string, error) {
		value, ok := vault[tenant+"/"+name]
		if !ok || !strings.HasSuffix(s.url, host+"/"+canary) {
			return "", errors.New(canary)
		}
		return value, nil
	}}
	c := New(config)
	defer func() { require.NoError(t, c.Close()) }()
	target := func(headers ...string) subscription.Target {
		return subscription.Target{Tenant: "a", Endpoint: s.url, Headers: headers}
	}
	good := target("Authorization: Basic ${secret:lab}", "X-A: <${secret:lab}|${secret:lab}>", "X-B: ${secret:nested}", "X-C: $ {secret:} ${other}")
	require.Empty(t, refusal(t, c, good))
	require.NoError(t, c.Send(t.Context(), good, message()))
	require.Equal(t, "Basic hunter2 "+canary, got.Get("Authorization"))
	require.Equal(t, "<hunter2 "+canary+"|hunter2 "+canary+">", got.Get("X-A"))
	require.Equal(t, "${secret:lab}", got.Get("X-B"), "a secret is not read again")
	require.Equal(t, "$ {secret:} ${other}", got.Get("X-C"))

	requests := s.requests.Load()
	for _, header := range []string{
		"X-A: ${secret:unknown}", "X-A: ${secret:}", "X-A: ${secret:lab", "X-A: ${secret:l ab}", "X-A: ${secret:" + strings.Repeat("a", 129) + "}",
		"X-A: ${secret:empty}", "X-A: ${secret:line}", "X-A: ${secret:long}", "X-A: ${secret:lab}${secret:unknown}",
	} {
		require.Equal(t, "Subscription.channel.header[1]", refusal(t, c, target("X-B: b", header)), header)
		require.Equal(t, errCredentials, c.Send(t.Context(), target("X-B: b", header), message()), header)
	}
	require.NotEmpty(t, refusal(t, c, target("${secret:lab}: a")), "no header's name")
	other := good
	other.Tenant = "b"
	require.Equal(t, "Subscription.channel.header[0]", refusal(t, c, other), "another tenant's")
	other = good
	other.Endpoint = strings.Replace(good.Endpoint, "127.0.0.1", "127.0.0.2", 1)
	require.Equal(t, "Subscription.channel.header[0]", refusal(t, c, other), "not for this endpoint")
	config.Secrets = nil
	require.Equal(t, "Subscription.channel.header[0]", refusal(t, New(config), good), "there are none")

	delete(vault, "a/lab") // between Check and Send
	require.Equal(t, errCredentials, c.Send(t.Context(), good, message()))
	require.Equal(t, requests, s.requests.Load())
}
