package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// shelf is a host's other resources, by tenant and reference.
type shelf struct {
	mu     sync.Mutex
	of     map[string]string
	broken bool
	asked  int
}

var errShelf = errors.New("the shelf is out of order")

func (s *shelf) Resolve(_ context.Context, tenant, reference string) (json.RawMessage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.broken {
		return nil, errShelf
	}
	return json.RawMessage(s.of[tenant+"|"+reference]), nil
}

func (s *shelf) Search(context.Context, string, string, string, int) ([]json.RawMessage, error) {
	return nil, errShelf
}

func (s *shelf) set(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

func (s *shelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

const (
	womens      = "https://topics.example.org/womens-encounters"
	womensTopic = `{"resourceType":"SubscriptionTopic","url":"` + womens + `","status":"active",
		"resourceTrigger":[{"resource":"Encounter","fhirPathCriteria":"%current.subject.resolve().gender = 'female'"}],
		"notificationShape":[{"resource":"Encounter","include":["Encounter:patient","Encounter:service-provider"]}]}`
)

func encounterOf(id, patient string) subscription.ResourceChange {
	return subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(
		`{"resourceType":"Encounter","id":"` + id + `","status":"planned","subject":{"reference":"Patient/` + patient + `"},"serviceProvider":{"reference":"Organization/o"}}`)}
}

func newShelf() *shelf {
	return &shelf{of: map[string]string{
		"|Patient/w":      `{"resourceType":"Patient","id":"w","gender":"female"}`,
		"|Patient/m":      `{"resourceType":"Patient","id":"m","gender":"male"}`,
		"|Organization/o": `{"resourceType":"Organization","id":"o"}`,
		"t|Patient/m":     `{"resourceType":"Patient","id":"m","gender":"female"}`,
	}}
}

// A trigger that needs the host is decided by the sequencer, for the tenant of the
// change, and never lost while the host does not answer.
func TestTriggersThatAskTheHost(t *testing.T) {
	for name, text := range map[string]string{"fhirpath": womensTopic, "chain": strings.Replace(womensTopic,
		`"fhirPathCriteria":"%current.subject.resolve().gender = 'female'"`, `"queryCriteria":{"current":"patient.gender=female"}`, 1)} {
		t.Run(name, func(t *testing.T) { testTriggersThatAskTheHost(t, text) })
	}
}

func testTriggersThatAskTheHost(t *testing.T, topicText string) {
	synctest.Test(t, func(t *testing.T) {
		host := newShelf()
		w := newWorld(t, withTopics(parseTopic(t, topicText)), func(c *subscription.Config) { c.Resolver = host })
		id := w.subscribe(womens)
		s, err := w.Create(t.Context(), "t", json.RawMessage(subscriptionJSON(womens)))
		require.NoError(t, err)
		host.set(true)
		for _, c := range []subscription.ResourceChange{encounterOf("e1", "w"), encounterOf("e2", "m"), encounterOf("e3", "gone"), encounterOf("e4", "w")} {
			require.NoError(t, w.OnResourceChange(t.Context(), c))
		}
		inTenant := encounterOf("e5", "m")
		inTenant.Tenant = "t"
		require.NoError(t, w.OnResourceChange(t.Context(), inTenant))
		time.Sleep(10 * time.Second)
		require.Greater(t, host.count(), 1, "asked again")
		require.Empty(t, w.peer.seen(notification.EventNotification))
		host.set(false)
		time.Sleep(10 * time.Second)
		require.Equal(t, 2, w.peer.checker.Received(id))
		require.Equal(t, 1, w.peer.checker.Received(s.ID))
	})
}

// raging is a shelf that panics where the shelf would say that it is out of order.
type raging struct{ *shelf }

func (r raging) Resolve(ctx context.Context, tenant, reference string) (json.RawMessage, error) {
	raw, err := r.shelf.Resolve(ctx, tenant, reference)
	if err != nil {
		panic(err)
	}
	return raw, nil
}

// A host that panics has not answered: unlike a program that does, it is asked again.
func TestHostPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := raging{newShelf()}
		w := newWorld(t, withTopics(parseTopic(t, womensTopic)), func(c *subscription.Config) { c.Resolver = host })
		id := w.subscribe(womens)
		host.set(true)
		require.NoError(t, w.OnResourceChange(t.Context(), encounterOf("e1", "w")))
		time.Sleep(10 * time.Second)
		require.Empty(t, w.peer.seen(notification.EventNotification))
		host.set(false)
		time.Sleep(10 * time.Second)
		require.Equal(t, 1, w.peer.checker.Received(id))
	})
}

func TestHostIsNotAskedByTheHook(t *testing.T) {
	host := newShelf()
	cfg := subscription.Config{Store: memory.New(), Channels: []subscription.Channel{new(peer)}, Release: subscription.R4, BaseURL: base,
		Authorizer: subscription.InsecureAllowAll{}, Resolver: host}
	engine, err := subscription.New(cfg)
	require.NoError(t, err)
	require.NoError(t, engine.SetTopics(t.Context(), parseTopic(t, womensTopic)))
	require.NoError(t, engine.OnResourceChange(t.Context(), encounterOf("e1", "w")))
	require.Zero(t, host.count())

	cfg.Resolver, cfg.Topics = nil, nil
	engine, err = subscription.New(cfg)
	require.NoError(t, err)
	require.ErrorContains(t, engine.SetTopics(t.Context(), parseTopic(t, womensTopic)), "fhirPathCriteria")
}

