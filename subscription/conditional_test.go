package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// distant is a shared store to and from which every message takes its time.
type distant struct{ *sharedStore }

func travel() { time.Sleep(time.Duration(rand.IntN(5)) * time.Millisecond) }

func (s distant) PutSubscription(ctx context.Context, r subscription.Record, revision int64) (subscription.Record, error) {
	travel()
	defer travel()
	return s.sharedStore.PutSubscription(ctx, r, revision)
}

func (s distant) ListSubscriptions(ctx context.Context, q subscription.ListQuery) ([]subscription.Record, error) {
	travel()
	defer travel()
	return s.sharedStore.ListSubscriptions(ctx, q)
}

func (s distant) DeleteSubscription(ctx context.Context, tenant, id string, revision int64) error {
	travel()
	defer travel()
	return s.sharedStore.DeleteSubscription(ctx, tenant, id, revision)
}

// ifNoneExist creates on the condition that there is none with that endpoint.
func ifNoneExist(w *world, host string) (code int, id string) {
	h := w.Handler(subscription.HandlerConfig{})
	r := httptest.NewRequest("POST", base+"/Subscription", strings.NewReader(subscriptionJSON(anyPatient, endpoint(host))))
	r.Header.Set("If-None-Exist", "url=https://"+host+"/hook&type=rest-hook")
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	var s struct{ ID string }
	_ = json.Unmarshal(answer.Body.Bytes(), &s)
	return answer.Code, s.ID
}

// Of all who create on a condition, on whichever node, one does, and all learn of the same
// Subscription.
func TestConditionalCreatesOnManyNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := distant{newSharedStore(1)}
		a, b := twoNodes(t, store)
		c := &world{t: t, peer: a.peer}
		c.start(func(cfg *subscription.Config) { cfg.Store, cfg.Node = store, "c" })
		const rounds = 100
		for round := range rounds {
			host := fmt.Sprint("h", round, ".example.org")
			var mu sync.Mutex
			codes, ids := map[int]int{}, map[string]bool{}
			var wg sync.WaitGroup
			for i := range 9 {
				wg.Go(func() {
					code, id := ifNoneExist([]*world{a, b, c}[i%3], host)
					mu.Lock()
					defer mu.Unlock()
					codes[code]++
					ids[id] = true
				})
			}
			wg.Wait()
			require.Equal(t, map[int]int{201: 1, 200: 8}, codes)
			require.Len(t, ids, 1)
		}
		time.Sleep(time.Minute)
		found, err := a.Search(t.Context(), "", nil)
		require.NoError(t, err)
		require.Equal(t, rounds, found.Total)
		require.Len(t, a.peer.seen(notification.Handshake), rounds, "none for what was withdrawn")
		for _, s := range found.Matches {
			require.Equal(t, "active", a.status(s.ID))
		}
		for _, w := range []*world{a, b, c} {
			require.NoError(t, w.stop())
		}
	})
}

// What a node that died has created on a condition stays, and others find it.
func TestConditionalCreateOfANodeThatDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newSharedStore(1)
		a, b := twoNodes(t, store)
		dead := dying{sharedStore: store, puts: new(int)}
		d := &world{t: t, peer: a.peer}
		d.start(func(cfg *subscription.Config) { cfg.Store, cfg.Node = dead, "d" })
		code, _ := ifNoneExist(d, "h.example.org")
		require.Equal(t, 500, code)
		began := time.Now()
		code, id := ifNoneExist(b, "h.example.org")
		require.Equal(t, 200, code)
		require.LessOrEqual(t, time.Since(began), 11*time.Second)
		require.Equal(t, "active", b.status(id))
		for _, w := range []*world{a, b, d} {
			require.NoError(t, w.stop())
		}
	})
}

// dying is a shared store that one node reaches for one write only.
type dying struct {
	*sharedStore
	puts *int
}

func (s dying) PutSubscription(ctx context.Context, r subscription.Record, revision int64) (subscription.Record, error) {
	if *s.puts++; *s.puts > 1 {
		return r, errStore
	}
	return s.sharedStore.PutSubscription(ctx, r, revision)
}

// A condition holds up nobody who has another.
func TestConditionsDontWaitForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowFor{Store: newSharedStore(1).Store, host: "slow.example.org"}
		w := newWorld(t, func(c *subscription.Config) { c.Store = slow })
		go func() { _, _ = ifNoneExist(w, "slow.example.org") }()
		time.Sleep(time.Second)
		began := time.Now()
		code, _ := ifNoneExist(w, "quick.example.org")
		require.Equal(t, 201, code)
		require.Less(t, time.Since(began), time.Second)
		time.Sleep(time.Minute)
		require.NoError(t, w.stop())
	})
}

// slowFor takes long to store what goes to one host.
type slowFor struct {
	subscription.Store
	host string
}

func (s *slowFor) PutSubscription(ctx context.Context, r subscription.Record, revision int64) (subscription.Record, error) {
	if strings.Contains(string(r.Resource), s.host) {
		time.Sleep(20 * time.Second)
	}
	return s.Store.PutSubscription(ctx, r, revision)
}
