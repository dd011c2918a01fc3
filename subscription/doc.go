// Package subscription is the engine: it turns changes of a FHIR server's resources
// into the notifications of FHIR's topic-based subscriptions.
//
// A host makes an Engine of a Store, its Channels, its topics and its Authorizer,
// runs it, and calls it from its write path:
//
//	engine, err := subscription.New(subscription.Config{
//		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
//		Store: store, Channels: []subscription.Channel{resthook.New(resthook.Config{})},
//		Topics: topics, Authorizer: policy,
//	})
//	handler := engine.Handler(subscription.HandlerConfig{})
//	mux.Handle("/r4/Subscription", handler)
//	mux.Handle("/r4/Subscription/", handler)
//	go engine.Run(ctx)
//
//	// in the write path, in the host's own transaction
//	err = engine.OnResourceChangeTx(ctx, store.Tx(tx), subscription.ResourceChange{
//		Interaction: subscription.Update, Resource: after, Previous: before})
//
// # How a change travels
//
// The hook evaluates the topics' triggers. If any fires, the change is appended to
// the change log, in the host's transaction if it has one. One node at a time, under
// a lease, is the sequencer: it reads the log in the order of commits, finds the
// Subscriptions whose filters the resource passes, asks the Authorizer, and commits
// events, their numbers and its own position in one transaction. Every node delivers:
// it claims Subscriptions that are due, sends the next batch of each, and moves its
// cursor.
//
// # What is promised
//
// A change that was recorded reaches every Subscription that it matches, at least
// once, in order. Each Subscription's events are numbered 1, 2, 3 … from its creation
// on, without gaps; a number never names two events, and a batch that is sent again is
// the same batch under the same Bundle.id. An endpoint that is still being verified
// gets what happened meanwhile after its handshake. Events also count while the
// status is error; they are sent once the client has asked for status requested and
// the handshake has been accepted. While it is off, nothing counts.
//
// # Subscribers who connect
//
// Over a Connector, such as channel/websocket, the subscriber comes to this server, to
// any node of it. It shows a token that $get-ws-binding-token gave, gets a handshake, the
// events that had not arrived at a connection of it, and then what follows: see Session.
// Only what is confirmed to have arrived counts as delivered.
//
// # Classic Subscriptions
//
// Before there were topics, a Subscription's criteria were a search, such as
// Observation?code=1975-2 (CLS-01). Clients may write such ones for the
// resource types in Config.Classic. They are active at once, and each create or update
// whose new version matches is sent by itself, as Message.Classic says; not a deletion,
// and not a resource that no longer matches. There are no handshakes, heartbeats, content
// levels and operations: with a payload the resource goes out, without one only that
// something happened. A resource that its subscriber may not see is not sent, and nothing
// tells of it. Order, retries, status and end are as for all: after error the client asks
// for activation, and gets what has matched meanwhile.
//
// # Releases
//
// An Engine serves R4, R4B or R5, as Config.Release says. What a Subscription asks for
// is the same everywhere inside; how it is written, and by which elements it is
// refused, is the release's: the profile of the Backport guide in R4 and R4B, elements
// of its own in R5. Notifications open with the guide's Parameters in R4, with a
// SubscriptionStatus in R4B and R5.
//
// # Failures
//
// What a client gets wrong is a *Refusal. What a host gets wrong is an error of New,
// or one that is ErrInvalidChange. Why a Subscription's status is error or off stands
// in Subscription.error and, as a coding, in notifications and $status: no-response,
// error-response, dns-resolution-error (codes of the standard), endpoint-gone, ended, not-supported, filters-adjusted,
// not-connected; paused and turned-off, by an operator.
// A Subscription over e-mail whose receiver was asked and has not answered has the
// status requested and the code not-confirmed; after 7 days, or with the code declined
// at once, it is off.
//
// No log line and no error text carries patient data, ids of resources, URLs or
// header values.
//
// Ids such as LIFE-17 in comments are requirements of the standard: docs/conformance.md
// lists them, with the tests of each. docs/embed.md is the
// way into a server, step by step.
package subscription
