package fhirproxy_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/examples/proxy/fhirproxy"
	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/subscription"
)

// A server that knows nothing of subscriptions gets them.
func Example() {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json")
		if strings.HasSuffix(r.URL.Path, "/metadata") {
			io.WriteString(w, `{"resourceType":"CapabilityStatement","rest":[{"mode":"server"}]}`)
			return
		}
		io.WriteString(w, `{"resourceType":"Patient","id":"1","gender":"female"}`)
	}))
	defer upstream.Close()

	shipped, _ := topics.Shipped(subscription.R4)
	proxy, err := fhirproxy.Open(context.Background(), fhirproxy.Config{
		Upstream: upstream.URL + "/r4",
		Config:   host.Config{BaseURL: "https://fhir.example.org/r4", Topics: shipped},
	})
	if err != nil {
		panic(err)
	}
	defer proxy.Close()
	get := func(path string) string {
		w := httptest.NewRecorder()
		proxy.Handler().ServeHTTP(w, httptest.NewRequest("GET", "https://fhir.example.org/r4"+path, nil))
		return w.Body.String()
	}
	fmt.Println(get("/Patient/1"))
	fmt.Println(strings.Contains(get("/metadata"), "topics/patient-change"))
	fmt.Println(strings.Contains(get("/Basic?code=http%3A%2F%2Fhl7.org%2Ffhir%2Ffhir-types%7CSubscriptionTopic"), `"total":5`))
	// Output:
	// {"resourceType":"Patient","id":"1","gender":"female"}
	// true
	// true
}
