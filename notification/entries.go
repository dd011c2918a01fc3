package notification

import "bytes"

// manyEntries is the number of entries up to which looking at each earlier one is
// cheaper than a map.
const manyEntries = 64

// entries calls f for each entry of a history after the first: each event's focus,
// then what is new of its context. What a context shows is new unless the latest
// entry of that resource shows the same.
func (n *Notification) entries(f func(*Entry)) {
	var latest map[string]*Entry // nil: look for it
	if count := n.countEntries(); count > manyEntries {
		latest = make(map[string]*Entry, count)
	}
	for i := range n.Events {
		e := &n.Events[i]
		if !e.withheld() {
			f(&e.Focus)
		}
		if latest != nil {
			latest[e.Focus.FullURL] = &e.Focus
		}
		for j := range e.Context {
			c := &e.Context[j]
			var before *Entry
			if latest != nil {
				before = latest[c.FullURL]
				latest[c.FullURL] = c
			} else {
				before = n.latestBefore(i, j)
			}
			if before == nil || !bytes.Equal(n.shown(before), n.shown(c)) {
				f(c)
			}
		}
	}
}

func (n *Notification) countEntries() int {
	count := len(n.Events)
	for i := range n.Events {
		count += len(n.Events[i].Context)
	}
	return count
}

// latestBefore returns the last entry before Events[i].Context[j] that is about the
// same resource.
func (n *Notification) latestBefore(i, j int) *Entry {
	url := n.Events[i].Context[j].FullURL
	for ; i >= 0; i-- {
		e := &n.Events[i]
		for j--; j >= 0; j-- {
			if e.Context[j].FullURL == url {
				return &e.Context[j]
			}
		}
		if e.Focus.FullURL == url {
			return &e.Focus
		}
		if i > 0 {
			j = len(n.Events[i-1].Context)
		}
	}
	return nil
}
