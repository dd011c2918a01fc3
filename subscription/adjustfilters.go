package subscription

import "github.com/carillon-fhir/carillon/topic"

// errorAdjusted is why a Subscription waits for its client: filters were taken away.
const errorAdjusted = "filters-adjusted"

// adjustFilters leaves out filters that are not supported, where the topic says so
// (Topic.AdjustFilters; USE-01). The Subscription is then stored with status
// error, gets no handshake and no events, and waits for its client to look at it and
// ask for status requested.
//
// Where no filter would be left the Subscription would get everything, so it is
// refused as always.
func (e *Engine) adjustFilters(s *Subscription) {
	t := e.topics.Load().find(s.Topic)
	if t == nil || !t.AdjustFilters {
		return
	}
	var supported []topic.Filter
	for _, f := range s.Filters {
		if _, err := t.CompileFilters([]topic.Filter{f}, e.cfg.topicOptions()); err == nil {
			supported = append(supported, f)
		}
	}
	if len(supported) > 0 && len(supported) < len(s.Filters) {
		s.Filters, s.adjusted = supported, true
	}
}
