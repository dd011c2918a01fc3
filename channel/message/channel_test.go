package message

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/channel/egress"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

func TestNewRefuses(t *testing.T) {
	for text, config := range map[string]Config{
		"Source": {},
		"Source must be an absolute http or https URL": {Source: "/r4"},
		"Event needs":                                          {Source: source, Event: notification.Coding{Code: "a"}},
		"Event needs a System and a Code":                      {Source: source, Event: notification.Coding{System: "a"}},
		"Destinations[1] must be an absolute http":             {Source: source, Destinations: []string{base, "ehr.example.org"}},
		"Destinations[0] must be an absolute http or https":    {Source: source, Destinations: []string{base + "?a=b"}},
		"Destinations[0] must be an absolute http or https UR": {Source: source, Destinations: []string{""}},
	} {
		_, err := New(config)
		require.ErrorContains(t, err, text)
		require.True(t, strings.HasPrefix(err.Error(), "message: "))
	}
	_, err := New(Config{Event: notification.Coding{Code: "a"}, Destinations: []string{"a", "b"}})
	require.Len(t, strings.Split(err.Error(), "\n"), 4, "all at once")
}

// spec: CH-MSG-01, ACC-04
func TestCheckEndpoint(t *testing.T) { // CH-MSG-01
	c := channelFrom(t, Config{Source: source})
	for _, endpoint := range []string{base, base + "/", "https://ehr.example.org", "https://EHR.example.org:8443/a/b%20c"} {
		require.NoError(t, c.Check(t.Context(), subscription.Target{Endpoint: endpoint}), endpoint)
	}
	refused := []string{
		"", "/", "ehr.example.org", "http://ehr.example.org/fhir", "ftp://ehr.example.org", "https://127.0.0.1/fhir", "https://169.254.169.254/",
		base + "?", base + "?a=" + canary, base + "#", base + "#" + canary, base + "/$process-message", base + "/$process-message/", base + "/$process-message?async=true",
		"https://user@ehr.example.org/", "https://ehr.example.org:25/", "https://", base + "/" + strings.Repeat("a", 2048), "urn:uuid:" + canary, "mailto:a@example.com",
	}
	for _, endpoint := range refused {
		err := c.Check(t.Context(), subscription.Target{Endpoint: endpoint})
		var element *subscription.ElementError
		require.True(t, errors.As(err, &element), endpoint)
		require.Equal(t, "Subscription.channel.endpoint", element.Element)
		require.NotContains(t, err.Error(), canary)
	}
	t.Logf("CH-MSG-01 refused=%d", len(refused))
}

// spec: CH-MSG-05, SEC-05
func TestDestinations(t *testing.T) { // CH-MSG-05
	c := channelFrom(t, Config{Source: source, Destinations: []string{base, "https://Lab.example.org:443/r4/"}})
	m := subscription.Message{ID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a14", Release: subscription.R4, Body: []byte(`{}`)}
	for _, endpoint := range []string{base, base + "/", "https://EHR.example.org/fhir", "https://ehr.example.org:443/fhir", "HTTPS://lab.example.org/r4"} {
		require.NoError(t, c.Check(t.Context(), subscription.Target{Endpoint: endpoint}), endpoint)
	}
	refused := []string{
		"https://ehr.example.org", "https://ehr.example.org/fhir2", "https://ehr.example.org/fhir/a", "https://ehr.example.org/FHIR", "https://ehr.example.org:8443/fhir",
		"https://ehr.example.org.example.com/fhir", "https://a.ehr.example.org/fhir", "https://ehr.example.org/fhir/../a", "https://ehr.example.org//fhir", "https://ehr.example.org/%66hir",
		"https://ehr.example.org/fhir//",
	}
	for _, endpoint := range refused {
		target := subscription.Target{Endpoint: endpoint}
		require.ErrorContains(t, c.Check(t.Context(), target), "agreed destinations only", endpoint)
		err := c.Send(t.Context(), target, m)
		require.EqualError(t, err, "message: endpoint not allowed")
		require.Equal(t, subscription.Permanent(errTarget), errors.Unwrap(err))
	}
	t.Logf("CH-MSG-05 refused=%d", len(refused))

	// One that is agreed on is guarded all the same.
	inside := channelFrom(t, Config{Source: source, Destinations: []string{"https://10.0.0.1/fhir"}})
	require.ErrorContains(t, inside.Check(t.Context(), subscription.Target{Endpoint: "https://10.0.0.1/fhir"}), "blocked address")
	blocked := channelFrom(t, Config{Source: source, HTTP: egress.Config{InsecureAllowHTTP: true}})
	require.ErrorContains(t, blocked.Check(t.Context(), subscription.Target{Endpoint: "http://[::1]/fhir"}), "blocked address")
}
