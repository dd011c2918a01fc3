package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// owned gives everything to one owner, and lets everybody do everything.
type owned struct{ subscription.InsecureAllowAll }

func (owned) AuthorizeSubscription(context.Context, *subscription.Subscription) (string, error) {
	return "Practitioner/a", nil
}

// sink is two channels that are never used.
type sink struct{ name string }

func (s sink) Type() string                                                        { return s.name }
func (sink) URL() string                                                           { return "wss://fhir.example.org/ws" }
func (sink) Check(context.Context, subscription.Target) error                      { return nil }
func (sink) Send(context.Context, subscription.Target, subscription.Message) error { return nil }

// hook is a sink that nobody connects to.
type hook struct{ subscription.Channel }

// idle returns engines over a store that are not run, one for each handle.
func idle(t testing.TB, perOwner int, stores ...subscription.Store) (engines []*subscription.Engine) {
	parsed, err := topic.Parse([]byte(topicJSON))
	require.NoError(t, err)
	for i, store := range stores {
		e, err := subscription.New(subscription.Config{
			Store: store, Channels: []subscription.Channel{hook{sink{"rest-hook"}}, sink{"websocket"}}, Topics: []*topic.Topic{parsed},
			Authorizer: owned{}, BaseURL: "https://fhir.example.org/r4", Release: subscription.R4, PerOwner: perOwner, Node: fmt.Sprint("node", i),
		})
		require.NoError(t, err)
		engines = append(engines, e)
	}
	return engines
}

// Quotas is I6 on a store: of many Subscriptions and binding tokens of one owner that are asked
// for at the same time, no more are stored than there may be, and as many if they come again.
func Quotas(t testing.TB, h storetest.Harness) {
	const most, asked = 20, 100
	store := h.New(t)
	e := idle(t, most, store)[0]
	fill := func(ask func(i int) error) (stored int) {
		var mu sync.Mutex
		for round := 0; round < 2 || stored < most; round++ {
			var wg sync.WaitGroup
			for i := range asked / 10 {
				for j := range 10 {
					wg.Go(func() {
						err := ask(1000*round + 10*i + j)
						var refusal *subscription.Refusal
						mu.Lock()
						defer mu.Unlock()
						if err == nil {
							stored++
						} else if !errors.As(err, &refusal) {
							t.Error(err)
						}
					})
				}
			}
			wg.Wait()
			require.Less(t, round, 100)
		}
		return stored
	}
	ws := strings.Replace(subscriptionJSON("s", 1, nil), `"rest-hook"`, `"websocket"`, 1)
	id := ""
	var mu sync.Mutex
	subscriptions := fill(func(int) error {
		s, err := e.Create(t.Context(), "north", json.RawMessage(ws))
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			id = s.ID
		}
		return err
	})
	tokens := fill(func(int) error {
		_, err := e.BindingToken(t.Context(), "north", []string{id})
		return err
	})
	_, err := e.Create(t.Context(), "south", json.RawMessage(ws))
	require.NoError(t, err, "another tenant")
	t.Logf("I6 asked=%d subscriptions=%d tokens=%d most=%d", asked, subscriptions, tokens, most)
	require.Equal(t, most, subscriptions)
	require.Equal(t, most, tokens)
}

// Conditions is how conditional creates at the same time end on a store, on each of its nodes:
// with one Subscription, which all who asked are told of.
func Conditions(t testing.TB, h storetest.Harness, rounds int) {
	stores := []subscription.Store{h.New(t)}
	if h.Another != nil {
		stores = append(stores, h.Another(t, stores[0]))
	}
	engines := idle(t, 10000, stores...)
	for round := range rounds {
		endpoint := fmt.Sprintf("https://h%d.example.org/hook", round)
		body := strings.Replace(subscriptionJSON("s", 1, nil), "https://subscriber.example.org/hook", endpoint, 1)
		var mu sync.Mutex
		codes, ids := map[int]int{}, map[string]bool{}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				r := httptest.NewRequest(http.MethodPost, "https://fhir.example.org/r4/Subscription", strings.NewReader(body))
				r.Header.Set("If-None-Exist", "url="+endpoint)
				w := httptest.NewRecorder()
				engines[i%len(engines)].Handler(subscription.HandlerConfig{}).ServeHTTP(w, r)
				var got struct{ ID string }
				_ = json.Unmarshal(w.Body.Bytes(), &got) // an empty id is one too many
				mu.Lock()
				defer mu.Unlock()
				codes[w.Code]++
				ids[got.ID] = true
			})
		}
		wg.Wait()
		require.Equal(t, map[int]int{http.StatusCreated: 1, http.StatusOK: 7}, codes)
		require.Len(t, ids, 1)
	}
	found, err := engines[0].Search(t.Context(), "", nil)
	require.NoError(t, err)
	require.Equal(t, rounds, found.Total)
	t.Logf("conditional creates=%d nodes=%d stored=%d", 8*rounds, len(engines), found.Total)
}
