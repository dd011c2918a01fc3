package fhirserver_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/fhirpath"
)

// A server in the test's own process: nothing listens, nothing stays behind.
func ExampleOpen() {
	shipped, err := topics.Shipped(fhirpath.R4)
	if err != nil {
		log.Fatal(err)
	}
	server, err := fhirserver.Open(context.Background(), fhirserver.Config{Config: host.Config{
		BaseURL: "http://example.test/fhir", Store: "memory", Topics: shipped,
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	body := strings.NewReader(`{"resourceType":"Observation","status":"final","valueQuantity":{"value":1.00}}`)
	w := httptest.NewRecorder()
	server.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPut, "http://example.test/fhir/Observation/o1",
		strings.NewReader(`{"resourceType":"Observation","id":"o1","status":"final","valueQuantity":{"value":1.00}}`)))
	fmt.Println(w.Code, w.Header().Get("ETag"), strings.Contains(w.Body.String(), `"value":1.00`))

	w = httptest.NewRecorder()
	server.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://example.test/fhir/Patient", body))
	fmt.Println(w.Code, w.Body)
	// Output:
	// 201 W/"1" true
	// 400 {"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid","diagnostics":"the resource is not of the type Patient that the URL names","expression":["resourceType"]}]}
}
