package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/validate"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// counted is a store that says of every Subscription that it has had n events.
type counted struct {
	*memory.Store
	n int64
}

func (c counted) GetSubscription(ctx context.Context, tenant, id string) (subscription.Record, error) {
	r, err := c.Store.GetSubscription(ctx, tenant, id)
	r.Count = c.n
	return r, err
}

// spec: EVN-06, STS-06
func TestCountersAreExact(t *testing.T) { // N4
	tried := 0
	for _, r := range releases {
		for _, n := range []int64{math.MaxInt32 + 1, 1<<53 + 1, math.MaxInt64 - 1} {
			synctest.Test(t, func(t *testing.T) {
				store := counted{memory.New(), n}
				w := newWorld(t, of(r), func(c *subscription.Config) { c.Store = store })
				s, err := w.Create(t.Context(), "", json.RawMessage(inRelease(r, "empty", set("status", "off"))))
				require.NoError(t, err)
				raw, err := w.Status(t.Context(), "", []string{s.ID}, nil, base)
				require.NoError(t, err)
				require.Contains(t, string(raw), `"`+strconv.FormatInt(n, 10)+`"`, "a string in each release")
				raw, err = w.Events(t.Context(), "", s.ID, n-1, n, "")
				require.NoError(t, err)
				require.Contains(t, string(raw), `"`+strconv.FormatInt(n, 10)+`"`)
				parsed, err := notification.Parse(raw)
				require.NoError(t, err)
				require.Equal(t, n, parsed.EventsSinceSubscriptionStart)
				tried += 2
			})
		}
	}
	t.Logf("N4 counters=%d", tried)
}

