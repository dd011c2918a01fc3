// Package console is the operators' web page: which Subscriptions are behind and why, what
// was delivered in the last 24 hours, which hosts don't answer, which topics fire, and why
// a change did, or did not, lead to a notification.
//
// A host mounts it behind what makes sure that only operators get through:
//
//	traffic := new(console.Traffic)
//	engine, err := subscription.New(subscription.Config{ …, Observer: traffic })
//	page := console.New(engine, console.Config{Traffic: traffic})
//	mux.Handle("/console/", operatorsOnly(page))
//
// It works under any prefix, behind a reverse proxy, in several nodes of which each shows
// its own rates and hosts, and asks nobody else for anything: the pages are HTML with one
// style sheet, and a script of 20 lines that refreshes them if somebody wants that.
//
// # What it shows
//
// Nothing of patients: no resources, no ids of resources, no values of filters, and of
// events only number, time, topic, type of resource and interaction. No URLs either, no
// header values, and no texts of errors: of a failure its code. It does show tenants, ids
// of Subscriptions, and the names of hosts that fail.
//
// "Why?" tries a change by Engine.Explain. The change is that behind an event which another
// Subscription has had, of which no values are shown and nothing at all if that event is
// redacted, or one that the operator pastes: the answer then holds what was pasted, and is
// neither kept nor logged.
//
// # What it does
//
// Nothing, unless Config.Authorize says so. Then an operator may pause a Subscription, whose
// events are kept meanwhile, resume it, send events again, and turn it off, by
// Engine.Pause, Resume, Resend and TurnOff; the engine's Authorizer has to agree, as for a
// client. Such requests are refused unless they come from a page of the same origin.
//
// # What it costs
//
// A page of the list asks the store for 51 Subscriptions, and for the first undelivered event
// of those that are behind. Totals are counted by whoever looks at the first page, at most
// 20,000 Subscriptions or a quarter of a second at a time, and are good for ten seconds
// or twenty times as long as they took.
package console
