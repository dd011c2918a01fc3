// Package notification turns what happened to a subscription into the Bundle that
// its subscriber receives, and back.
//
// A [Notification] says everything that one Bundle says. [Append] writes it:
//
//	body, err := notification.Append(nil, fhirpath.R4, &notification.Notification{
//		ID: "n-1", StatusID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01", Timestamp: time.Now(),
//		Type: notification.EventNotification, Content: notification.IDOnly,
//		Subscription: "https://fhir.example.com/r4/Subscription/17", Status: "active",
//		EventsSinceSubscriptionStart: 42,
//		Events: []notification.Event{{Number: 42, Focus: notification.Entry{
//			FullURL: "https://fhir.example.com/r4/Encounter/501", Method: "PUT", URL: "Encounter/501",
//		}}},
//	})
//
// [Content] decides what of the events is disclosed, whatever the Notification
// holds: an empty notification shows numbers and times, an id-only one adds
// references, and only a full-resource one adds resources, byte for byte as the
// host gave them. So one Notification can be written at every level, and a level
// can be lowered at the last moment.
//
// The same Notification can be written in R4, R4B and R5, whose Bundles differ in type,
// in the resource of the status and in what is said of requests; see Append.
//
// [AppendStatusBundle] writes the answer of the operation $status. The answer of
// $events is a Notification of type [QueryEvent].
//
// [Parse] reads what Append writes, and what other servers send in R4, R4B and R5;
// [ParseAll] reads Bundles that speak of several subscriptions. Both are liberal
// about form and strict about meaning: a number, a code or a time that cannot be
// understood is an [*InvalidError] that names the element. What they tolerate, such as
// a counter that is a JSON number or an entry that is missing, is told as well:
//
//	n, err := notification.Parse(body)
//	for i := range n.Problems {
//		log.Print(&n.Problems[i]) // no values of the Bundle, only elements
//	}
//
// All functions are pure: they do no input or output, keep nothing and may be
// called from several goroutines at once. No error text holds a value of the input.
package notification