// All bounds near the edges give what was delivered, and nothing else is understood.
// spec: OP-02, OP-08, OP-10, OP-11, OP-12, AMB-10, PROF-02, PROF-03, PROF-05
func TestEventsWithinBounds(t *testing.T) { // N5, OP-08, OP-10 to OP-12
	const events = 12
	pairs, refused := 0, 0
	for _, r := range releases {
		definitions := validate.Load(t, r)
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, of(r))
			h := w.Handler(subscription.HandlerConfig{})
			res, _ := call(t, h, "PUT", "/Subscription/s", inRelease(r, "id-only", set("id", "s")))
			require.Equal(t, 201, res.StatusCode)
			synctest.Wait()
			for i := range events {
				w.write(fmt.Sprint("p", i+1), 1, "s")
			}
			time.Sleep(time.Second)
			require.Len(t, w.peer.seen(notification.EventNotification), events)
			for since := range events + 3 {
				for until := range events + 3 {
					query := url.Values{}
					if since > 0 {
						query.Set("eventsSinceNumber", strconv.Itoa(since))
					}
					if until > 0 {
						query.Set("eventsUntilNumber", strconv.Itoa(until))
					}
					for _, content := range []string{"", "empty", "full-resource"} {
						if content != "" {
							query.Set("content", content)
						}
						res, got := call(t, h, "GET", "/Subscription/s/$events?"+query.Encode(), "")
						pairs++
						if until > 0 && since > until {
							require.Equal(t, 400, res.StatusCode)
							continue
						}
						require.Equal(t, 200, res.StatusCode, query)
						if since%4 == 0 {
							require.Empty(t, definitions.Validate("", got.Raw()), query)
						}
						n, err := notification.Parse(got.Raw())
						require.NoError(t, err)
						require.EqualValues(t, events, n.EventsSinceSubscriptionStart)
						var want, found []int64
						for number := max(since, 1); number <= events && (until == 0 || number <= until); number++ {
							want = append(want, int64(number))
						}
						for _, e := range n.Events {
							found = append(found, e.Number)
							require.Nil(t, e.Focus.Resource, "never above the grant")
							if content != "empty" {
								require.Equal(t, fmt.Sprintf("%s/Patient/p%d", base, e.Number), e.Focus.FullURL)
							}
						}
						require.Equal(t, want, found, query)
						if wantType := notification.QueryEvent; len(want) > 0 || r != subscription.R5 {
							require.Equal(t, wantType, n.Type)
						} else {
							require.Equal(t, notification.QueryStatus, n.Type, "OP-12")
						}
						require.Empty(t, n.Errors, "nothing is missing")
					}
				}
			}
			for _, bad := range []string{"-1", "+1", "one", "1e3", "1.0", " 1", "0x1", strings.Repeat("9", 30), "9223372036854775808", "١"} {
				for _, name := range []string{"eventsSinceNumber", "eventsUntilNumber"} {
					res, _ := call(t, h, "GET", "/Subscription/s/$events?"+name+"="+url.QueryEscape(bad), "")
					require.Equal(t, 400, res.StatusCode, bad)
					refused++
				}
			}
			for _, query := range []string{"eventsUntilNumber=0", "content=all", "eventsSinceNumber=1&eventsSinceNumber=2", "since=1"} {
				res, _ := call(t, h, "GET", "/Subscription/s/$events?"+query, "")
				require.Equal(t, 400, res.StatusCode, query)
				refused++
			}
			kind := map[bool]string{true: "valueInteger64", false: "valueString"}[r == subscription.R5]
			body := fmt.Sprintf(`{"resourceType":"Parameters","parameter":[{"name":"eventsSinceNumber",%q:"4"},{"name":"eventsUntilNumber",%q:"5"},{"name":"content","valueCode":"empty"}]}`, kind, kind)
			_, got := call(t, h, "POST", "/Subscription/s/$events", body)
			n, err := notification.Parse(got.Raw())
			require.NoError(t, err)
			require.Len(t, n.Events, 2)
			_, got = call(t, h, "POST", "/Subscription/s/$events", `{"resourceType":"Parameters","parameter":[{"name":"eventsSinceNumber","valueInteger":12}]}`)
			n, err = notification.Parse(got.Raw())
			require.NoError(t, err)
			require.Len(t, n.Events, 1)
			require.NoError(t, w.stop())
		})
	}
	t.Logf("N5 pairs=%d refused=%d", pairs, refused)
	require.GreaterOrEqual(t, pairs, 1000)
	require.GreaterOrEqual(t, refused, 20)
}

