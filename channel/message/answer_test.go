package message

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/channel/egress"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// response is a message that answers ours, with that code.
func response(code string) string {
	return `{"resourceType":"Bundle","type":"message","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"MessageHeader","id":"1",
		"eventCoding":{"code":"` + canary + `"},"source":{"endpoint":"https://ehr.example.org"},
		"response":{"identifier":"2","code":"` + code + `"}}},
		{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"` + canary + `"}]}}]}`
}

// outcomeOf is an OperationOutcome with issues of severity and code.
func outcomeOf(issues ...string) string {
	var list []string
	for _, issue := range issues {
		severity, code, _ := strings.Cut(issue, " ")
		list = append(list, fmt.Sprintf(`{"severity":%q,"code":%q,"diagnostics":%q}`, severity, code, canary))
	}
	return `{"resourceType":"OperationOutcome","issue":[` + strings.Join(list, ",") + `]}`
}

// TestAnswers: what a receiver says is understood, over real HTTP.
func TestAnswers(t *testing.T) {
	const fhir, html = "application/fhir+json; charset=utf-8", "text/html"
	fatal := subscription.Permanent(FatalError)
	cases := []struct {
		status int
		kind   string
		body   string
		want   error
	}{
		// a message
		{200, fhir, response("ok"), nil},
		{200, fhir, response("transient-error"), TransientError},
		{200, fhir, response("fatal-error"), fatal},
		{200, fhir, response(canary), Unintelligible},
		{200, fhir, response(""), Unintelligible},
		{200, fhir, response("OK"), Unintelligible},
		{202, fhir, response("fatal-error"), fatal},
		{200, "application/json", response("fatal-error"), fatal},
		{200, "", response("fatal-error"), fatal},
		{200, "text/plain", response("transient-error"), TransientError},
		{200, fhir, "\ufeff" + response("fatal-error"), Unintelligible},
		{200, fhir, strings.Replace(response("ok"), `"code":"ok"`, `"code":7`, 1), Unintelligible},
		{200, fhir, strings.Replace(response("ok"), `"entry":[`, `"entry":[[`, 1), Unintelligible},
		{200, fhir, `{"resourceType":"Bundle","entry":{}}`, Unintelligible},
		{200, fhir, response("ok")[:100], Unintelligible},
		// a message that is no answer, and other Bundles, say nothing
		{200, fhir, strings.Replace(response("fatal-error"), "response", "other", 1), nil},
		{200, fhir, strings.Replace(response("fatal-error"), "MessageHeader", "Patient", 1), nil},
		{200, fhir, `{"resourceType":"Bundle","type":"message"}`, nil},
		{200, fhir, `{"resourceType":"Bundle","entry":[{}]}`, nil},
		// an OperationOutcome
		{200, fhir, outcomeOf(), nil},
		{200, fhir, outcomeOf("information informational", "warning invalid"), nil},
		{200, fhir, outcomeOf("error invalid"), fatal},
		{200, fhir, outcomeOf("fatal not-supported"), fatal},
		{200, fhir, outcomeOf("error " + canary), fatal},
		{200, fhir, outcomeOf("error transient"), TransientError},
		{200, fhir, outcomeOf("warning x", "error throttled"), TransientError},
		{200, fhir, outcomeOf("fatal exception", "error lock-error", "error timeout", "error no-store", "error incomplete"), TransientError},
		{200, fhir, outcomeOf("error timeout", "error forbidden"), fatal},
		{200, fhir, `{"resourceType":"OperationOutcome","issue":{"severity":"error"}}`, Unintelligible},
		// neither, or nothing
		{200, fhir, "", nil},
		{200, fhir, " \n", nil},
		{202, "", "", nil},
		{204, "", "", nil},
		{200, html, "<html>" + canary, nil},
		{200, "text/plain", "OK", nil},
		{200, "application/json", `"OK"`, nil},
		{200, "application/json", `{"ok":true}`, nil},
		{200, "application/json", `{"ok`, Unintelligible},
		{200, "application/fhir+xml", `<Bundle xmlns="http://hl7.org/fhir"/>`, Unintelligible},
		{200, "text/xml", `<OperationOutcome/>`, Unintelligible},
		{200, "application/xml", "", nil},
		// other codes are as for a rest-hook, whatever is beside them
		{400, fhir, outcomeOf("error transient"), subscription.Permanent(egress.StatusError(400))},
		{404, fhir, "", subscription.Permanent(egress.StatusError(404))},
		{410, fhir, "", subscription.Gone(egress.StatusError(410))},
		{422, fhir, response("ok"), subscription.Permanent(egress.StatusError(422))},
		{500, fhir, response("fatal-error"), egress.StatusError(500)},
		{502, html, canary, egress.StatusError(502)},
		{307, "", "", egress.StatusError(307)},
		{503, fhir, outcomeOf("error throttled"), subscription.RetryAfter(egress.StatusError(503), 7*time.Second)},
	}
	c := local(t, egress.Config{})
	for i, one := range cases {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Content-Type"] = []string{one.kind}
			w.Header().Set("Location", "/"+canary)
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(one.status)
			_, _ = w.Write([]byte(one.body))
		}))
		err := c.Send(t.Context(), subscription.Target{Endpoint: s.URL}, event(1))
		s.Close()
		if one.want == nil {
			require.NoError(t, err, "%d %s", i, one.body)
			continue
		}
		require.Equal(t, one.want, errors.Unwrap(err), "%d %s", i, one.body)
		require.EqualError(t, err, "message: "+one.want.Error())
		require.NotContains(t, fmt.Sprintf("%+v %#v", err, err), canary)
		var coded interface{ SubscriptionError() string }
		require.ErrorAs(t, err, &coded)
		require.Equal(t, "error-response", coded.SubscriptionError())
	}
	require.GreaterOrEqual(t, len(cases), 40)
	t.Logf("message answers=%d", len(cases))
}

