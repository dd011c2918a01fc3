// Package clienthost hosts endpoints for Subscriptions, as an application of a subscriber
// would have them, and shows what arrives there: rest-hooks and FHIR messages over HTTP,
// websockets that it keeps bound, and mailboxes.
//
//	events := feed.New(1000, 1<<20)
//	host := clienthost.New(clienthost.Config{URL: "http://127.0.0.1:9000", Feed: events})
//	defer host.Close()
//	go http.ListenAndServe("127.0.0.1:9000", host)
//	endpoint, err := host.Open("rest-hook")
//	// a Subscription's channel.endpoint is endpoint.Address
//	host.Arrivals() // what came, decoded, with gaps and duplicates
//
// An endpoint can be made to cause Trouble, to see what the server does about it. What an
// endpoint's address holds is its secret: others can't guess where to send.
package clienthost
