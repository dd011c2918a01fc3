package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// silent is a channel whose endpoints accept everything.
type silent struct{}

func (silent) Type() string                                     { return "rest-hook" }
func (silent) Check(context.Context, subscription.Target) error { return nil }
func (silent) Send(context.Context, subscription.Target, subscription.Message) error {
	return nil
}

// A host that keeps Subscriptions itself, in each release: Check before its own write,
// Update with what it wrote, and OnStatus brings what becomes of it.
// spec: LIFE-21, LIFE-23
func ExampleConfig_onStatus() {
	for _, of := range []struct {
		release subscription.Release
		body    string
	}{
		{subscription.R4, exampleSubscription},
		{subscription.R4B, exampleSubscription},
		{subscription.R5, `{"resourceType":"Subscription","status":"requested","topic":"https://example.org/topics/admission",
			"filterBy":[{"filterParameter":"patient","value":"Patient/7"}],
			"channelType":{"code":"rest-hook"},"endpoint":"https://subscriber.example.org/hook","content":"id-only"}`},
	} {
		told := make(chan subscription.StatusUpdate, 10)
		engine, err := subscription.New(subscription.Config{
			Release: of.release, BaseURL: "https://fhir.example.org", Store: memory.New(),
			Channels: []subscription.Channel{silent{}}, Topics: []*topic.Topic{exampleTopic()}, Authorizer: subscription.InsecureAllowAll{},
			Poll: 10 * time.Millisecond,
			OnStatus: func(_ context.Context, s subscription.StatusUpdate) error {
				told <- s
				return nil
			},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- engine.Run(ctx) }()

		_, err = engine.Check(ctx, "", of.release, json.RawMessage(`{"resourceType":"Subscription","status":"on"}`))
		var refusal *subscription.Refusal
		fmt.Println(of.release, errors.As(err, &refusal))
		accepted, err := engine.Check(ctx, "", of.release, json.RawMessage(of.body))
		if err != nil {
			fmt.Println(err)
		}
		var own map[string]any // what the host writes, under its id
		_ = json.Unmarshal(accepted, &own)
		own["id"], own["status"] = "17", "requested"
		written, _ := json.Marshal(own)
		if _, _, err = engine.Update(ctx, "", "17", written, ""); err != nil {
			fmt.Println(err)
		}
		for s := range told {
			fmt.Println(s.ID, s.Status)
			if s.Status == subscription.StatusActive {
				break
			}
		}
		cancel()
		<-ended
	}
	// Output:
	// R4 true
	// 17 requested
	// 17 active
	// R4B true
	// 17 requested
	// 17 active
	// R5 true
	// 17 requested
	// 17 active
}
