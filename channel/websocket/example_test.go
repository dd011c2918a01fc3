package websocket_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	library "github.com/coder/websocket"

	"github.com/carillon-fhir/carillon/channel/websocket"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// A host with a websocket, and a subscriber who connects to it.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	mux := http.NewServeMux()
	web := httptest.NewServer(mux)
	defer web.Close()

	sockets, err := websocket.New(websocket.Config{URL: "ws" + strings.TrimPrefix(web.URL, "http") + "/r4/ws"})
	check(err)
	patients, err := topic.Parse([]byte(`{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/patient","status":"active","resourceTrigger":[{"resource":"Patient"}]}`))
	check(err)
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: web.URL + "/r4", Store: memory.New(), Topics: []*topic.Topic{patients},
		Channels: []subscription.Channel{sockets}, Authorizer: subscription.InsecureAllowAll{},
	})
	check(err)
	mux.Handle("/r4/ws", sockets.Handler(engine))
	ended := make(chan error)
	go func() { ended <- engine.Run(ctx) }()

	created, err := engine.Create(ctx, "", []byte(`{"resourceType":"Subscription","status":"requested","reason":"example",
		"criteria":"https://topics.example.org/patient","channel":{"type":"websocket"}}`))
	check(err)
	token, err := engine.BindingToken(ctx, "", []string{created.ID})
	check(err)
	var client *library.Conn
	for client == nil { // Run begins in a moment
		if client, _, err = library.Dial(ctx, token.URL, nil); err != nil {
			time.Sleep(time.Millisecond)
		}
	}
	check(client.Write(ctx, library.MessageText, []byte("bind-with-token "+token.Token)))
	check(engine.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create, Resource: []byte(`{"resourceType":"Patient","id":"1"}`)}))
	for range 2 {
		_, text, err := client.Read(ctx)
		check(err)
		n, err := notification.Parse(text)
		check(err)
		fmt.Println(n.Type, n.EventsSinceSubscriptionStart)
	}
	stop()
	_, _, err = client.Read(context.Background())
	fmt.Println(library.CloseStatus(err))
	check(<-ended)
	check(sockets.Close())
	// Output:
	// handshake 0
	// event-notification 1
	// StatusGoingAway
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
