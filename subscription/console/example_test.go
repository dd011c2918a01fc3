package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/subscription/console"
)

// A host mounts the console behind its own authentication. Operators may look; those on
// call may also do something.
func Example() {
	traffic := new(console.Traffic)
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4", Store: memory.New(),
		Channels: []subscription.Channel{new(peer)}, Authorizer: subscription.InsecureAllowAll{},
		Observer: traffic,
	})
	if err != nil {
		panic(err)
	}
	page := console.New(engine, console.Config{
		Traffic: traffic,
		Authorize: func(r *http.Request, a console.Action, tenant, id string) bool {
			return r.Header.Get("X-Role") == "on-call" && a != console.TurnOff
		},
	})
	operatorsOnly := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Role") == "" {
				http.Error(w, "who are you?", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	mux := http.NewServeMux()
	mux.Handle("/ops/", operatorsOnly(page))

	for _, role := range []string{"", "operator"} {
		r := httptest.NewRequest("GET", "/ops/subscriptions", nil)
		r.Header.Set("X-Role", role)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Header().Get("Content-Type"))
	}
	// Output:
	// 401 text/plain; charset=utf-8
	// 200 text/html; charset=utf-8
}
