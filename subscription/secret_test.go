package subscription_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

const secret = "Bearer secret-0815"

func headers(lines ...string) func(map[string]any) { return setChannel("header", lines) }

// Nobody reads the value of a header, and who writes back what they have read keeps it.
// spec: SEC-03
func TestHeadersAreMasked(t *testing.T) { // SEC-03
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *subscription.Config) { c.Authorizer = owners{} })
		h := asUser(w.Handler(subscription.HandlerConfig{}))
		put := func(user, body string) (int, string) {
			res, got := call(t, h, "PUT", "/Subscription/s", body, "Content-Type", "application/fhir+json", "X-User", user)
			return res.StatusCode, string(got.Raw())
		}
		status, created := put("alice", subscriptionJSON(anyPatient, set("id", "s"), headers("Authorization: "+secret, "X-A: 1", "x-a : secret-2")))
		require.Equal(t, 201, status)
		synctest.Wait()
		for _, path := range []string{"/Subscription/s", "/Subscription", "/Subscription/s/$status", "/Subscription/s/$events"} {
			_, got := call(t, h, "GET", path, "", "X-User", "alice")
			require.NotContains(t, string(got.Raw()), "secret", path)
		}
		require.NotContains(t, created, "secret")

		_, read := call(t, h, "GET", "/Subscription/s", "", "X-User", "alice")
		require.Equal(t, `["Authorization: ***","X-A: ***","x-a : ***"]`, string(read.Path("channel", "header").Raw()))
		status, _ = put("alice", string(read.Raw()))
		require.Equal(t, 200, status)
		synctest.Wait()
		require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create,
			Resource: json.RawMessage(`{"resourceType":"Patient","id":"p","generalPractitioner":[{"reference":"Practitioner/alice"}]}`)}))
		time.Sleep(time.Second)
		sent := w.peer.seen(notification.EventNotification)
		require.Len(t, sent, 1)
		require.Equal(t, []string{"Authorization: " + secret, "X-A: 1", "x-a : secret-2"}, sent[0].target.Headers)

		for name, body := range map[string]string{
			"another endpoint": strings.Replace(string(read.Raw()), "subscriber.example.org", "thief.example.org", 1),
			"another header":   strings.Replace(string(read.Raw()), "Authorization", "Cookie", 1),
			"one too many":     strings.Replace(string(read.Raw()), `"X-A: ***"`, `"X-A: ***","X-A: ***"`, 1),
		} {
			status, outcome := put("alice", body)
			require.Equal(t, 422, status, name)
			require.Contains(t, outcome, "Subscription.channel.header", name)
		}
		status, _ = put("admin", string(read.Raw()))
		require.Equal(t, 422, status, "another owner")
		status, _ = put("alice", strings.Replace(string(read.Raw()), `"X-A: ***","x-a : ***"`, `"X-A: new"`, 1))
		require.Equal(t, 200, status)
		time.Sleep(time.Second)
		last := w.peer.seen(notification.Handshake)
		require.Equal(t, []string{"Authorization: " + secret, "X-A: new"}, last[len(last)-1].target.Headers)
		_, err := w.Create(as(t.Context(), "alice"), "", json.RawMessage(subscriptionJSON(anyPatient, headers("Authorization: ***"))))
		require.Error(t, err)
	})
}

// flip is a Sealer that turns every bit, which is enough to hide text from a search.
type flip struct{ broken atomic.Bool }

func (f *flip) Seal(_ context.Context, plain []byte) ([]byte, error) {
	if f.broken.Load() {
		return nil, errors.New("no key for " + string(plain))
	}
	sealed := bytes.Clone(plain)
	for i := range sealed {
		sealed[i] = ^sealed[i]
	}
	return sealed, nil
}

func (f *flip) Open(ctx context.Context, sealed []byte) ([]byte, error) { return f.Seal(ctx, sealed) }

// dump is everything that a store holds.
func dump(t *testing.T, s subscription.Store) string {
	list, err := s.ListSubscriptions(t.Context(), subscription.ListQuery{AllTenants: true, Limit: 1000})
	require.NoError(t, err)
	changes, err := s.ReadChanges(t.Context(), 0, 1000)
	require.NoError(t, err)
	var all strings.Builder
	for _, r := range list {
		fmt.Fprintf(&all, "%s %s %s %s %s\n", r.ID, r.Resource, r.Spec, r.Sequenced, r.Error)
	}
	for _, c := range changes {
		fmt.Fprintf(&all, "%s %s %s\n", c.Resource, c.Previous, c.Spec)
	}
	return all.String()
}

