package console_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/subscription/console"
)

// counting is a store that counts what reads it.
type counting struct {
	subscription.Store
	lists, listed, others atomic.Int64
}

func (c *counting) ListSubscriptions(ctx context.Context, q subscription.ListQuery) ([]subscription.Record, error) {
	list, err := c.Store.ListSubscriptions(ctx, q)
	c.lists.Add(1)
	c.listed.Add(int64(len(list)))
	return list, err
}

func (c *counting) GetSubscription(ctx context.Context, tenant, id string) (subscription.Record, error) {
	c.others.Add(1)
	return c.Store.GetSubscription(ctx, tenant, id)
}

func (c *counting) ReadEvents(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
	c.others.Add(1)
	return c.Store.ReadEvents(ctx, key, first, last, limit)
}

func (c *counting) CountSubscriptions(ctx context.Context, tenant, owner string, limit int) (int, error) {
	c.others.Add(1)
	return c.Store.CountSubscriptions(ctx, tenant, owner, limit)
}

// read returns what one request has asked of the store.
func (c *counting) read() (lists, listed, others int64) {
	return c.lists.Swap(0), c.listed.Swap(0), c.others.Swap(0)
}

// fill puts n Subscriptions into a store, of which every tenth is in error and every
// seventh fails.
func (w *world) fill(store subscription.Store, n int) {
	first := w.create("t0", "https://a.example.org/hook", "Patient?gender=female")
	model, err := store.GetSubscription(w.t.Context(), "t0", first)
	require.NoError(w.t, err)
	var work sync.WaitGroup
	numbers := make(chan int)
	for range 2000 {
		work.Go(func() {
			for i := range numbers {
				r := model
				r.Tenant, r.ID = fmt.Sprintf("t%d", i%3), fmt.Sprintf("s%06d", i)
				r.Resource = []byte(strings.ReplaceAll(string(model.Resource), first, r.ID))
				r.Status, r.Due = subscription.StatusActive, time.Time{}
				if i%7 == 0 {
					r.Attempt, r.FailingSince = 3, time.Unix(1e9, 0)
				}
				if i%10 == 0 {
					r.Status, r.Error = subscription.StatusError, "no-response"
				}
				if _, err := store.PutSubscription(w.t.Context(), r, 0); err != nil {
					w.t.Error(err)
				}
			}
		})
	}
	for i := range n - 1 {
		numbers <- i + 1
	}
	close(numbers)
	work.Wait()
}

// A hundred thousand Subscriptions make no page larger, and no request looks at all of them.
func TestManySubscriptions(t *testing.T) {
	for name, open := range map[string]func(*testing.T) subscription.Store{
		"memory": func(*testing.T) subscription.Store { return memory.New() },
		"sqlite": func(t *testing.T) subscription.Store {
			db, err := modernc.Open(filepath.Join(t.TempDir(), "many.db"))
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			store := sqlite.New(db, sqlite.Config{MaxBatch: 2000})
			require.NoError(t, store.Migrate(t.Context()))
			return store
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 25_000 // more than a request may list
			switch {
			case os.Getenv("CARILLON_SOAK") != "":
				n = 100_000
			case testing.Short():
				n = 10_000
			}
			store := &counting{Store: open(t)}
			w := newWorld(t, console.Config{Authorize: everything}, func(c *subscription.Config) { c.Store = store })
			w.fill(store, n)
			store.read()
			requests, longest := 0, 0
			get := func(page string) string {
				t.Helper()
				body := w.look(page)
				lists, listed, others := store.read()
				require.LessOrEqual(t, lists, int64(20), page)
				require.LessOrEqual(t, listed, int64(20_000), page)
				require.LessOrEqual(t, others, int64(52), page)
				require.Less(t, len(body), 100_000, page)
				requests, longest = requests+1, max(longest, len(body))
				return body
			}
			total := regexp.MustCompile(`<b>([0-9\x{202f}]+)</b><span>Subscriptions</span>`)
			home := get("")
			for range 100 { // each look counts a part
				if total.MatchString(home) {
					break
				}
				home = get("")
			}
			looks := requests
			digits := strings.ReplaceAll(total.FindStringSubmatch(home)[1], "\u202f", "")
			require.Equal(t, fmt.Sprint(n), digits)
			require.Equal(t, 20, strings.Count(home, "<tr>")-1, "the worst of them")
			// all pages of a tenant hold each of its Subscriptions once
			if n == 10_000 {
				seen, ids := map[string]bool{}, regexp.MustCompile(`<code>([-\w]+)</code>`)
				for next := "subscriptions?tenant=t1"; next != ""; {
					body := get(next)
					for _, m := range ids.FindAllStringSubmatch(body, -1) {
						require.False(t, seen[m[1]], m[1])
						seen[m[1]] = true
					}
					next = nextOf(body)
				}
				require.Len(t, seen, (n+1)/3)
			}
			// what is rare is found by going on, a bounded part at a time
			for state, most := range map[string]int{"": 2, "error": 3, "failing": 3, "off": n/5000 + 1} {
				next, pages := "subscriptions?state="+state, 0
				for ; next != "" && pages < most; pages++ {
					next = nextOf(get(next))
				}
				require.Equal(t, state == "off", next == "", "%q: %d pages", state, pages)
			}
			get("subscription?tenant=t1&id=s000001")
			t.Logf("store=%s subscriptions=%d requests=%d looks_until_counted=%d longest_page=%dB", name, n, requests, looks, longest)
		})
	}
}

func nextOf(body string) string {
	_, after, found := strings.Cut(body, `rel="next" href="`)
	if !found {
		return ""
	}
	link, _, _ := strings.Cut(after, `"`)
	return strings.ReplaceAll(link, "&amp;", "&")
}

// Many who look at once see what one would see, and count once; later they count anew.
func TestManyLookAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &counting{Store: memory.New()}
		w := newWorld(t, console.Config{}, func(c *subscription.Config) { c.Store = store })
		w.fill(store, 2500)
		store.read()
		w.look("")
		var looks sync.WaitGroup
		for range 16 {
			looks.Go(func() {
				for _, page := range pages {
					if _, body := w.ask("GET", page, nil); page == "" && !strings.Contains(body, "<b>2\u202f500</b><span>Subscriptions</span>") {
						t.Error("somebody saw another number")
					}
				}
			})
		}
		looks.Wait()
		lists, listed, _ := store.read()
		require.EqualValues(t, 3+16, lists, "a count, and sixteen pages of the list")
		require.EqualValues(t, 2500+16*51, listed)
		time.Sleep(11 * time.Second)
		w.look("")
		lists, _, _ = store.read()
		require.EqualValues(t, 3, lists)
	})
}
