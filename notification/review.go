package notification

import (
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// maxProblems bounds what a hostile Bundle makes of Problems.
const maxProblems = 100

// tolerate notes a problem that does not keep the Bundle from being understood; of
// several of one element in a row, the first.
func (n *Notification) tolerate(element, problem string) {
	last := len(n.Problems) - 1
	if last+1 == maxProblems || last >= 0 && n.Problems[last].Element == element {
		return
	}
	n.Problems = append(n.Problems, InvalidError{Element: element, Problem: problem})
}

// review notes what is wrong with the Bundle and its entries, whatever they say.
func (p *parser) review() {
	kind := p.bundle.Get("type").Text()
	switch kind {
	case "history", "searchset":
	case "subscription-notification":
		if p.statuses[0].entry.Path("resource", "resourceType").Is("Parameters") {
			p.head.tolerate("Bundle.type", "a status in Parameters is that of a history")
		}
	default:
		p.head.tolerate("Bundle.type", "want history, subscription-notification or searchset")
	}
	if kind != "searchset" && len(p.statuses) > 1 {
		p.head.tolerate("Bundle.entry", "speaks of several subscriptions (BND-17)")
	}
	i := 0
	for entry := range p.bundle.Get("entry").Elements() {
		p.reviewEntry(kind, i, entry)
		i++
	}
}

func (p *parser) reviewEntry(kind string, i int, entry fhirpath.Node) {
	status := isStatus(entry.Get("resource"))
	note := func(element, problem string) {
		p.head.tolerate(at("Bundle.entry", i)+element, problem)
	}
	if i == 0 && !status && kind != "searchset" {
		note("", "the status comes first (BND-01)")
	}
	switch fullURL := entry.Get("fullUrl"); {
	case !fullURL.Exists():
		note(".fullUrl", "is missing")
	case strings.Contains(fullURL.Text(), "/_history/"):
		note(".fullUrl", "is version specific (bdl-8)")
	}
	request, response := entry.Get("request").Exists(), entry.Get("response").Exists()
	switch {
	case kind == "history" && !request:
		note(".request", "is missing (bdl-3)")
	case kind == "history" && status && !strings.HasSuffix(entry.Path("request", "url").Text(), "/$status"):
		note(".request.url", "is none of $status (BND-03)")
	case kind == "subscription-notification" && status && request, kind == "searchset" && request:
		note(".request", "has no place here (BND-06, OP-05)")
	case kind == "subscription-notification" && !request && !response && !entry.Get("resource").Exists():
		note("", "has neither resource nor request (bdl-5)")
	}
	switch {
	case kind == "history" && !response:
		note(".response", "is missing (bdl-4)")
	case kind != "history" && response:
		note(".response", "has no place here (BND-06, OP-05)")
	}
}

// review notes what is wrong with what the status says in a Bundle of that type.
func (s *status) review(kind string) {
	n := s.n
	if kind == "searchset" && n.Type != QueryStatus {
		n.tolerate("Bundle.type", "only an answer of $status is a searchset (OP-05)")
	}
	switch n.Status {
	case "requested", "active", "error", "off", "entered-in-error":
	case "":
		if n.Type == QueryStatus || s.inR4 {
			n.tolerate(s.path, "has no status (STS-01, sst-2)")
		}
	default:
		n.tolerate(s.path, "has a status of an unknown code")
	}
	if !isAbsolute(n.Subscription) {
		n.tolerate(s.path, "has a relative reference to the Subscription (STS-08)")
	}
	if n.Type == EventNotification && len(n.Events) == 0 {
		n.tolerate(s.path, "is of events, and has none (sst-1)")
	}
	s.reviewNumbers()
}

// reviewNumbers notes what breaks the numbering (EVN-01, EVN-05): whoever looks for
// gaps cannot trust such a server's numbers.
func (s *status) reviewNumbers() {
	n := s.n
	var last int64
	for i, e := range n.Events {
		switch {
		case e.Number < 1:
			n.tolerate(s.events[i], "is numbered below 1 (EVN-01)")
		case e.Number <= last:
			n.tolerate(s.events[i], "is not numbered above the event before it (BND-16)")
		}
		last = max(last, e.Number)
	}
	switch {
	case len(n.Events) > 0 && s.since < 0:
		n.tolerate(s.path, "does not say how many events there were (EVN-05)")
	case s.since >= 0 && (s.since < last || n.Type == EventNotification && s.since > last && last > 0):
		n.tolerate(s.path, "the number of events is not that of the last one (EVN-05)")
	}
}
