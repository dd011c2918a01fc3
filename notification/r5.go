package notification

// r5 is the form of R5: a Bundle of type subscription-notification (BND-02),
// whose counters, of type integer64, are strings in JSON, too (STS-06).
var r5 = form{
	header:   `,"type":"subscription-notification"`,
	statuses: []string{"requested", "active", "error", "off", "entered-in-error"},
	status:   appendStatusR5,
	exchange: appendRequestR5,
	once:     true,
}

// appendStatusR5 appends the SubscriptionStatus. An answer of $events without events
// would break sst-1, so it is an answer of $status (AMB-10, OP-12).
func appendStatusR5(dst []byte, n *Notification) []byte {
	if n.Type == QueryEvent && len(n.Events) == 0 {
		empty := *n
		empty.Type = QueryStatus
		n = &empty
	}
	return appendSubscriptionStatus(dst, n)
}

// appendRequestR5 appends the request of an entry that has no resource, as bdl-5
// demands, or whose resource was changed by it. The profile of such Bundles allows no
// response, nor a request of the status (BND-06, BND-07, AMB-08).
func appendRequestR5(dst []byte, n *Notification, e *Entry) []byte {
	if e == nil {
		return dst
	}
	method, url, _ := n.request(e)
	if method == "GET" && n.shown(e) != nil {
		return dst
	}
	dst = append(dst, `,"request":{"method":`...)
	dst = appendString(dst, method)
	dst = append(dst, `,"url":`...)
	dst = appendString(dst, url)
	return append(dst, '}')
}
