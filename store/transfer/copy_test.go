package transfer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/internal/invariant"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/store/transfer"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func onDisk(t *testing.T) subscription.Store {
	db, err := modernc.Open(filepath.Join(t.TempDir(), "new.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	s := sqlite.New(db, sqlite.Config{})
	require.NoError(t, s.Migrate(t.Context()))
	return s
}

// subscriber is a channel whose endpoint may be down.
type subscriber struct {
	down    atomic.Bool
	checker invariant.Checker
}

func (*subscriber) Type() string                                     { return "rest-hook" }
func (*subscriber) Check(context.Context, subscription.Target) error { return nil }
func (s *subscriber) Send(_ context.Context, t subscription.Target, m subscription.Message) error {
	if s.down.Load() && t.Subscription != "healthy" {
		return errors.New("it is down")
	}
	return s.checker.Receive(t.Subscription, m.Body)
}

const topicURL = "https://topics.example.org/patient"

// serve runs an engine over a store while f does what it does.
func serve(t *testing.T, store subscription.Store, to *subscriber, f func(*subscription.Engine)) {
	about, err := topic.Parse([]byte(`{"resourceType":"SubscriptionTopic","url":"` + topicURL + `","status":"active","resourceTrigger":[{"resource":"Patient"}]}`))
	require.NoError(t, err)
	engine, err := subscription.New(subscription.Config{
		Store: store, Channels: []subscription.Channel{to}, Authorizer: subscription.InsecureAllowAll{}, Release: subscription.R4,
		BaseURL: "https://fhir.example.org", Topics: []*topic.Topic{about}, Retry: []time.Duration{50 * time.Millisecond, time.Hour}, Poll: 20 * time.Millisecond,
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	f(engine)
	stop()
	require.NoError(t, <-ended)
}

func write(t *testing.T, e *subscription.Engine, to *subscriber, first, last int, ids ...string) {
	for i := first; i <= last; i++ {
		require.NoError(t, e.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create,
			Resource: fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%d","meta":{"versionId":"1"}}`, i)}))
		for _, id := range ids {
			to.checker.Expect(id, invariant.Focus{Reference: fmt.Sprint("Patient/p", i), Version: "1"})
		}
	}
}

func counted(t *testing.T, store subscription.Store, n int64) {
	require.Eventually(t, func() bool {
		list, err := store.ListSubscriptions(t.Context(), subscription.ListQuery{AllTenants: true, Limit: 100})
		require.NoError(t, err)
		for _, r := range list {
			if r.Count != n && r.Status != subscription.StatusOff {
				return false
			}
		}
		return true
	}, 20*time.Second, 5*time.Millisecond)
}

// A server moves in the middle of its work: some subscribers are up to date, some have
// failed, one has had all that is pruned. Nobody notices.
func TestServerMovesToAnotherStore(t *testing.T) {
	for name, open := range map[string]func(*testing.T) subscription.Store{
		"memory": func(*testing.T) subscription.Store { return memory.New() }, "SQLite": onDisk,
	} {
		t.Run(name, func(t *testing.T) {
			from, to, peer := memory.New(), open(t), new(subscriber)
			ids := []string{"healthy", "failing", "batched", "stopped"}
			serve(t, from, peer, func(e *subscription.Engine) {
				for _, id := range ids {
					_, _, err := e.Update(t.Context(), "", id, subscribe(id), "")
					require.NoError(t, err)
				}
				require.Eventually(t, func() bool {
					found, err := e.Search(t.Context(), "", map[string][]string{"status": {"active"}})
					return err == nil && found.Total == len(ids)
				}, 20*time.Second, time.Millisecond)
				write(t, e, peer, 1, 20, ids...)
				require.Eventually(t, peer.checker.Complete, 20*time.Second, time.Millisecond)
				require.Eventually(t, func() bool { // what has arrived is also recorded, so that it can be pruned
					all, err := from.ListSubscriptions(t.Context(), subscription.ListQuery{AllTenants: true, Limit: 10})
					return err == nil && !slices.ContainsFunc(all, func(r subscription.Record) bool { return r.Cursor < r.Count })
				}, 20*time.Second, time.Millisecond)
				_, err := from.Prune(t.Context(), time.Now(), time.Now(), 1000)
				require.NoError(t, err)
				_, _, err = e.Update(t.Context(), "", "stopped", json.RawMessage(subscribeAs("stopped", "off")), "")
				require.NoError(t, err)
				peer.down.Store(true)
				write(t, e, peer, 21, 50, ids[:3]...)
				counted(t, from, 50)
			})
			pending(t, from, "healthy", 51)
			peer.checker.Expect("healthy", invariant.Focus{Reference: "Patient/pending", Version: "1"})
			report, err := transfer.Copy(t.Context(), to, from, time.Now())
			require.NoError(t, err)
			require.Equal(t, 4, report.Subscriptions)
			require.Equal(t, 31, report.Changes)
			require.Equal(t, 91, report.Events)
			same(t, from, to)
			peer.down.Store(false)
			peer.checker.Excuse(20) // batches that had failed are sent again
			serve(t, to, peer, func(e *subscription.Engine) {
				for _, id := range ids[1:3] { // whose next attempt is an hour away
					_, _, err := e.Update(t.Context(), "", id, subscribe(id), "")
					require.NoError(t, err)
				}
				write(t, e, peer, 51, 60, ids[:3]...)
				require.Eventually(t, peer.checker.Complete, 20*time.Second, time.Millisecond, "%v", peer.checker.Report())
			})
			require.NoError(t, peer.checker.Report().Err())
		})
	}
}

// pending gives a subscription an event that nobody has claimed, as an engine leaves it
// that is stopped right after the commit.
func pending(t *testing.T, store *memory.Store, id string, number int64) {
	r, err := store.GetSubscription(t.Context(), "", id)
	require.NoError(t, err)
	lease, err := store.Acquire(t.Context(), subscription.LeaseName(0, 1), "stopped", time.Now(), time.Now().Add(time.Minute))
	require.NoError(t, err)
	require.NoError(t, store.Append(t.Context(), []subscription.Change{{At: time.Now(), Interaction: subscription.Create, ResourceType: "Patient",
		ResourceID: "pending", Resource: json.RawMessage(`{"resourceType":"Patient","id":"pending","meta":{"versionId":"1"}}`), Topics: []string{topicURL}}}))
	changes, err := store.ReadChanges(t.Context(), lease.Cursor, 10)
	require.NoError(t, err)
	require.Len(t, changes, 1)
	require.NoError(t, store.CommitEvents(t.Context(), lease, subscription.Commit{Cursor: changes[0].Position, At: time.Now(),
		Events: []subscription.NewEvent{{Key: r.Key, Number: number, Position: changes[0].Position}}}))
	require.NoError(t, store.Release(t.Context(), "stopped"))
}

func subscribe(id string) json.RawMessage { return json.RawMessage(subscribeAs(id, "requested")) }

func subscribeAs(id, status string) string {
	const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	batch := ""
	if id == "batched" {
		batch = `"extension":[{"url":"` + backport + `backport-max-count","valuePositiveInt":7}],`
	}
	return `{"resourceType":"Subscription","id":"` + id + `","status":"` + status + `","reason":"test","criteria":"` + topicURL + `",
		"channel":{` + batch + `"type":"rest-hook","endpoint":"https://` + id + `.example.org/","payload":"application/fhir+json",
		"_payload":{"extension":[{"url":"` + backport + `backport-payload-content","valueCode":"full-resource"}]}}}`
}

// same holds that two stores know the same of every subscription.
func same(t *testing.T, from, to subscription.Store) {
	all := subscription.ListQuery{AllTenants: true, Limit: 100}
	before, err := from.ListSubscriptions(t.Context(), all)
	require.NoError(t, err)
	after, err := to.ListSubscriptions(t.Context(), all)
	require.NoError(t, err)
	require.Len(t, after, len(before))
	for i := range before {
		a, b := before[i], after[i]
		old, err := from.ReadEvents(t.Context(), a.Key, 1, a.Count, 1000)
		require.NoError(t, err)
		moved, err := to.ReadEvents(t.Context(), b.Key, 21, a.Count, 1000)
		require.NoError(t, err)
		require.Len(t, moved, len(old))
		for j := range old {
			old[j].Change.Position = moved[j].Change.Position
			require.Equal(t, old[j], moved[j])
		}
		a.Key, a.Revision, b.Key, b.Revision = 0, 0, 0, 0
		if a.Eager && a.Count > a.Cursor { // due at once, then as now
			a.Due, b.Due = time.Time{}, time.Time{}
		}
		require.Equal(t, a, b)
	}
}

func TestCopyRefuses(t *testing.T) {
	used := memory.New()
	require.NoError(t, used.Append(t.Context(), []subscription.Change{{ResourceType: "Patient"}}))
	_, err := transfer.Copy(t.Context(), used, memory.New(), time.Now())
	require.ErrorIs(t, err, transfer.ErrNotEmpty)
	_, err = transfer.Copy(t.Context(), memory.New(), used, time.Now())
	require.ErrorIs(t, err, transfer.ErrUnsequenced)
	running := memory.New()
	_, err = running.Acquire(t.Context(), subscription.LeaseName(0, 1), "somebody", time.Now(), time.Now().Add(time.Minute))
	require.NoError(t, err)
	_, err = transfer.Copy(t.Context(), memory.New(), running, time.Now())
	require.ErrorIs(t, err, subscription.ErrHeld)
}

func ExampleCopy() {
	// Both stores are open, and the engine that used the old one has been stopped.
	report, err := transfer.Copy(context.Background(), memory.New(), memory.New(), time.Now())
	fmt.Println(report.Subscriptions, err)
	// Output: 0 <nil>
}
