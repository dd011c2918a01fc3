package embed_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"

	"github.com/carillon-fhir/carillon/channel/resthook"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// subscriber tells what arrives at an endpoint.
func subscriber() (endpoint *httptest.Server, arrived <-chan string) {
	all := make(chan string, 10)
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		n, err := notification.Parse(body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		text := string(n.Type)
		for _, e := range n.Events {
			text += fmt.Sprint(" ", e.Number, " ", e.Focus.FullURL)
		}
		all <- text
	})), all
}

// subscriptionTo is a Subscription as a client writes it.
func subscriptionTo(endpoint string) string {
	return strings.ReplaceAll(`{
		"resourceType": "Subscription", "status": "requested", "reason": "ward board",
		"criteria": "https://fhir.example.org/topics/patient",
		"channel": {"type": "rest-hook", "endpoint": "ENDPOINT", "payload": "application/fhir+json",
			"_payload": {"extension": [{
				"url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content",
				"valueCode": "id-only"}]}}
	}`, "ENDPOINT", endpoint)
}

// localChannels let an endpoint be on this machine, which only tests want.
func localChannels() []subscription.Channel {
	return []subscription.Channel{resthook.New(resthook.Config{
		InsecureAllowHTTP: true, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})}
}
