package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// printer is a Channel that prints what it is given.
type printer struct{ done chan struct{} }

func (printer) Type() string                                     { return "rest-hook" }
func (printer) Check(context.Context, subscription.Target) error { return nil }
func (p printer) Send(_ context.Context, t subscription.Target, m subscription.Message) error {
	fmt.Println(m.Notification.Type, m.Notification.EventsSinceSubscriptionStart)
	p.done <- struct{}{}
	return nil
}

func exampleTopic() *topic.Topic {
	t, err := topic.Parse([]byte(`{
		"resourceType": "SubscriptionTopic", "url": "https://example.org/topics/admission", "status": "active",
		"resourceTrigger": [{"resource": "Encounter", "supportedInteraction": ["create", "update"],
			"queryCriteria": {"previous": "status:not=in-progress", "resultForCreate": "test-passes",
				"current": "status=in-progress", "requireBoth": true}}],
		"canFilterBy": [{"resource": "Encounter", "filterParameter": "patient"}]
	}`))
	if err != nil {
		panic(err)
	}
	return t
}

const exampleSubscription = `{
	"resourceType": "Subscription", "status": "requested", "reason": "ward board",
	"criteria": "https://example.org/topics/admission",
	"_criteria": {"extension": [{
		"url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria",
		"valueString": "Encounter?patient=Patient/7"}]},
	"channel": {"type": "rest-hook", "endpoint": "https://ward.example.org/hook", "payload": "application/fhir+json",
		"_payload": {"extension": [{
			"url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content",
			"valueCode": "id-only"}]}}
}`

func exampleEngine(channel subscription.Channel) *subscription.Engine {
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
		Store: memory.New(), Channels: []subscription.Channel{channel},
		Topics: []*topic.Topic{exampleTopic()}, Authorizer: subscription.InsecureAllowAll{},
	})
	if err != nil {
		panic(err)
	}
	return engine
}

// A write of the host becomes a numbered notification.
func Example() {
	channel := printer{make(chan struct{})}
	engine := exampleEngine(channel)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- engine.Run(ctx) }()

	if _, err := engine.Create(ctx, "", json.RawMessage(exampleSubscription)); err != nil {
		fmt.Println(err)
	}
	<-channel.done
	for id, patient := range []string{"Patient/7", "Patient/8", "Patient/7"} {
		encounter := fmt.Sprintf(`{"resourceType":"Encounter","id":"%d","status":"in-progress","subject":{"reference":%q}}`, id, patient)
		if err := engine.OnResourceChange(ctx, subscription.ResourceChange{
			Interaction: subscription.Create, Resource: json.RawMessage(encounter)}); err != nil {
			fmt.Println(err)
		}
	}
	<-channel.done
	<-channel.done
	cancel()
	fmt.Println(<-ended)
	// Output:
	// handshake 0
	// event-notification 1
	// event-notification 2
	// <nil>
}

// The handler serves FHIR's REST API; every failure is an OperationOutcome.
func ExampleEngine_Handler() {
	engine := exampleEngine(printer{})
	handler := engine.Handler(subscription.HandlerConfig{})
	mux := http.NewServeMux()
	mux.Handle("/r4/Subscription", handler)
	mux.Handle("/r4/Subscription/", handler)

	post := func(body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("POST", "/r4/Subscription", strings.NewReader(body)))
		return w
	}
	fmt.Println(post(exampleSubscription).Code)
	refused := post(strings.Replace(exampleSubscription, "admission", "discharge", 1))
	fmt.Println(refused.Code, refused.Body)
	// Output:
	// 201
	// 422 {"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-supported","details":{"text":"The topic is not supported by this server"},"expression":["Subscription.criteria"]}]}
}

// Check tells what Create would say, and stores nothing.
func ExampleEngine_Check() {
	engine := exampleEngine(printer{})
	_, err := engine.Check(context.Background(), "", subscription.R4,
		json.RawMessage(strings.Replace(exampleSubscription, "patient=", "phase-of-moon=", 1)))
	var refusal *subscription.Refusal
	if errors.As(err, &refusal) {
		fmt.Println(refusal.Status, refusal.Issues[0].Code)
	}
	// Output: 422 not-supported
}

// Wants lets a host skip reading what no topic looks at.
func ExampleEngine_Wants() {
	engine := exampleEngine(printer{})
	fmt.Println(engine.Wants("", "Encounter", subscription.Update))
	fmt.Println(engine.Wants("", "Encounter", subscription.Delete))
	fmt.Println(engine.Wants("", "Observation", subscription.Create))
	// Output:
	// true true
	// false false
	// false false
}

// An Authorizer that lets a subscriber see what its tenant owns.
type byTenant struct{}

func (byTenant) AuthorizeSubscription(_ context.Context, s *subscription.Subscription) (string, error) {
	if s.Tenant == "" {
		return "", errors.New("no tenant")
	}
	return s.Tenant, nil
}

func (byTenant) AuthorizeAccess(_ context.Context, s *subscription.Subscription, _ subscription.Access) (bool, error) {
	return s.Owner == s.Tenant, nil
}

func (byTenant) AuthorizeEvent(_ context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	verdicts := make([]subscription.Verdict, len(subs)) // Deny
	for i, s := range subs {
		if strings.Contains(string(focus), `"tag":[{"code":"`+s.Tenant+`"}]`) {
			verdicts[i] = subscription.Allow
		}
	}
	return verdicts, nil
}

func ExampleAuthorizer() {
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
		Store: memory.New(), Channels: []subscription.Channel{printer{}},
		Topics: []*topic.Topic{exampleTopic()}, Authorizer: byTenant{},
	})
	if err != nil {
		fmt.Println(err)
	}
	_, err = engine.Create(context.Background(), "", json.RawMessage(exampleSubscription))
	fmt.Println(err)
	// Output: subscription: refused: Subscription: The Subscription is not permitted
}

// A wrapper of a channel, such as one that counts, learns what an error asks of the
// engine.
func ExampleClassOf() {
	status := errors.New("status 503")
	for _, err := range []error{
		status, subscription.RetryAfter(status, 90*time.Second), subscription.Permanent(status),
		subscription.Gone(status), subscription.NotConnected(),
	} {
		class, after := subscription.ClassOf(fmt.Errorf("ward: %w", err))
		fmt.Println(class, after)
	}
	// Output:
	// transient 0s
	// transient 1m30s
	// permanent 0s
	// gone 0s
	// not-connected 0s
}

// ward is a policy by which every Subscription is the ward's.
type ward struct{ subscription.InsecureAllowAll }

func (ward) AuthorizeSubscription(context.Context, *subscription.Subscription) (string, error) {
	return "ward 7", nil
}

// An owner has so many Subscriptions, and no more.
func ExampleConfig_perOwner() {
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
		Store: memory.New(), Channels: []subscription.Channel{printer{}},
		Topics: []*topic.Topic{exampleTopic()}, Authorizer: ward{}, PerOwner: 1,
	})
	if err != nil {
		panic(err)
	}
	for range 2 {
		_, err := engine.Create(context.Background(), "", []byte(exampleSubscription))
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// subscription: refused: Subscription: Its owner has as many Subscriptions as one may have, which is 1; one must be deleted first
}
