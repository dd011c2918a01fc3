package websocket_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	server "github.com/coder/websocket"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/notification/receiver"
	"github.com/carillon-fhir/carillon/notification/receiver/receivertest"
	"github.com/carillon-fhir/carillon/notification/receiver/websocket"
)

// Run keeps a Subscription bound; what was missed is fetched after each binding.
func ExampleClient() {
	events := receivertest.New(http.NotFoundHandler()) // behind the FHIR server of this example
	events.Happen("1", json.RawMessage(`{"resourceType":"Encounter","id":"e1"}`))
	mux := http.NewServeMux()
	fhir := httptest.NewServer(mux)
	defer fhir.Close()
	mux.Handle("/fhir/", events)
	mux.HandleFunc("/fhir/Subscription/$get-ws-binding-token", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"resourceType":"Parameters","parameter":[{"name":"token","valueString":"t"},{"name":"expiration","valueDateTime":"%s"},
			{"name":"subscription","valueString":"1"},{"name":"websocket-url","valueUrl":"ws%s/ws"}]}`, time.Now().Add(time.Hour).Format(time.RFC3339), fhir.URL[len("http"):])
	})
	mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		conn, err := server.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		_, text, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		fmt.Println(string(text))
		n, err := events.Status(r.Context(), "1")
		if err != nil {
			return
		}
		n.Type = notification.Handshake // it says how many events there are
		raw, err := notification.Append(nil, fhirpath.R4, n)
		if err != nil || conn.Write(r.Context(), server.MessageText, raw) != nil {
			return
		}
		<-conn.CloseRead(r.Context()).Done()
	})

	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	web := &http.Client{Transport: transport}
	source, err := receiver.NewServer(receiver.ServerConfig{BaseURL: fhir.URL + "/fhir", Client: web})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r, err := receiver.New(receiver.Config{
		Source: source,
		Handle: func(_ context.Context, e receiver.Event) error {
			fmt.Println(e.Number, e.Focus.URL)
			stop()
			return nil
		},
		OnProblem: func(context.Context, receiver.Problem) {},
	})
	if err != nil {
		log.Fatal(err)
	}
	client, err := websocket.New(websocket.Config{BaseURL: fhir.URL + "/fhir", Client: web, Receiver: r, Subscriptions: []string{"1"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.Run(ctx))
	// Output:
	// bind-with-token t
	// 1 Encounter/e1
	// <nil>
}
