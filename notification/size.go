package notification

// size is what the Bundle of n needs, or somewhat more: a text with many escapes
// may need a second growth.
func size(n *Notification) int {
	size := 128 + len(n.ID) + len(n.Subscription) + statusSize(n)
	if !n.hasEntries() {
		return size
	}
	for i := range n.Events {
		e := &n.Events[i]
		size += entrySize(&e.Focus)
		for j := range e.Context {
			size += entrySize(&e.Context[j])
		}
	}
	return size
}

func entrySize(e *Entry) int {
	return 128 + 2*len(e.FullURL) + len(e.URL) + len(e.Resource)
}

func statusSize(n *Notification) int {
	size := 704 + 2*len(n.StatusID) + len(n.Subscription) + len(n.Topic)
	for _, c := range n.Errors {
		size += 64 + codingSize(c)
	}
	for i := range n.Events {
		e := &n.Events[i]
		size += 192
		for _, c := range e.Triggers {
			size += 64 + codingSize(c)
		}
		if e.Authorization != (Authorization{}) {
			size += 256 + codingSize(e.Authorization.Type) + len(e.Authorization.Value)
		}
		if n.Content == Empty {
			continue
		}
		for j := range e.Queries {
			size += 224 + codingSize(e.Queries[j].Type) + len(e.Queries[j].Query)
		}
		size += 64 + len(e.Focus.FullURL)
		for j := range e.Context {
			size += 80 + len(e.Context[j].FullURL)
		}
	}
	return size
}

func codingSize(c Coding) int { return 24 + len(c.System) + len(c.Code) }
