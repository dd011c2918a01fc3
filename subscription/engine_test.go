package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/invariant"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

const (
	base           = "https://fhir.example.org/r4"
	finished       = "https://topics.example.org/encounter-finished"
	anyPatient     = "https://topics.example.org/patient"
	finishedTopic  = `{"resourceType":"SubscriptionTopic","url":"` + finished + `","version":"1.0.0","status":"active","resourceTrigger":[{"resource":"Encounter","supportedInteraction":["create","update"],"queryCriteria":{"previous":"status:not=finished","resultForCreate":"test-passes","current":"status=finished","resultForDelete":"test-fails","requireBoth":true}}],"canFilterBy":[{"resource":"Encounter","filterParameter":"patient"}]}`
	anyPatientText = `{"resourceType":"SubscriptionTopic","url":"` + anyPatient + `","status":"active","resourceTrigger":[{"resource":"Patient"}],"canFilterBy":[{"resource":"Patient","filterParameter":"gender"},{"resource":"Patient","filterParameter":"_id"}]}`
)

// peer is a channel and the subscriber behind it.
type peer struct {
	mu       sync.Mutex
	attempts []attempt
	answer   func(ctx context.Context, n int, a attempt) error // nil: accepts; n counts from 1
	checker  invariant.Checker                                 // sees what was accepted
}

type attempt struct {
	at     time.Time
	target subscription.Target
	id     string
	*notification.Notification
	body []byte
}

func (*peer) Type() string                                     { return "rest-hook" }
func (*peer) Check(context.Context, subscription.Target) error { return nil }
func (p *peer) Send(ctx context.Context, t subscription.Target, m subscription.Message) error {
	n, err := notification.Parse(m.Body)
	if err != nil {
		return err
	}
	p.mu.Lock()
	a := attempt{at: time.Now(), target: t, id: m.ID, Notification: n, body: m.Body}
	p.attempts = append(p.attempts, a)
	number, answer := len(p.attempts), p.answer
	p.mu.Unlock()
	if answer != nil {
		if err := answer(ctx, number, a); err != nil {
			return err
		}
	}
	return p.checker.Receive(t.Subscription, m.Body)
}

func (p *peer) answerWith(f func(ctx context.Context, n int, a attempt) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

// forget lets the attempts go that were seen.
func (p *peer) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.attempts = nil
}

// seen returns the attempts of one type, in order.
func (p *peer) seen(t notification.Type) (list []attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.attempts {
		if a.Type == t {
			list = append(list, a)
		}
	}
	return list
}

// numbers are those of the events in attempts, in order.
func numbers(attempts []attempt) (list []int64) {
	for _, a := range attempts {
		for _, e := range a.Events {
			list = append(list, e.Number)
		}
	}
	return list
}

// world is a host with an engine in it. Its tests run in a synctest bubble.
type world struct {
	*subscription.Engine
	t     *testing.T
	store *memory.Store
	peer  *peer
	stop  func() error
}

func newWorld(t *testing.T, change ...func(*subscription.Config)) *world {
	w := &world{t: t, store: memory.New(), peer: new(peer)}
	w.start(change...)
	return w
}

// start makes an engine over what is stored and runs it.
func (w *world) start(change ...func(*subscription.Config)) {
	w.prepare(change...)
	w.run()
}

// prepare makes an engine over what is stored.
func (w *world) prepare(change ...func(*subscription.Config)) {
	cfg := subscription.Config{
		Store: watch(w.t, w.store), Channels: []subscription.Channel{w.peer}, Release: subscription.R4, BaseURL: base,
		Authorizer: subscription.InsecureAllowAll{}, Node: "a", Logger: suite.logger(w.t),
		Topics: []*topic.Topic{parseTopic(w.t, finishedTopic), parseTopic(w.t, anyPatientText)},
	}
	for _, f := range change {
		f(&cfg)
	}
	engine, err := subscription.New(cfg)
	require.NoError(w.t, err)
	w.Engine = engine
}

func (w *world) run() {
	engine := w.Engine
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	var once sync.Once
	w.stop = func() (err error) {
		once.Do(func() {
			cancel()
			err = <-ended
		})
		return err
	}
	w.t.Cleanup(func() { _ = w.stop() })
}

func parseTopic(t testing.TB, raw string) *topic.Topic {
	t.Helper()
	parsed, err := topic.Parse([]byte(raw))
	require.NoError(t, err)
	return parsed
}

// subscription writes a Subscription as a client would; edits are name=value pairs of
// top-level members, or of channel with a leading dot.
func subscriptionJSON(topicURL string, edit ...func(map[string]any)) string {
	s := map[string]any{
		"resourceType": "Subscription", "status": "requested", "reason": "test", "criteria": topicURL,
		"channel": map[string]any{
			"type": "rest-hook", "endpoint": "https://subscriber.example.org/hook", "payload": "application/fhir+json",
			"_payload": map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": "full-resource"}}},
		},
	}
	for _, f := range edit {
		f(s)
	}
	raw, _ := json.Marshal(s)
	return string(raw)
}

const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"

func set(name string, value any) func(map[string]any) {
	return func(s map[string]any) { s[name] = value }
}

