// Package message delivers notifications as FHIR messages: the channel type message
// (CH-MSG of docs/conformance.md).
//
// A host gives the engine a [Channel]:
//
//	messages, err := message.New(message.Config{Source: "https://fhir.example.org/r4"})
//	defer messages.Close()
//	engine, err := subscription.New(subscription.Config{
//		Channels: []subscription.Channel{messages},
//		// ...
//	})
//
// The endpoint of a Subscription is then the base of a FHIR server. Each notification,
// the handshake as well, goes to its operation $process-message, in a Bundle of type
// message: a MessageHeader, and the notification's Bundle as the engine made it, to
// which MessageHeader.focus refers.
//
// Receivers know messages by MessageHeader.id, which is the same for each attempt to
// send the same events. They answer with a status, or with a message or an
// OperationOutcome that says more: "ok", "transient-error", after which the engine tries
// again, or "fatal-error", after which it soon gives up.
//
// Servers that exchange messages usually know one another. Destinations limits where
// Subscriptions may send them:
//
//	message.Config{
//		Source:       "https://fhir.example.org/r4",
//		Destinations: []string{"https://ehr.example.org/fhir"},
//	}
//
// Endpoints are strangers' input all the same: [Config]'s HTTP, whose zero value is safe,
// has the guard, credentials and secrets of package egress.
package message
