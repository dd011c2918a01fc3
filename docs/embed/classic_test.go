package embed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"strings"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// What was the criteria Observation?code=http://loinc.org|1975-2 as a topic: the same changes
// trigger it, and what clients may narrow is in canFilterBy.
const bilirubinTopic = `{
	"resourceType": "SubscriptionTopic", "url": "https://fhir.example.org/topics/bilirubin", "status": "active",
	"resourceTrigger": [{"resource": "Observation", "supportedInteraction": ["create", "update"],
		"queryCriteria": {"current": "code=http://loinc.org|1975-2"}}],
	"canFilterBy": [{"resource": "Observation", "filterParameter": "value-quantity", "comparator": ["gt", "lt"]},
		{"resource": "Observation", "filterParameter": "patient"}]
}`

// both prints what arrives, and how.
type both struct{ arrived chan string }

func (both) Type() string                                     { return "rest-hook" }
func (both) Check(context.Context, subscription.Target) error { return nil }
func (b both) Send(_ context.Context, t subscription.Target, m subscription.Message) error {
	if m.Classic != nil {
		b.arrived <- "PUT " + t.Endpoint + "/Observation/" + m.Classic.ResourceID
		return nil
	}
	text := "POST " + t.Endpoint + " " + string(m.Notification.Type)
	for _, e := range m.Notification.Events {
		text += fmt.Sprint(" ", e.Number, " ", e.Focus.FullURL)
	}
	b.arrived <- text
	return nil
}

// One client has not moved yet, the other has.
func Example_classicAndTopic() {
	bilirubin, err := topic.Parse([]byte(bilirubinTopic))
	if err != nil {
		log.Fatal(err)
	}
	channel := both{make(chan string)}
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4", Store: memory.New(),
		Channels: []subscription.Channel{channel}, Authorizer: subscription.InsecureAllowAll{},
		Classic: []string{"Observation"}, Topics: []*topic.Topic{bilirubin},
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- engine.Run(ctx) }()

	const classic = `{"resourceType":"Subscription","status":"requested","reason":"high bilirubin",
		"criteria":"Observation?code=http://loinc.org|1975-2&value-quantity=gt1.0",
		"channel":{"type":"rest-hook","endpoint":"https://ward.example.org","payload":"application/fhir+json"}}`
	moved := strings.NewReplacer(
		`"Observation?code=http://loinc.org|1975-2&value-quantity=gt1.0"`, `"https://fhir.example.org/topics/bilirubin",
			"_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria",
				"valueString":"Observation?value-quantity=gt1.0"}]}`,
		`"payload":"application/fhir+json"`, `"payload":"application/fhir+json","_payload":{"extension":[{
			"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"full-resource"}]}`,
		"ward.example.org", "moved.example.org/hook").Replace(classic)
	write := func(id, value string) {
		err := engine.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(
			`{"resourceType":"Observation","id":"` + id + `","code":{"coding":[{"system":"http://loinc.org","code":"1975-2"}]},"valueQuantity":{"value":` + value + `}}`)})
		if err != nil {
			log.Fatal(err)
		}
	}
	if _, err := engine.Create(ctx, "", json.RawMessage(classic)); err != nil {
		log.Fatal(err)
	}
	write("low", "0.9")
	write("high", "1.1")
	fmt.Println(<-channel.arrived)
	if _, err := engine.Create(ctx, "", json.RawMessage(moved)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-channel.arrived)
	write("low-again", "0.8")
	write("high-again", "1.2")
	one, other := <-channel.arrived, <-channel.arrived // in either order
	fmt.Println(max(one, other))
	fmt.Println(min(one, other))
	stop()
	fmt.Println(<-ended)
	// Output:
	// PUT https://ward.example.org/Observation/high
	// POST https://moved.example.org/hook handshake
	// PUT https://ward.example.org/Observation/high-again
	// POST https://moved.example.org/hook event-notification 1 https://fhir.example.org/r4/Observation/high-again
	// <nil>
}
