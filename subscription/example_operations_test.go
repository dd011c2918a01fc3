package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// running makes an engine, runs it, and gives what ends it.
func running(change func(*subscription.Config)) (*subscription.Engine, func()) {
	cfg := subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4", Store: memory.New(),
		Channels: []subscription.Channel{silent{}}, Topics: []*topic.Topic{exampleTopic()}, Authorizer: subscription.InsecureAllowAll{},
	}
	if change != nil {
		change(&cfg)
	}
	engine, err := subscription.New(cfg)
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- engine.Run(ctx) }()
	return engine, func() {
		stop()
		<-ended
	}
}

// delivered waits until it is recorded that n events of a Subscription have arrived.
func delivered(engine *subscription.Engine, id string, n int64) {
	for {
		o, _, err := engine.Overview(context.Background(), "", id)
		if err != nil {
			panic(err)
		}
		if o.Delivered == n {
			return
		}
		runtime.Gosched()
	}
}

func encounterOfPatient7(id string) subscription.ResourceChange {
	return subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(
		`{"resourceType":"Encounter","id":"` + id + `","status":"in-progress","subject":{"reference":"Patient/7"}}`)}
}

// Why does this change not notify?
func ExampleEngine_Explain() {
	engine := exampleEngine(silent{})
	ctx := context.Background()
	s, err := engine.Create(ctx, "", json.RawMessage(exampleSubscription))
	if err != nil {
		fmt.Println(err)
	}
	change := encounterOfPatient7("e1")
	for _, text := range []string{string(change.Resource), strings.Replace(string(change.Resource), "Patient/7", "Patient/8", 1), strings.Replace(string(change.Resource), "in-progress", "planned", 1)} {
		change.Resource = json.RawMessage(text)
		x, err := engine.Explain(ctx, subscription.ExplainRequest{Subscription: s.ID, Change: change})
		fmt.Println(x.Fires, x.Matches, x.Reason, err)
	}
	// Output:
	// true true it gets an event <nil>
	// true false a filter of the Subscription does not match <nil>
	// false true no trigger of the topic fires <nil>
}