// $events is complete while it can be, whatever the status, and says what it lacks.
// spec: OP-07, OP-09, LIFE-20
func TestEventsInEveryState(t *testing.T) { // N6, OP-07, OP-09, LIFE-20
	checked := 0
	for _, r := range releases {
		synctest.Test(t, func(t *testing.T) {
			short := func(c *subscription.Config) {
				c.Release, c.Retention, c.Retry = r, time.Hour, []time.Duration{time.Second, 2 * time.Second}
			}
			w := newWorld(t, short)
			restart := func() { // what a node has in memory, it may show for longer
				require.NoError(t, w.stop())
				w.start(short)
			}
			s, err := w.Create(t.Context(), "", json.RawMessage(inRelease(r, "id-only")))
			require.NoError(t, err)
			synctest.Wait()
			delivered := 0
			check := func(first, last int) {
				t.Helper()
				for since := 1; since <= last+1; since += 2 {
					raw, err := w.Events(t.Context(), "", s.ID, int64(since), 0, "")
					require.NoError(t, err)
					n, err := notification.Parse(raw)
					require.NoError(t, err)
					require.EqualValues(t, last, n.EventsSinceSubscriptionStart)
					var numbers []int64
					for _, e := range n.Events {
						numbers = append(numbers, e.Number)
					}
					var want []int64
					for number := max(since, first); number <= last; number++ {
						want = append(want, int64(number))
					}
					require.Equal(t, want, numbers)
					lacks := slices.ContainsFunc(n.Errors, func(c notification.Coding) bool { return c.Code == "incomplete" })
					require.Equal(t, since < first && since <= last, lacks, "from %d: what is missing is stated", since)
					checked++
				}
			}
			write := func() {
				delivered++
				require.NoError(t, w.OnResourceChange(t.Context(), patient(fmt.Sprint("p", delivered), 1)))
			}
			w.peer.answerWith(func(context.Context, int, attempt) error {
				time.Sleep(100 * time.Millisecond)
				return nil
			})
			for range 60 {
				write()
			}
			time.Sleep(3 * time.Second)
			check(1, 60) // during delivery
			time.Sleep(time.Minute)
			check(1, 60)
			w.peer.answerWith(refuseAll)
			for range 10 {
				write()
			}
			time.Sleep(time.Minute)
			require.Contains(t, w.status(s.ID), "error")
			check(1, 70)
			_, err = w.Patch(t.Context(), "", s.ID, json.RawMessage(`[{"op":"replace","path":"/status","value":"off"}]`), "")
			require.NoError(t, err)
			check(1, 70)
			time.Sleep(3 * time.Hour) // what was delivered is pruned, what was not stays
			restart()
			check(61, 70)
			w.peer.answerWith(nil)
			_, err = w.Patch(t.Context(), "", s.ID, json.RawMessage(`[{"op":"replace","path":"/status","value":"requested"}]`), "")
			require.NoError(t, err)
			time.Sleep(3 * time.Hour)
			restart()
			raw, err := w.Events(t.Context(), "", s.ID, 0, 0, "")
			require.NoError(t, err)
			require.Contains(t, string(raw), "incomplete", "all of it is gone, and that is stated")
			require.NoError(t, w.stop())
		})
	}
	t.Logf("N6 requests=%d", checked)
	require.GreaterOrEqual(t, checked, 400)
}

// $status tells the truth about those that are asked about and the caller's.
// spec: OP-01, OP-03, OP-04, OP-05, OP-06, OP-19, PROF-04
func TestStatusOfOneAndMany(t *testing.T) { // N8, OP-03 to OP-05, OP-19
	asked := 0
	for _, r := range releases {
		definitions := validate.Load(t, r)
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, of(r))
			h := w.Handler(subscription.HandlerConfig{Tenant: tenantHeader})
			model := map[string]string{} // statuses of tenant a
			for i := range 6 {
				for _, tenant := range []string{"a", "b"} {
					id, status := fmt.Sprintf("%s%d", tenant, i), "requested"
					if i%2 == 1 {
						status = "off"
					}
					res, _ := call(t, h, "PUT", "/Subscription/"+id, inRelease(r, "empty", set("id", id), set("status", status)), "X-Tenant", tenant)
					require.Equal(t, 201, res.StatusCode)
					if tenant == "a" {
						model[id] = map[string]string{"requested": "active", "off": "off"}[status]
					}
				}
			}
			synctest.Wait()
			ids := []string{"a0", "a1", "a2", "b0", "b1", "none"}
			for mask := range 1 << len(ids) {
				var some []string
				for i, id := range ids {
					if mask&(1<<i) != 0 {
						some = append(some, id)
					}
				}
				for _, statuses := range [][]string{nil, {"off"}, {"active", "error"}} {
					if mask%4 != 0 && statuses != nil {
						continue
					}
					want := map[string]string{}
					for id, status := range model {
						if (some == nil || slices.Contains(some, id)) && (statuses == nil || slices.Contains(statuses, status)) {
							want[id] = status
						}
					}
					query := url.Values{"id": some, "status": statuses}
					joined := url.Values{}
					var parameters []string
					for name, values := range query {
						if len(values) > 0 {
							joined.Set(name, strings.Join(values, ","))
						}
						for _, v := range values {
							parameters = append(parameters, fmt.Sprintf(`{"name":%q,"valueId":%q}`, name, v))
						}
					}
					for form, request := range [][2]string{
						{"GET", "?" + query.Encode()}, {"GET", "?" + joined.Encode()}, {"POST", `{"resourceType":"Parameters","parameter":[` + strings.Join(parameters, ",") + `]}`},
					} {
						path, body := "/Subscription/$status", ""
						if request[0] == "GET" {
							path += request[1]
						} else if body = request[1]; len(parameters) == 0 {
							body = ""
						}
						res, got := call(t, h, request[0], path, body, "X-Tenant", "a")
						require.Equal(t, 200, res.StatusCode)
						require.Empty(t, definitions.Validate("", got.Raw()), form)
						all := []*notification.Notification{}
						if got.Get("entry").Exists() {
							var err error
							all, err = notification.ParseAll(got.Raw())
							require.NoError(t, err)
						}
						found := map[string]string{}
						for _, n := range all {
							require.Equal(t, notification.QueryStatus, n.Type)
							found[n.Subscription[strings.LastIndex(n.Subscription, "/")+1:]] = n.Status
						}
						require.Equal(t, want, found, "%v %v", some, statuses)
						require.Contains(t, string(got.Raw()), `"relation":"self"`)
						asked++
					}
				}
			}
			for id, status := range map[string]int{"a0": 200, "b0": 404, "none": 404} {
				res, got := call(t, h, "GET", "/Subscription/"+id+"/$status", "", "X-Tenant", "a")
				require.Equal(t, status, res.StatusCode)
				if status == 200 {
					require.Equal(t, 1, got.Get("entry").Len())
				}
			}
			require.NoError(t, w.stop())
		})
	}
	t.Logf("N8 requests=%d", asked)
}

