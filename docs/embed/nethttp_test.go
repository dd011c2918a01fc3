package embed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/subscription"
)

// host is a FHIR server whose resources are not in a database.
type host struct {
	engine *subscription.Engine

	mu       sync.Mutex
	patients map[string]json.RawMessage
}

// put serves PUT [base]/Patient/[id].
func (h *host) put(w http.ResponseWriter, r *http.Request) {
	patient, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	h.mu.Lock() // changes of one resource are recorded in their order
	defer h.mu.Unlock()
	id := r.PathValue("id")
	change := subscription.ResourceChange{Interaction: subscription.Update, Resource: patient, Previous: h.patients[id]}
	if change.Previous == nil {
		change.Interaction = subscription.Create
	}
	if err := h.engine.OnResourceChange(r.Context(), change); err != nil {
		w.WriteHeader(http.StatusInternalServerError) // nothing has happened
		return
	}
	h.patients[id] = patient
}

// serve builds the host: the engine over a file of its own, and the handlers.
func serve(ctx context.Context, file string, channels []subscription.Channel) (http.Handler, func() error, error) {
	db, err := modernc.Open(file)
	if err != nil {
		return nil, nil, err
	}
	store := sqlite.New(db, sqlite.Config{})
	if err := store.Migrate(ctx); err != nil {
		return nil, nil, err
	}
	offered, err := topics()
	if err != nil {
		return nil, nil, err
	}
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
		Store: store, Channels: channels, Topics: offered, Authorizer: policy{},
	})
	if err != nil {
		return nil, nil, err
	}
	h := &host{engine: engine, patients: map[string]json.RawMessage{}}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /r4/Patient/{id}", h.put)
	subscriptions := engine.Handler(subscription.HandlerConfig{})
	mux.Handle("/r4/Subscription", subscriptions)
	mux.Handle("/r4/Subscription/", subscriptions)
	mux.Handle("/r4/Basic", subscriptions) // where R4 clients find the topics
	mux.Handle("/r4/Basic/", subscriptions)

	ended := make(chan error)
	go func() { ended <- engine.Run(ctx) }()
	wait := func() error { // after ctx has ended
		err := <-ended
		db.Close()
		return err
	}
	return authenticated(mux), wait, nil
}

// A plain net/http host, and a client that subscribes to it.
func Example_netHTTP() {
	dir, err := os.MkdirTemp("", "carillon")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(context.Background())
	handler, wait, err := serve(ctx, filepath.Join(dir, "subscriptions.db"), localChannels())
	if err != nil {
		log.Fatal(err)
	}
	endpoint, arrived := subscriber()
	defer endpoint.Close()

	request := func(method, path, body string) int {
		r := httptest.NewRequest(method, "/r4"+path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer practice-7")
		r.Header.Set("Content-Type", "application/fhir+json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}
	fmt.Println(request("POST", "/Subscription", subscriptionTo(endpoint.URL)))
	fmt.Println(<-arrived)
	fmt.Println(request("PUT", "/Patient/1", `{"resourceType":"Patient","id":"1","managingOrganization":{"reference":"Organization/practice-7"}}`))
	fmt.Println(<-arrived)
	fmt.Println(request("PUT", "/Patient/2", `{"resourceType":"Patient","id":"2","managingOrganization":{"reference":"Organization/other"}}`))
	fmt.Println(request("PUT", "/Patient/1", `{"resourceType":"Patient","id":"1","active":true,"managingOrganization":{"reference":"Organization/practice-7"}}`))
	fmt.Println(<-arrived)

	stop()
	fmt.Println(wait())
	// Output:
	// 201
	// handshake
	// 200
	// event-notification 1 https://fhir.example.org/r4/Patient/1
	// 200
	// 200
	// event-notification 2 https://fhir.example.org/r4/Patient/1
	// <nil>
}