// What happens is not always a change of a resource.
func ExampleEngine_OnEvent() {
	admissions, err := topic.Parse([]byte(`{"resourceType":"SubscriptionTopic","url":"https://example.org/topics/admitted","status":"active",
		"eventTrigger":[{"resource":"Encounter","event":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0003","code":"A01"}]}}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	channel := printer{make(chan struct{})}
	engine, end := running(func(c *subscription.Config) {
		c.Channels, c.Topics = []subscription.Channel{channel}, []*topic.Topic{admissions}
	})
	ctx := context.Background()
	_, err = engine.Create(ctx, "", json.RawMessage(`{"resourceType":"Subscription","status":"requested","reason":"x",
		"criteria":"https://example.org/topics/admitted","channel":{"type":"rest-hook","endpoint":"https://ward.example.org/hook"}}`))
	if err != nil {
		fmt.Println(err)
	}
	<-channel.done
	err = engine.OnEvent(ctx, subscription.TopicEvent{
		Events: []topic.Coding{{System: "http://terminology.hl7.org/CodeSystem/v2-0003", Code: "A01"}},
		Focus:  json.RawMessage(`{"resourceType":"Encounter","id":"e1"}`),
	})
	if err != nil {
		fmt.Println(err)
	}
	<-channel.done
	end()
	// Output:
	// handshake 0
	// event-notification 1
}

// In a transaction of the host, an event is there if the host commits.
func ExampleEngine_OnEventTx() {
	store := memory.New()
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4", Store: store, Channels: []subscription.Channel{silent{}},
		Authorizer: subscription.InsecureAllowAll{}, Topics: []*topic.Topic{{
			URL: "https://example.org/topics/admitted", Status: "active",
			EventTriggers: []topic.EventTrigger{{Resource: "Encounter", Event: []topic.Coding{{Code: "A01"}}}},
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	admitted := subscription.TopicEvent{Events: []topic.Coding{{Code: "A01"}}, Focus: json.RawMessage(`{"resourceType":"Encounter","id":"e1"}`)}
	for _, commit := range []bool{false, true} {
		tx := store.Begin()
		if err := engine.OnEventTx(ctx, tx, admitted); err != nil {
			fmt.Println(err)
		}
		if commit {
			err = tx.Commit()
		} else {
			err = tx.Rollback()
		}
		changes, readErr := store.ReadChanges(ctx, 0, 10)
		fmt.Println(len(changes), err, readErr)
	}
	// Output:
	// 0 <nil> <nil>
	// 1 <nil> <nil>
}

// Topics are replaced while the engine runs; clients find those of now.
func ExampleEngine_SetTopics() {
	engine := exampleEngine(silent{})
	ctx := context.Background()
	discharge := *exampleTopic()
	discharge.URL, discharge.Title = "https://example.org/topics/discharge", "A patient leaves"
	wrong := discharge
	wrong.ResourceTriggers = []topic.ResourceTrigger{{Resource: "Encounter", FHIRPath: "%current.statuss = 'finished'"}}
	fmt.Println(engine.SetTopics(ctx, exampleTopic(), &wrong) != nil, "and nothing has changed")
	fmt.Println(engine.SetTopics(ctx, exampleTopic(), &discharge))
	found, err := engine.SearchTopics(ctx, url.Values{"_id": {"discharge"}})
	fmt.Println(found.Total, err)
	one, err := engine.GetTopic(ctx, "discharge")
	fmt.Println(strings.Contains(string(one.Resource), "A patient leaves"), err)
	// Output:
	// true and nothing has changed
	// <nil>
	// 1 <nil>
	// true <nil>
}

// A Subscription is a resource: it is found, patched and deleted. What can't be done is told
// as an OperationOutcome.
func ExampleEngine_Patch() {
	engine := exampleEngine(silent{})
	ctx := context.Background()
	s, err := engine.Create(ctx, "", json.RawMessage(exampleSubscription))
	if err != nil {
		fmt.Println(err)
	}
	s, err = engine.Patch(ctx, "", s.ID, json.RawMessage(`[{"op":"replace","path":"/status","value":"off"}]`), s.VersionID)
	fmt.Println(s.VersionID, err)
	_, err = engine.Patch(ctx, "", s.ID, json.RawMessage(`[{"op":"replace","path":"/criteria","value":"https://example.org/none"}]`), "")
	var refusal *subscription.Refusal
	if errors.As(err, &refusal) {
		fmt.Println(string(refusal.OperationOutcome()))
	}
	found, err := engine.Search(ctx, "", url.Values{"status": {"off"}})
	fmt.Println(found.Total, err)
	fmt.Println(engine.Delete(ctx, "", s.ID, ""))
	_, err = engine.Get(ctx, "", s.ID)
	fmt.Println(errors.Is(err, subscription.ErrNotFound))
	// Output:
	// 2 <nil>
	// {"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-supported","details":{"text":"The topic is not supported by this server"},"expression":["Subscription.criteria"]}]}
	// 1 <nil>
	// <nil>
	// true
}

// What a host merges into its CapabilityStatement.
func ExampleEngine_CapabilityFragment() {
	engine := exampleEngine(silent{})
	var fragment struct {
		Rest []struct {
			Resource []struct {
				Type, Documentation string
				Operation           []struct{ Name string }
			}
		}
	}
	if err := json.Unmarshal(engine.CapabilityFragment(subscription.R4), &fragment); err != nil {
		fmt.Println(err)
	}
	fmt.Println(fragment.Rest[0].Resource[0])
	fmt.Println(engine.CapabilityFragment(subscription.R5) == nil)
	// Output:
	// {Subscription Channels: rest-hook [{status} {events} {resend}]}
	// true
}

// Delivered events are sent again, under their numbers.
func ExampleEngine_Resend() {
	channel := printer{make(chan struct{})}
	engine, end := running(func(c *subscription.Config) { c.Channels = []subscription.Channel{channel} })
	defer end()
	ctx := context.Background()
	s, err := engine.Create(ctx, "", json.RawMessage(exampleSubscription))
	if err != nil {
		fmt.Println(err)
	}
	<-channel.done
	for _, id := range []string{"e1", "e2"} {
		if err := engine.OnResourceChange(ctx, encounterOfPatient7(id)); err != nil {
			fmt.Println(err)
		}
		<-channel.done
	}
	delivered(engine, s.ID, 2)
	sent := make(chan string)
	go func() {
		resent, err := engine.Resend(ctx, "", s.ID, subscription.ResendRequest{Since: 2})
		sent <- fmt.Sprint(resent.Events, " ", resent.First, " ", err)
	}()
	<-channel.done
	fmt.Println(<-sent)
	// Output:
	// handshake 0
	// event-notification 1
	// event-notification 2
	// event-notification 2
	// 1 2 <nil>
}

// wire is a Connector: its subscribers connect to this server.
type wire struct{ silent }

func (wire) Type() string { return "websocket" }
func (wire) URL() string  { return "wss://fhir.example.org/r4/ws" }

// A Connector serves one connection: it binds what the subscriber shows, writes what comes,
// and confirms what has arrived.
func ExampleSession() {
	engine, end := running(func(c *subscription.Config) {
		c.Channels, c.Classic = []subscription.Channel{wire{}}, []string{"Patient"}
	})
	defer end()
	ctx := context.Background()
	s, err := engine.Create(ctx, "", json.RawMessage(strings.Replace(exampleSubscription, "rest-hook", "websocket", 1)))
	if err != nil {
		fmt.Println(err)
	}
	classic, err := engine.Create(ctx, "", json.RawMessage(`{"resourceType":"Subscription","status":"requested","reason":"x","criteria":"Patient","channel":{"type":"websocket"}}`))
	if err != nil {
		fmt.Println(err)
	}
	token, err := engine.BindingToken(ctx, "", []string{s.ID}) // what $get-ws-binding-token answers
	if err != nil {
		fmt.Println(err)
	}
	var session *subscription.Session
	for session == nil { // Run begins in a moment
		runtime.Gosched()
		session, _ = engine.Connect("", "websocket")
	}
	defer session.Close()
	if err := session.Bind(ctx, token.Token, subscription.BindOptions{Content: notification.Empty}); err != nil {
		fmt.Println(err)
	}
	if err := session.BindID(ctx, classic.ID); err != nil { // as clients of query criteria do
		fmt.Println(err)
	}
	fmt.Println(session.Bindings(), session.IsBound(s.ID))
	next := func() string {
		d, err := session.Next(ctx)
		if err != nil {
			return err.Error()
		}
		session.Confirm(d.Sequence)
		if d.Message.Classic != nil {
			return "bound"
		}
		return fmt.Sprint(d.Message.Notification.Type, " ", d.Message.Notification.EventsSinceSubscriptionStart)
	}
	fmt.Println(next())
	fmt.Println(next())
	if err := engine.OnResourceChange(ctx, encounterOfPatient7("e1")); err != nil {
		fmt.Println(err)
	}
	fmt.Println(next())
	session.UnbindID(classic.ID)
	fmt.Println(session.Unbind(token.Token), session.IsBound(s.ID))
	// Output:
	// 2 true
	// handshake 0
	// bound
	// event-notification 1
	// true false
}

// A Connector with very many connections has no goroutine for each: it is called when there
// is something to send.
func ExampleSession_Poll() {
	engine, end := running(func(c *subscription.Config) { c.Channels = []subscription.Channel{wire{}} })
	defer end()
	ctx := context.Background()
	s, err := engine.Create(ctx, "", json.RawMessage(strings.Replace(exampleSubscription, "rest-hook", "websocket", 1)))
	if err != nil {
		fmt.Println(err)
	}
	token, err := engine.BindingToken(ctx, "", []string{s.ID})
	if err != nil {
		fmt.Println(err)
	}
	var session *subscription.Session
	for session == nil { // Run begins in a moment
		runtime.Gosched()
		session, _ = engine.Connect("", "websocket")
	}
	defer session.Close()
	called := make(chan struct{}, 1)
	session.Attend(func() {
		select {
		case called <- struct{}{}:
		default: // it is called already
		}
	})
	if err := session.Bind(ctx, token.Token, subscription.BindOptions{}); err != nil {
		fmt.Println(err)
	}
	if err := engine.OnResourceChange(ctx, encounterOfPatient7("e1")); err != nil {
		fmt.Println(err)
	}
	room := make([]byte, 0, 16<<10)
	for sent := 0; sent < 2; {
		<-called
		for {
			d, ok, err := session.Poll(ctx, room)
			if err != nil {
				fmt.Println(err)
			}
			if !ok {
				break
			}
			fmt.Println(d.Message.Notification.Type) // what is in room is written here
			session.Confirm(d.Sequence)
			sent++
		}
	}
	// Output:
	// handshake
	// event-notification
}

// asking is a Confirmer: who receives must say yes first.
type asking struct {
	silent
	tokens chan string
}

func (asking) Type() string                                 { return "email" }
func (asking) NeedsConfirmation(t subscription.Target) bool { return true }
func (a asking) Send(_ context.Context, _ subscription.Target, m subscription.Message) error {
	a.tokens <- m.Confirmation
	return nil
}

func ExampleEngine_Confirm() {
	channel := asking{tokens: make(chan string, 1)}
	asked := make(chan struct{}, 1)
	engine, end := running(func(c *subscription.Config) {
		c.Channels = []subscription.Channel{channel}
		c.OnStatus = func(_ context.Context, s subscription.StatusUpdate) error {
			if s.Error == "not-confirmed" { // it is recorded that the question was asked
				asked <- struct{}{}
			}
			return nil
		}
	})
	defer end()
	ctx := context.Background()
	body := strings.NewReplacer("rest-hook", "email", "https://ward.example.org/hook", "mailto:ward@example.org", "application/fhir+json", "text/plain").Replace(exampleSubscription)
	if _, err := engine.Create(ctx, "", json.RawMessage(body)); err != nil {
		fmt.Println(err)
	}
	token := <-channel.tokens // on the page that the mail leads to
	<-asked
	fmt.Println(engine.Confirm(ctx, "another"))
	fmt.Println(engine.Confirm(ctx, token))
	found, err := engine.Search(ctx, "", url.Values{"status": {"active"}})
	fmt.Println(found.Total, err)
	fmt.Println(errors.Is(engine.Decline(ctx, token), subscription.ErrNotFound), "it was used")
	// Output:
	// subscription: not found
	// <nil>
	// 1 <nil>
	// true it was used
}

func ExampleParsePayload() {
	mediaType, parameters, err := subscription.ParsePayload("text/plain;attach=application/fhir+json")
	fmt.Println(mediaType, parameters["attach"], err)
	// Output: text/plain application/fhir+json <nil>
}