func TestSecretsAreSealedInTheStore(t *testing.T) { // A10
	synctest.Test(t, func(t *testing.T) {
		sealer, store := new(flip), memory.New()
		sealed := func(c *subscription.Config) { c.Sealer, c.Store = sealer, store }
		w := newWorld(t, sealed)
		body := subscriptionJSON(anyPatient, set("id", "s"), headers("Authorization: "+secret))
		_, _, err := w.Update(t.Context(), "", "s", json.RawMessage(body), "")
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, "active", w.status("s"))
		require.NotContains(t, dump(t, store), "secret")
		require.NotContains(t, dump(t, store), "subscriber.example.org", "endpoints may hold secrets, too")
		w.write("p", 1, "s")
		time.Sleep(time.Second)
		require.True(t, w.peer.checker.Complete())

		sealer.broken.Store(true) // the keys are away for a while
		w.write("p", 2, "s")
		time.Sleep(time.Minute)
		require.Equal(t, 1, w.peer.checker.Received("s"))
		_, err = w.Create(t.Context(), "", json.RawMessage(body))
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
		_, err = w.Get(t.Context(), "", "s")
		require.Error(t, err)
		_, err = w.Search(t.Context(), "", map[string][]string{"status": {"active"}})
		require.Error(t, err, "nobody can tell what it would find")
		status, err := w.Status(t.Context(), "", []string{"s"}, nil, base)
		require.NoError(t, err)
		require.Contains(t, string(status), `"valueCode":"active"`)
		require.NoError(t, w.stop())
		w.start(sealed)
		time.Sleep(time.Minute)
		sealer.broken.Store(false)
		time.Sleep(2 * time.Minute)
		require.Equal(t, "active", w.status("s"), "nobody was told that it can't be served")
		require.True(t, w.peer.checker.Complete())
		require.NoError(t, w.peer.checker.Report().Err())
		sent := w.peer.seen(notification.EventNotification)
		require.Equal(t, []string{"Authorization: " + secret}, sent[len(sent)-1].target.Headers)
		sealer.broken.Store(true)
		require.NoError(t, w.Delete(t.Context(), "", "s", ""), "what nobody can read any more can go")
		t.Logf("A10 clear=%d", strings.Count(dump(t, store), "secret"))
		require.NoError(t, w.stop())
	})
}

// lean lists for a sequencer nothing but what it must.
type lean struct{ *memory.Store }

func (s lean) ListSubscriptions(ctx context.Context, q subscription.ListQuery) ([]subscription.Record, error) {
	list, err := s.Store.ListSubscriptions(ctx, q)
	for i, r := range list {
		if q.Sequenced {
			list[i] = subscription.Record{Key: r.Key, Tenant: r.Tenant, ID: r.ID, Count: r.Count, Sequenced: r.Sequenced, SequencedTo: r.SequencedTo}
		}
	}
	return list, err
}

// opener is a Sealer that counts, and has a nonce to cut off first.
type opener struct {
	flip
	opened atomic.Int64
}

func (o *opener) Seal(ctx context.Context, plain []byte) ([]byte, error) {
	sealed, err := o.flip.Seal(ctx, plain)
	return append(make([]byte, 12), sealed...), err
}

func (o *opener) Open(ctx context.Context, sealed []byte) ([]byte, error) {
	o.opened.Add(1)
	return o.flip.Open(ctx, sealed[12:])
}

// A sequencer that begins asks the Sealer for nothing: neither to open what the store has
// left out, which Seal has never made, nor a million Resources that nobody looks at.
func TestSequencerOpensNothing(t *testing.T) {
	for name, of := range map[string]func(*memory.Store) subscription.Store{
		"with Resources": func(s *memory.Store) subscription.Store { return s }, "without": func(s *memory.Store) subscription.Store { return lean{s} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sealer, store := new(opener), memory.New()
				sealed := func(c *subscription.Config) { c.Sealer, c.Store = sealer, of(store) }
				w := newWorld(t, sealed)
				id := w.subscribe(anyPatient, headers("Authorization: "+secret))
				time.Sleep(time.Minute)
				require.NoError(t, w.stop())
				before := sealer.opened.Load()
				require.Positive(t, before)
				w.start(sealed)
				time.Sleep(time.Minute)
				require.Equal(t, before, sealer.opened.Load())
				w.write("p", 1, id)
				time.Sleep(time.Second)
				require.True(t, w.peer.checker.Complete())
				require.NoError(t, w.stop())
			})
		})
	}
}
