package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// teller is a Channel that prints what classic Subscriptions get.
type teller struct{ done chan struct{} }

func (teller) Type() string                                     { return "rest-hook" }
func (teller) Check(context.Context, subscription.Target) error { return nil }
func (c teller) Send(_ context.Context, t subscription.Target, m subscription.Message) error {
	fmt.Printf("%s/%s/%s %s\n", t.Endpoint, m.Classic.ResourceType, m.Classic.ResourceID, m.Body)
	c.done <- struct{}{}
	return nil
}

// Clients of older servers write a search in the place of a topic.
func ExampleConfig_classic() {
	channel := teller{make(chan struct{})}
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
		Store: memory.New(), Channels: []subscription.Channel{channel}, Authorizer: subscription.InsecureAllowAll{},
		Classic: []string{"Observation"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- engine.Run(ctx) }()

	_, err = engine.Create(ctx, "", json.RawMessage(`{
		"resourceType": "Subscription", "status": "requested", "reason": "high bilirubin",
		"criteria": "Observation?code=http://loinc.org|1975-2&value-quantity=gt1.0",
		"channel": {"type": "rest-hook", "endpoint": "https://ward.example.org/fhir", "payload": "application/fhir+json"}
	}`))
	if err != nil {
		fmt.Println(err)
	}
	for i, value := range []string{"0.9", "1.1"} {
		result := fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","code":{"coding":[{"system":"http://loinc.org","code":"1975-2"}]},"valueQuantity":{"value":%s}}`, i, value)
		if err := engine.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(result)}); err != nil {
			fmt.Println(err)
		}
	}
	<-channel.done
	cancel()
	fmt.Println(<-ended)
	// Output:
	// https://ward.example.org/fhir/Observation/o1 {"resourceType":"Observation","id":"o1","code":{"coding":[{"system":"http://loinc.org","code":"1975-2"}]},"valueQuantity":{"value":1.1}}
	// <nil>
}
