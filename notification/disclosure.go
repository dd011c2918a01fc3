package notification

// showsTopic is the default of AMB-13 and PAY-05: whoever reads an empty event
// should not learn what it was about. A handshake, a heartbeat and an answer of
// $status tell of no event.
func (n *Notification) showsTopic() bool {
	return n.Topic != "" && (n.Content != Empty || n.Type != EventNotification && n.Type != QueryEvent)
}

// refers reports whether e is written with its references.
func (n *Notification) refers(e *Event) bool {
	return n.Content != Empty && !e.withheld()
}

// hasEntries reports whether there is an entry for each reference.
func (n *Notification) hasEntries() bool {
	return n.Content == FullResource || n.Content == IDOnly && n.EntryPerReference
}

// shown is the resource as its entry shows it.
func (n *Notification) shown(e *Entry) []byte {
	if n.Content != FullResource || e.Method == "DELETE" && !n.ShowDeleted {
		return nil
	}
	return e.Resource
}

// withheld reports whether the subscriber may only know that the event happened.
func (e *Event) withheld() bool { return e.Focus.FullURL == "" }

// request returns the request of an entry and the status of its response, completed.
// An entry that shows nothing but its reference is a read of it (PAY-07).
func (n *Notification) request(e *Entry) (method, url, status string) {
	method, url, status = e.Method, e.URL, e.Status
	if n.Content == IDOnly {
		if method == "POST" { // to the type
			url = ""
		}
		method, status = "GET", "200"
	}
	if method == "" {
		method = "GET"
	}
	if url == "" {
		url = e.FullURL
	}
	if status != "" {
		return method, url, status
	}
	switch method {
	case "POST":
		status = "201"
	case "DELETE":
		status = "204"
	default:
		status = "200"
	}
	return method, url, status
}
