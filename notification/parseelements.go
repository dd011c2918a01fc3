package notification

import "github.com/carillon-fhir/carillon/fhirpath"

// elements reads a SubscriptionStatus of R4B or R5 (STS-04, STS-05).
func (s *status) elements(resource fhirpath.Node) (err error) {
	s.n.Subscription = reference(resource.Get("subscription"))
	s.n.Topic = resource.Get("topic").Text()
	s.n.Status = resource.Get("status").Text()
	s.n.Type = Type(resource.Get("type").Text())
	if since := resource.Get("eventsSinceSubscriptionStart"); since.Exists() {
		if err := s.setSince(since, s.path+".eventsSinceSubscriptionStart"); err != nil {
			return err
		}
	}
	if count := resource.Get("eventsInNotification"); count.Exists() { // a draft had it, a few servers still do
		if err := s.setCount(count, s.path+".eventsInNotification"); err != nil {
			return err
		}
	}
	i := 0
	for node := range s.list(resource, "notificationEvent") {
		path := at(s.path+".notificationEvent", i)
		i++
		var e Event
		if e.Number, err = s.n.number(node.Get("eventNumber"), path+".eventNumber"); err != nil {
			return err
		}
		if e.Timestamp, err = s.n.time(node.Get("timestamp"), path+".timestamp"); err != nil {
			return err
		}
		e.Focus.FullURL = reference(node.Get("focus"))
		for context := range node.Get("additionalContext").Elements() {
			e.addContext(reference(context))
		}
		s.extensions(&e, node, path)
		s.addEvent(e, path)
	}
	for concept := range s.list(resource, "error") {
		s.errors(concept)
	}
	return nil
}

// list goes through a list that should be left out rather than empty.
func (s *status) list(resource fhirpath.Node, name string) func(func(fhirpath.Node) bool) {
	list := resource.Get(name)
	if list.Exists() && list.Len() == 0 {
		s.n.tolerate(s.path+"."+name, "is empty")
	}
	return list.Elements()
}

// extensions reads those of a notificationEvent that the guide defines (EXT-08, EXT-09).
func (s *status) extensions(e *Event, node fhirpath.Node, path string) {
	hinted := false
	for extension := range node.Get("extension").Elements() {
		inner := extension.Get("extension")
		switch extension.Get("url").Text() {
		case relatedQueryURL:
			e.addQuery(named(inner, "url", "queryType"), named(inner, "url", "query"))
		case authorizationURL:
			if hinted {
				s.n.tolerate(path+".extension", "has several authorization hints, of which the first counts")
				continue
			}
			hinted = true
			e.Authorization = Authorization{
				Type:  coding(named(inner, "url", "type")),
				Value: named(inner, "url", "value").Text(),
			}
		}
	}
}
