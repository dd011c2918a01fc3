package fhirserver

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// TestMessages: a Subscription may have its notifications sent as FHIR messages.
func TestMessages(t *testing.T) {
	s := open(t)
	received := make(chan fhirpath.Node, 10)
	ehr := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the attempt was cut off
		}
		doc, err := fhirpath.Parse(body)
		if err != nil || r.URL.Path != "/fhir/$process-message" {
			t.Error(r.URL.Path, err)
			return
		}
		received <- doc.Root()
		w.WriteHeader(http.StatusAccepted)
	}))
	defer ehr.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	defer func() {
		cancel()
		require.NoError(t, <-ended)
	}()

	made := send(t, s, "POST", "/Subscription", `{"resourceType":"Subscription","status":"requested","reason":"test",
		"criteria":"https://carillon-fhir.github.io/topics/bilirubin-high",
		"channel":{"type":"message","endpoint":"`+ehr.URL+`/fhir","payload":"application/fhir+json"}}`)
	require.Equal(t, http.StatusCreated, made.status, string(made.raw))
	message := <-received
	require.True(t, message.Get("type").Is("message"))
	var kinds []string
	for entry := range message.Get("entry").Elements() {
		resource := entry.Get("resource")
		kinds = append(kinds, resource.Get("resourceType").Text())
		if resource.Get("resourceType").Is("MessageHeader") {
			require.True(t, resource.Path("source", "endpoint").Is(base))
		}
	}
	require.Equal(t, []string{"MessageHeader", "Bundle"}, kinds)

	refused := send(t, s, "POST", "/Subscription", `{"resourceType":"Subscription","status":"requested","reason":"test",
		"criteria":"https://carillon-fhir.github.io/topics/bilirubin-high",
		"channel":{"type":"message","endpoint":"`+ehr.URL+`/fhir?a=b","payload":"application/fhir+json"}}`)
	require.Equal(t, http.StatusUnprocessableEntity, refused.status)
	require.Contains(t, string(refused.raw), "Subscription.channel.endpoint")
}
