package receiver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/notification/receiver"
	"github.com/carillon-fhir/carillon/notification/receiver/receivertest"
)

func heartbeat(t testing.TB, subscription string) string {
	raw, err := notification.Append(nil, fhirpath.R4, &notification.Notification{
		ID: "h", StatusID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01", Type: notification.Heartbeat,
		Subscription: subscription, Status: "active",
	})
	require.NoError(t, err)
	return string(raw)
}

// CLI-03, CLI-07 and what hostile senders do: nothing but a notification from the server
// about an expected subscription is answered with success.
// spec: CLI-03, CLI-07, SEC-06
func TestServeHTTPAnswers(t *testing.T) {
	r, err := receiver.New(receiver.Config{
		Handle:    func(context.Context, receiver.Event) error { return nil },
		OnProblem: func(context.Context, receiver.Problem) {},
		Verify:    receiver.SharedSecret("X-Secret", "old", "new"),
		MaxBytes:  4096,
	})
	require.NoError(t, err)
	r.Expect("1")
	good := heartbeat(t, receivertest.BaseURL+"/Subscription/1")
	for _, c := range []struct {
		name, method, contentType, secret, encoding, body string
		want                                              int
	}{
		{"good", "POST", "application/fhir+json", "new", "", good, 200},
		{"former secret", "POST", "application/fhir+json", "old", "", good, 200},
		{"with a version", "POST", "application/fhir+json; fhirVersion=4.0", "new", "", good, 200},
		{"plain JSON", "POST", "application/json;charset=utf-8", "new", "", good, 200},
		{"no type", "POST", "", "new", "", good, 200},
		{"relative reference", "POST", "", "new", "", heartbeat(t, "Subscription/1"), 200},
		{"GET", "GET", "", "new", "", "", 405},
		{"PUT", "PUT", "application/fhir+json", "new", "", good, 405},
		{"no secret", "POST", "application/fhir+json", "", "", good, 401},
		{"wrong secret", "POST", "application/fhir+json", "ne", "", good, 401},
		{"a form", "POST", "application/x-www-form-urlencoded", "new", "", good, 415},
		{"XML", "POST", "application/fhir+xml", "new", "", good, 415},
		{"compressed", "POST", "application/fhir+json", "new", "gzip", good, 415},
		{"too long", "POST", "application/fhir+json", "new", "", good + strings.Repeat(" ", 4096), 413},
		{"empty", "POST", "application/fhir+json", "new", "", "", 400},
		{"no JSON", "POST", "application/fhir+json", "new", "", "{", 400},
		{"no bundle", "POST", "application/fhir+json", "new", "", `{"resourceType":"Patient","id":"1"}`, 400},
		{"another's", "POST", "application/fhir+json", "new", "", heartbeat(t, receivertest.BaseURL+"/Subscription/2"), 404},
		{"no subscription", "POST", "application/fhir+json", "new", "", heartbeat(t, "urn:uuid:0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a02"), 404},
		{"an id that leaves its place", "POST", "application/fhir+json", "new", "", heartbeat(t, receivertest.BaseURL+"/Subscription/../../x"), 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := httptest.NewRequest(c.method, "/", strings.NewReader(c.body))
			req.Header.Set("Content-Type", c.contentType)
			if c.contentType == "" {
				req.Header.Del("Content-Type")
			}
			if c.encoding != "" {
				req.Header.Set("Content-Encoding", c.encoding)
			}
			req.Header.Set("X-Secret", c.secret)
			answer := httptest.NewRecorder()
			r.ServeHTTP(answer, req)
			require.Equal(t, c.want, answer.Code)
			require.Empty(t, answer.Body.String())
		})
	}
	r.Forget("1")
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(good))
	req.Header.Set("X-Secret", "new")
	answer := httptest.NewRecorder()
	r.ServeHTTP(answer, req)
	require.Equal(t, 404, answer.Code, "nobody expects it any more")
}

// A sender that stops in the middle is cut off.
func TestServeHTTPEndsSlowRequests(t *testing.T) {
	r, err := receiver.New(receiver.Config{
		Handle:    func(context.Context, receiver.Event) error { return nil },
		OnProblem: func(context.Context, receiver.Problem) {},
		Timeout:   50 * time.Millisecond,
	})
	require.NoError(t, err)
	web := httptest.NewServer(r)
	defer web.Close()
	body := &never{release: make(chan struct{})}
	defer close(body.release)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL, body)
	require.NoError(t, err)
	req.ContentLength = 100
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err == nil { // the answer may arrive before the connection is closed
		require.Equal(t, http.StatusBadRequest, resp.StatusCode)
		require.NoError(t, resp.Body.Close())
	}
}

type never struct{ release chan struct{} }

func (n *never) Read([]byte) (int, error) {
	<-n.release
	return 0, http.ErrBodyReadAfterClose
}

func TestNewListsWhatIsWrong(t *testing.T) {
	_, err := receiver.New(receiver.Config{MaxBytes: -1})
	require.ErrorContains(t, err, "Handle")
	require.ErrorContains(t, err, "OnProblem")
	require.ErrorContains(t, err, "MaxBytes")
}