// onlyEncounters redacts nothing, but denies what is no Encounter.
type onlyEncounters struct{ subscription.InsecureAllowAll }

func (onlyEncounters) AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	verdicts, err := subscription.InsecureAllowAll{}.AuthorizeEvent(ctx, focus, subs)
	if !strings.Contains(string(focus), `"Encounter"`) {
		clear(verdicts)
	}
	return verdicts, err
}

// A topic's notificationShape adds what the host has and the subscriber may see, at
// the Subscription's content level (SHP-02, PAY-10), and nothing else is lost without.
// spec: SHP-01, SHP-02, SHP-05, PAY-10, TOP-17, TOP-18
func TestNotificationShape(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*subscription.Config)
		broken bool
		level  string
		want   []string // of the context
		bodies bool
	}{
		"full-resource": {level: "full-resource", want: []string{"Patient/w", "Organization/o"}, bodies: true},
		"id-only":       {level: "id-only", want: []string{"Patient/w", "Organization/o"}},
		"empty":         {level: "empty"},
		"denied":        {level: "full-resource", change: func(c *subscription.Config) { c.Authorizer = onlyEncounters{} }},
		"host fails":    {level: "full-resource", broken: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host := newShelf()
				topicText := strings.Replace(womensTopic, `,"fhirPathCriteria":"%current.subject.resolve().gender = 'female'"`, "", 1)
				w := newWorld(t, withTopics(parseTopic(t, topicText)), func(cfg *subscription.Config) {
					cfg.Resolver = host
					if c.change != nil {
						c.change(cfg)
					}
				})
				host.set(c.broken)
				w.subscribe(womens, setChannel("_payload", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": c.level}}}))
				require.NoError(t, w.OnResourceChange(t.Context(), encounterOf("e1", "w")))
				time.Sleep(time.Second)
				seen := w.peer.seen(notification.EventNotification)
				require.Len(t, seen, 1)
				var got []string
				for _, entry := range seen[0].Events[0].Context {
					got = append(got, strings.TrimPrefix(entry.FullURL, base+"/"))
					require.Equal(t, c.bodies, len(entry.Resource) > 0)
				}
				require.Equal(t, c.want, got)
			})
		})
	}
}

// A filter that needs the host waits for it as a trigger does.
// spec: TOP-16, FLT-14
func TestFiltersThatAskTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := newShelf()
		text := strings.Replace(finishedTopic, `{"resource":"Encounter","filterParameter":"patient"}`, `{"filterParameter":"patient.gender"}`, 1)
		w := newWorld(t, withTopics(parseTopic(t, text)), func(c *subscription.Config) { c.Resolver = host })
		id := w.subscribe(finished, filter("Encounter?patient.gender=female"))
		host.set(true)
		for _, c := range []subscription.ResourceChange{encounterOf("e1", "w"), encounterOf("e2", "m")} {
			c.Resource = json.RawMessage(strings.Replace(string(c.Resource), "planned", "finished", 1))
			require.NoError(t, w.OnResourceChange(t.Context(), c))
		}
		time.Sleep(10 * time.Second)
		require.Empty(t, w.peer.seen(notification.EventNotification))
		host.set(false)
		time.Sleep(10 * time.Second)
		require.Equal(t, 1, w.peer.checker.Received(id))
	})
}

// What the host can't give in a form that can be read decides nothing for ever: it is
// logged, and the others don't wait for it.
func TestUnreadableAnswersOfTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, log := newShelf(), new(lockedBuffer)
		host.of["|Patient/w"] = `{"resourceType":"Patient",` + canary
		text := strings.Replace(finishedTopic, `{"resource":"Encounter","filterParameter":"patient"}`, `{"filterParameter":"patient.gender"}`, 1)
		w := newWorld(t, withTopics(parseTopic(t, text), parseTopic(t, womensTopic)), func(c *subscription.Config) {
			c.Resolver, c.Logger = host, slog.New(slog.NewTextHandler(log, nil))
		})
		filtered := w.subscribe(finished, filter("Encounter?patient.gender=male"))
		all, women := w.subscribe(finished), w.subscribe(womens)
		for _, c := range []subscription.ResourceChange{encounterOf("e1", "w"), encounterOf("e2", "m")} {
			c.Resource = json.RawMessage(strings.Replace(string(c.Resource), "planned", "finished", 1))
			require.NoError(t, w.OnResourceChange(t.Context(), c))
		}
		time.Sleep(10 * time.Second)
		require.Equal(t, 1, w.peer.checker.Received(filtered))
		require.Equal(t, 2, w.peer.checker.Received(all))
		require.Equal(t, 0, w.peer.checker.Received(women))
		require.Equal(t, 1, strings.Count(log.String(), "filters can't be evaluated"))
		require.Equal(t, 1, strings.Count(log.String(), "a trigger can't be evaluated"))
		require.NotContains(t, log.String(), canary)
		require.NoError(t, w.stop())
	})
}