func setChannel(name string, value any) func(map[string]any) {
	return func(s map[string]any) { s["channel"].(map[string]any)[name] = value }
}

func channelExtension(name, kind string, value any) func(map[string]any) {
	return func(s map[string]any) {
		c := s["channel"].(map[string]any)
		list, _ := c["extension"].([]any)
		c["extension"] = append(list, map[string]any{"url": backport + name, kind: value})
	}
}

func filter(values ...string) func(map[string]any) {
	return func(s map[string]any) {
		var list []any
		for _, v := range values {
			list = append(list, map[string]any{"url": backport + "backport-filter-criteria", "valueString": v})
		}
		s["_criteria"] = map[string]any{"extension": list}
	}
}

// subscribe creates a Subscription and waits for what follows at once.
func (w *world) subscribe(topicURL string, edit ...func(map[string]any)) string {
	w.t.Helper()
	s, err := w.Create(w.t.Context(), "", json.RawMessage(subscriptionJSON(topicURL, edit...)))
	require.NoError(w.t, err)
	synctest.Wait()
	return s.ID
}

// status reads a Subscription's status, and error.
func (w *world) status(id string) string {
	w.t.Helper()
	s, err := w.Get(w.t.Context(), "", id)
	require.NoError(w.t, err)
	doc, err := fhirpath.Parse(s.Resource)
	require.NoError(w.t, err)
	return strings.TrimSpace(doc.Root().Get("status").Text() + " " + doc.Root().Get("error").Text())
}

// write tells the engine of a new version of a Patient, expected by the given
// subscriptions.
func (w *world) write(id string, version int, expectedBy ...string) {
	w.t.Helper()
	require.NoError(w.t, w.OnResourceChange(w.t.Context(), patient(id, version)))
	for _, s := range expectedBy {
		w.peer.checker.Expect(s, invariant.Focus{Reference: "Patient/" + id, Version: fmt.Sprint(version)})
	}
}

func patient(id string, version int) subscription.ResourceChange {
	c := subscription.ResourceChange{Interaction: subscription.Create, Resource: patientJSON(id, version)}
	if version > 1 {
		c.Interaction, c.Previous = subscription.Update, patientJSON(id, version-1)
	}
	return c
}

func patientJSON(id string, version int) json.RawMessage {
	return fmt.Appendf(nil, `{"resourceType":"Patient","id":%q,"meta":{"versionId":"%d"},"gender":"female","multipleBirthInteger":1}`, id, version)
}

var errRefused = errors.New("status 500")

func refuseAll(context.Context, int, attempt) error { return errRefused }

func TestFromAWriteToANotification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(finished)
		require.Equal(t, "active", w.status(id))
		handshakes := w.peer.seen(notification.Handshake)
		require.Len(t, handshakes, 1)
		require.Equal(t, "requested", handshakes[0].Status)
		require.Zero(t, handshakes[0].EventsSinceSubscriptionStart)

		planned := json.RawMessage(`{"resourceType":"Encounter","id":"e1","status":"planned"}`)
		done := json.RawMessage(`{"resourceType":"Encounter","id":"e1","status":"finished"}`)
		require.NoError(t, w.OnResourceChange(t.Context(),
			subscription.ResourceChange{Interaction: subscription.Create, Resource: planned},
			subscription.ResourceChange{Interaction: subscription.Update, Resource: done, Previous: planned},
			subscription.ResourceChange{Interaction: subscription.Update, Resource: done, Previous: done}))
		time.Sleep(time.Second)
		events := w.peer.seen(notification.EventNotification)
		require.Len(t, events, 1)
		require.Equal(t, "active", events[0].Status)
		require.EqualValues(t, 1, events[0].EventsSinceSubscriptionStart)
		require.Equal(t, base+"/Encounter/e1", events[0].Events[0].Focus.FullURL)
		require.Equal(t, done, events[0].Events[0].Focus.Resource)
		require.Equal(t, base+"/Subscription/"+id, events[0].Subscription)
		require.NoError(t, w.stop())
	})
}

// spec: EVN-01, EVN-04, PAY-12, ERR-06, ERR-07
func TestManyEventsUnderFaultsKeepThePromise(t *testing.T) { // docs/delivery-rows.md R10
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		plain := w.subscribe(anyPatient)
		batched := w.subscribe(anyPatient, channelExtension("backport-max-count", "valuePositiveInt", 10))
		w.peer.answerWith(func(_ context.Context, n int, _ attempt) error {
			if n%10 < 3 {
				return errRefused
			}
			return nil
		})
		const events = 1000
		for i := range events {
			w.write("p", i+1, plain, batched)
			if i%7 == 0 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		for !w.peer.checker.Complete() {
			time.Sleep(time.Second)
		}
		report := w.peer.checker.Report()
		require.NoError(t, report.Err())
		require.Equal(t, 2*events, report.Events)
		attempts := w.peer.seen(notification.EventNotification)
		refused := len(attempts) * 3 / 10
		require.GreaterOrEqual(t, refused, 300)
		t.Logf("R10 attempts=%d refused=%d %v", len(attempts), refused, report)
		for _, a := range attempts {
			require.LessOrEqual(t, len(a.Events), 10)
		}
		require.NoError(t, w.stop())
	})
}
