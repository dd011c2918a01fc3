// Package websocket is the channel over which subscribers connect to this server, as
// browsers do (CH-WS of docs/conformance.md).
//
// A host gives the channel to its engine, and mounts its handler where it says that
// subscribers connect:
//
//	sockets, err := websocket.New(websocket.Config{URL: "wss://fhir.example.org/r4/ws"})
//	engine, err := subscription.New(subscription.Config{
//		Channels: []subscription.Channel{sockets}, // and what else an engine needs
//	})
//	mux.Handle("/r4/ws", sockets.Handler(engine))
//
// A subscriber creates a Subscription with channel type websocket, which is active at
// once, asks for a token, connects to websocket-url, and shows the token:
//
//	POST [base]/Subscription/$get-ws-binding-token
//
//	C: bind-with-token wst-7f1c2a
//	S: {"resourceType":"Bundle", ... handshake of each Subscription ...}
//	S: {"resourceType":"Bundle", ... events, heartbeats ...}
//
// A text that is sent is a notification, whole. What had not arrived at any connection
// of the subscriber comes after the handshake. One connection may be bound to many
// Subscriptions, and a Subscription by many connections, on any nodes; a token that is
// shown for what is bound already prolongs it. Beside the guide's own text, "bind-with-token: TOKEN" and the JSON of
// Medplum's clients are understood, with their unbind-from-token and ping.
//
// A classic Subscription, whose criteria are a search, is bound by its id, if the
// Authorizer lets whoever opened the connection (subscription.AccessBind):
//
//	C: bind sub-17
//	S: bound sub-17
//	S: ping sub-17
//
// A connection may ask for less than its Subscriptions allow: ?content=id-only in the
// URL.
//
// # What is given up, and what is not
//
// The protocol knows no acknowledgement. So the channel asks by a ping after what it has
// sent: an event whose connection does not answer counts as not delivered. Who reads too
// slowly is cut off (Config.WriteTimeout), who has vanished is noticed by a ping, and
// neither loses an event: it comes after the next bind.
//
// What a client gets wrong is answered by an OperationOutcome (AMB-11); after
// three times the connection is closed with 1008. It closes with 1001 when the server
// stops: come back.
package websocket
