// Package fhirproxy adds subscriptions to a FHIR server that has none: a reverse proxy
// with the engine inside. It needs nothing of the server behind it, the upstream, but
// what every FHIR server of R4, R4B or R5 offers.
//
//	p, err := fhirproxy.Open(ctx, fhirproxy.Config{
//		Upstream: "https://ehr.example.org/r4",
//		Config:   host.Config{BaseURL: "https://fhir.example.org/r4", Topics: topics, Store: "sqlite:proxy.db"},
//	})
//	if err != nil {
//		return err
//	}
//	defer p.Close()
//	go http.ListenAndServe("127.0.0.1:8080", p.Handler())
//	return p.Run(ctx)
//
// Subscriptions, topics, their operations and the websocket are the proxy's own; metadata
// is the upstream's, with what the engine says in it. All else passes through as it is:
// streams, credentials, compression, upgrades, preflights; to pages of other origins its
// own answers say what the upstream's say. A Bundle with an entry for
// Subscriptions is refused, as is one that is not strictly JSON or has URLs that are not
// relative; and so is a write that only some servers would take for one, by a path such as
// Patient%2F1 or Patient;x or by a header for another method.
//
// # What is seen
//
// A create, update, patch or delete of a type that a topic wants, by id or criteria, alone
// or in a batch or transaction, in whatever way the upstream acknowledges it: with or
// without a body, compressed, as XML, with 200 for a creation. An acknowledgement that
// changed nothing is no event: an update that leaves the version as it is, a conditional
// create that finds one, a second delete. To know, the proxy reads before it writes.
// Writes of other types cost nothing. Operations that write, other than batch and
// transaction, are seen only through the history.
//
// # What is promised
//
// What the upstream commits while the proxy runs is recorded, whatever crashes:
//
//	the intent, with the state before  ─► the journal, durably
//	the request                        ─► the upstream
//	the change, and the intent goes    ─► the engine's log, in one transaction
//	the upstream's answer              ─► the client
//
// A write that can't be entered in the journal is not sent (503). An intent that is left
// over, because the proxy was killed, the upstream gave no answer, one of 5xx or one that
// does not tell what was written, or the store failed, is settled by asking the upstream:
// its history of that resource, or its present state; for a create, what is new of the
// type by _lastUpdated. That is done at once, again for some minutes, as the upstream may
// commit late, and before the next write of the resource. Versions that were recorded are
// known, so nothing is recorded twice. Writes of one resource wait for each other, so that
// they are recorded in their order.
//
// Failure policy: if the change can't be recorded although the intent was, the client gets
// the upstream's answer all the same, as it is true, and the change is recorded later.
// Where an upstream offers no history, what a crash or a missing answer has left open is
// one change, from the state before to what is found; if it can't search by
// _lastUpdated either, a created resource is looked for among all of its type. Deletions by
// criteria that met several are found out by reading each. A patch or delete by criteria for
// which the upstream refuses a search, or that meet more than 10000, is not sent; nor is a
// write of more than 64 MB.
//
// # What goes around it
//
// At the start the upstream's history since the last beat (10 s) is read, of everything or
// of each wanted type, whichever it offers: what was written while the proxy was not there
// is recorded, in the order of its times. With Config.Poll that is repeated. An upstream
// without history is named in the log.
//
// # Who may subscribe
//
// Config.Authorization is for the proxy's own reads. Clients' credentials pass to the
// upstream and are never kept. Without Config.InsecureAllowAll the upstream decides: a
// client that asks for a Subscription must be let, with its own headers, to search each
// resource type of the topic, and is asked about whenever it comes back for it. It gets
// empty or id-only notifications, and reads the resources themselves by its own right, so
// what it may see is decided where it always was; that a resource with some id has changed,
// and meets a filter, is told to all who may search its type: where a client may search but is
// shown a part only, its filters tell of the rest, and subscriptions are for trusted systems.
// A Subscription belongs to the header Authorization and the Cookie of who made it, or to
// the subject of a JSON Web Token if the upstream refuses the same token with another
// signature, which is asked each time. Who is let by other means, such as a key in a
// header of its own, can't subscribe. Whole resources, and topics about all types, need
// InsecureAllowAll or a proxy of your own around this package's.
//
// One proxy serves one upstream. Several processes may share a PostgreSQL, each with a
// Node of its own.
package fhirproxy