// A client can't set active past the handshake, nor error; every other wish is obeyed.
// spec: LIFE-01, LIFE-02, LIFE-03, LIFE-04, LIFE-06, LIFE-08, LIFE-18, AMB-02
func TestTransitions(t *testing.T) { // N16, LIFE-03 to LIFE-18
	tried := 0
	for _, r := range releases {
		wishes := []string{"requested", "active", "error", "off"}
		if r == subscription.R5 {
			wishes = append(wishes, "entered-in-error")
		}
		for _, from := range wishes {
			for _, to := range wishes {
				for _, answers := range []bool{true, false} { // the engine's side
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t, of(r), func(c *subscription.Config) {
							c.HandshakeDelay, c.Retry = time.Second, []time.Duration{time.Second}
						})
						h := w.Handler(subscription.HandlerConfig{})
						put := func(status string) string {
							_, got := call(t, h, "PUT", "/Subscription/s", inRelease(r, "empty", set("id", "s"), set("status", status)))
							return got.Get("status").Text()
						}
						switch from {
						case "requested", "off", "entered-in-error":
							put(from)
						case "active":
							put("requested")
							time.Sleep(5 * time.Second)
						case "error":
							w.peer.answerWith(refuseAll)
							put("requested")
							time.Sleep(5 * time.Minute)
						}
						require.Equal(t, from, strings.Fields(w.status("s"))[0])
						if w.peer.answerWith(nil); !answers {
							w.peer.answerWith(refuseAll)
						}
						want := map[string]string{"requested": "requested", "active": "requested", "error": "requested", "off": "off", "entered-in-error": "entered-in-error"}[to]
						if from == "active" && to == "active" {
							want = "active" // what the client read, and nothing has changed
						}
						require.Equal(t, want, put(to), "%s to %s", from, to)
						time.Sleep(5 * time.Minute)
						switch {
						case want != "requested":
						case answers:
							want = "active"
						default:
							want = "error"
						}
						require.Equal(t, want, strings.Fields(w.status("s"))[0], "%s to %s", from, to)
						tried++
						require.NoError(t, w.stop())
					})
				}
			}
		}
	}
	t.Logf("N16 transitions=%d", tried)
	require.GreaterOrEqual(t, tried, 96)
}

func tenantHeader(r *http.Request) string { return r.Header.Get("X-Tenant") }
