package subscription

import (
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/topic"
)

// firings counts how often topics were triggered.
//
// Failure policy: it is this process's own, and forgotten when it ends. What the host has
// rolled back is counted.
type firings struct {
	mu sync.Mutex
	of map[string]firing // by canonical
}

type firing struct {
	n    int64
	last time.Time
}

// count notes that a change has triggered topics.
func (f *firings) count(canonicals []string, at time.Time) {
	if len(canonicals) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = map[string]firing{}
	}
	for _, canonical := range canonicals {
		one := f.of[canonical]
		one.n++
		if at.After(one.last) {
			one.last = at
		}
		f.of[canonical] = one
	}
}

// TopicOverview is a topic in force and how often changes have triggered it.
type TopicOverview struct {
	*topic.Topic           // not to be changed
	Fired        int64     // changes and events recorded by this process since it was made; what a host then rolled back is among them
	LastFired    time.Time // when the latest of them happened; zero: there was none
}

// TopicOverviews returns the topics in force, in the order in which they were given. Anybody may
// see them; SearchTopics shows them as clients read them.
func (e *Engine) TopicOverviews() []TopicOverview {
	all := e.topics.Load().all
	list := make([]TopicOverview, len(all))
	e.firings.mu.Lock()
	defer e.firings.mu.Unlock()
	for i, t := range all {
		one := e.firings.of[t.canonical]
		list[i] = TopicOverview{t.Topic, one.n, one.last}
	}
	return list
}
