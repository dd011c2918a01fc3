package remote_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/carillon-fhir/carillon/examples/playground/feed"
	"github.com/carillon-fhir/carillon/examples/playground/remote"
	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/fhirpath"
)

func Example() {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"resourceType":"CapabilityStatement","fhirVersion":"5.0.0","software":{"name":"A server"}}`))
	}))
	defer web.Close()
	server, err := remote.New(remote.Config{BaseURL: web.URL, Feed: feed.New(10, 1<<20)})
	if err != nil {
		panic(err)
	}
	capability, err := server.Capability(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(capability.Software, capability.Release, capability.Rows[0].What, capability.Rows[0].Answer)
	fmt.Println(len(server.Exchanges()))
	// Output:
	// A server R5 Subscriptions can be created no
	// 1
}

func ExampleDescribe() {
	shipped, err := topics.Shipped(fhirpath.R4)
	if err != nil {
		panic(err)
	}
	t := remote.Describe(fhirpath.R4, shipped[2])
	fmt.Println(t.Title)
	fmt.Println(t.Triggers[0].Resource, t.Triggers[0].Words)
	for _, criterion := range t.Triggers[0].Criteria[:3] {
		fmt.Println("-", criterion)
	}
	fmt.Println(t.Filters[0].Parameter, t.Filters[0].Kind, t.Filters[0].Targets)
	// Output:
	// Encounter start
	// Encounter when it is created or updated
	// - before the change: status:not=in-progress
	// - after the change: status=in-progress
	// - both must be true
	// patient reference [Patient Group]
}
