package egress_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/carillon-fhir/carillon/channel/egress"
	"github.com/carillon-fhir/carillon/subscription"
)

// Put sends a resource to the place where a FHIR service keeps it.
func ExampleSender_Put() {
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { fmt.Println(r.Method, r.URL.Path) }))
	defer service.Close()
	sender := egress.New(egress.Config{InsecureAllowHTTP: true, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	defer func() { _ = sender.Close() }()
	fmt.Println(sender.Put(context.Background(), subscription.Target{Endpoint: service.URL + "/Patient/1"}, subscription.Message{Body: []byte(`{"resourceType":"Patient","id":"1"}`)}))
	// Output:
	// PUT /Patient/1
	// <nil>
}

// Keys that can't be read are errors, and none shows itself when it is printed.
func ExampleParseSigningKey() {
	key, err := egress.ParseSigningKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	fmt.Printf("%v %v\n", key, err)
	_, err = egress.ParseSigningKey("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	fmt.Println(errors.Is(err, egress.ErrSigningKey))
	_, err = egress.ParseClientKey([]byte(`{"kty":"oct","k":"c2VjcmV0"}`))
	fmt.Println(errors.Is(err, egress.ErrClientKey))
	// Output:
	// SigningKey(v1) <nil>
	// true
	// true
}
