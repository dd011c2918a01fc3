package receiver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/carillon-fhir/carillon/notification/receiver"
	"github.com/carillon-fhir/carillon/notification/receiver/receivertest"
)

// A subscriber handles each event once, in order, though the network loses the second
// notification and repeats the third.
func Example() {
	var server *receivertest.Server
	r, err := receiver.New(receiver.Config{
		Verify: receiver.SharedSecret("X-Secret", "hush"),
		Handle: func(_ context.Context, e receiver.Event) error {
			fmt.Println(e.Number, e.Focus.URL, e.Recovered)
			return nil
		},
		OnProblem: func(_ context.Context, p receiver.Problem) { fmt.Println(p) },
		Source:    source(&server),
	})
	if err != nil {
		log.Fatal(err)
	}
	server = receivertest.New(r, "X-Secret", "hush")
	server.Handshake("1")
	for i := range 4 {
		server.Happen("1", json.RawMessage(fmt.Sprintf(`{"resourceType":"Encounter","id":"e%d"}`, i+1)))
	}
	server.Send("1", 1)
	server.Send("1", 3)
	server.Send("1", 3)
	server.Send("1", 4)
	// Output:
	// 1 Encounter/e1 false
	// 2 Encounter/e2 true
	// 3 Encounter/e3 false
	// 4 Encounter/e4 false
}
