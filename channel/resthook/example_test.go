package resthook_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/carillon-fhir/carillon/channel/resthook"
	"github.com/carillon-fhir/carillon/subscription"
)

func ExampleNew() {
	hooks := resthook.New(resthook.Config{}) // into the Channels of subscription.Config
	defer func() { _ = hooks.Close() }()

	err := hooks.Check(context.Background(), subscription.Target{Endpoint: "https://169.254.169.254/latest"})
	fmt.Println(hooks.Type())
	fmt.Println(err)
	// Output:
	// rest-hook
	// Subscription.channel.endpoint: blocked address
}

func ExampleChannel_Send() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.Header.Get("Content-Type"), r.Header.Get("Authorization"))
	}))
	defer endpoint.Close()

	hooks := resthook.New(resthook.Config{ // for development
		InsecureAllowHTTP: true,
		AllowNetworks:     []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	defer func() { _ = hooks.Close() }()
	err := hooks.Send(context.Background(), subscription.Target{
		Endpoint: endpoint.URL,
		Headers:  []string{"Authorization: Basic a:b"},
	}, subscription.Message{ContentType: "application/fhir+json", Body: []byte(`{"resourceType":"Bundle"}`)})
	fmt.Println(err)
	// Output:
	// POST application/fhir+json Basic a:b
	// <nil>
}