// local returns a channel that may reach the servers of this test.
func local(t testing.TB, http egress.Config) *Channel {
	http.InsecureAllowHTTP, http.AllowNetworks = true, loopback
	return channelFrom(t, Config{Source: "https://fhir.example.com/r4", HTTP: http})
}

// event is an event notification with that number.
// A receiver that refuses a message because it has it already has taken it: when it comes
// again, and only then.
func TestDuplicateIsSuccessOnARetry(t *testing.T) {
	body := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json")
		_, _ = w.Write([]byte(body))
	}))
	defer s.Close()
	c := local(t, egress.Config{})
	again := event(1)
	again.Failed = 1
	body = outcomeOf("error duplicate")
	require.ErrorIs(t, c.Send(t.Context(), subscription.Target{Endpoint: s.URL}, event(1)), FatalError)
	require.NoError(t, c.Send(t.Context(), subscription.Target{Endpoint: s.URL}, again))
	body = outcomeOf("error duplicate", "error invalid")
	require.ErrorIs(t, c.Send(t.Context(), subscription.Target{Endpoint: s.URL}, again), FatalError)
	body = outcomeOf("fatal duplicate", "error throttled")
	require.ErrorIs(t, c.Send(t.Context(), subscription.Target{Endpoint: s.URL}, again), TransientError)
}

func event(number int64) subscription.Message {
	return subscription.Message{
		ID: fmt.Sprintf("0d6a3f0e-5c1b-4b7e-9c55-%012d", number), Release: subscription.R4,
		ContentType: "application/fhir+json; fhirVersion=4.0", Body: []byte(`{"resourceType": "Bundle", "type": "history"}`),
		Notification: &notification.Notification{Timestamp: time.Date(2026, 3, 2, 8, 15, 30, 0, time.UTC)},
	}
}

func FuzzUnderstand(f *testing.F) {
	for _, body := range []string{response("ok"), response("fatal-error"), outcomeOf("error timeout"), `{"resourceType":"Bundle","entry":[]}`, "<html>", `{"a`} {
		f.Add("application/fhir+json", body)
	}
	f.Fuzz(func(t *testing.T, kind, body string) {
		err := understand(egress.Answer{Status: 200, ContentType: kind, Body: []byte(body)}, len(body)%2 == 0)
		require.Contains(t, []error{nil, TransientError, Unintelligible, subscription.Permanent(FatalError)}, err)
	})
}
