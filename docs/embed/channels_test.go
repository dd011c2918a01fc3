package embed_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/carillon-fhir/carillon/channel/resthook"
	"github.com/carillon-fhir/carillon/channel/websocket"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// mount puts the engine's handlers beside a server whose own routes have a wildcard for the
// type, such as /r4/{type}/{id}: those go below one prefix, where the mux sees no conflict.
func mount(engine *subscription.Engine, sockets *websocket.Channel, own http.Handler) http.Handler {
	subscriptions := authenticated(engine.Handler(subscription.HandlerConfig{}))
	mux := http.NewServeMux()
	mux.Handle("/r4/Subscription", subscriptions)
	mux.Handle("/r4/Subscription/", subscriptions)
	mux.Handle("/r4/ws", sockets.Handler(engine)) // not authenticated: browsers show a token instead
	mux.Handle("/r4/", authenticated(own))
	return mux
}

func Example_channels() {
	hooks := resthook.New(resthook.Config{}) // https, on the open internet
	defer hooks.Close()
	sockets, err := websocket.New(websocket.Config{URL: "wss://fhir.example.org/r4/ws"})
	if err != nil {
		log.Fatal(err)
	}
	defer sockets.Close()
	offered, err := topics()
	if err != nil {
		log.Fatal(err)
	}
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
		Store: memory.New(), Channels: []subscription.Channel{hooks, sockets}, Topics: offered, Authorizer: policy{},
	})
	if err != nil {
		log.Fatal(err)
	}
	own := http.NewServeMux()
	own.HandleFunc("GET /r4/{type}/{id}", func(http.ResponseWriter, *http.Request) {})
	server := mount(engine, sockets, own) // which does not run yet: nobody can connect
	for _, path := range []string{"/r4/Patient/1", "/r4/Subscription", "/r4/Subscription/1", "/r4/ws"} {
		for _, user := range []string{"", "Bearer practice-7"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Header.Set("Authorization", user)
			w := httptest.NewRecorder()
			server.ServeHTTP(w, r)
			fmt.Print(w.Code, " ")
		}
		fmt.Println(path)
	}
	// Output:
	// 401 200 /r4/Patient/1
	// 401 200 /r4/Subscription
	// 401 404 /r4/Subscription/1
	// 503 503 /r4/ws
}
