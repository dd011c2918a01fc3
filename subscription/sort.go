package subscription

import (
	"cmp"
	"strings"
)

// sortable returns the elements behind the search parameters by which a search may be sorted,
// beside _id and, for what has one, _lastUpdated.
func (f *form) sortable(resourceType string) map[string][]string {
	switch {
	case resourceType == "SubscriptionTopic":
		return map[string][]string{"url": {"url"}, "title": {"title"}, "status": {"status"}, "date": {"date"}, "version": {"version"}}
	case resourceType != "Subscription":
		return nil
	case f == &r5Form:
		return map[string][]string{"status": {"status"}, "url": {"endpoint"}, "type": {"channelType", "code"}, "topic": {"topic"}, "name": {"name"}}
	}
	return map[string][]string{"status": {"status"}, "url": {"channel", "endpoint"}, "type": {"channel", "type"}, "criteria": {"criteria"}}
}

// order is one of the rules of _sort.
type order struct {
	name    string
	element []string
	descend bool
}

// readSort reads _sort. A rule that can't be followed is refused: who relies on the order
// would be misled.
func (e *Engine) readSort(resourceType, value string) (rules []order, err error) {
	for name := range strings.SplitSeq(value, ",") {
		name, descend := strings.CutPrefix(name, "-")
		element := e.form.sortable(resourceType)[name]
		if element == nil && name != "_id" && (name != "_lastUpdated" || resourceType != "Subscription") {
			return nil, refuseParameter("_sort", "it can't be sorted by that; _id, _lastUpdated and status are some that it can be sorted by")
		}
		rules = append(rules, order{name, element, descend})
	}
	return rules, nil
}

// key is what a match is sorted by: texts that compare as what they stand for does.
func (q *query) key(s *Stored) []string {
	keys := make([]string, len(q.sort))
	for i, rule := range q.sort {
		switch rule.name {
		case "_id":
			keys[i] = s.ID
		case "_lastUpdated":
			keys[i] = s.LastUpdated.UTC().Format("2006-01-02T15:04:05.000000000Z")
		default:
			keys[i] = parsed(s.Resource).Path(rule.element...).Text()
		}
	}
	return keys
}

// compare orders two matches by their keys; what lacks an element comes last, as FHIR
// leaves it to servers.
func (q *query) compare(a, b []string) int {
	for i, rule := range q.sort {
		c := cmp.Compare(a[i], b[i])
		switch {
		case c == 0:
			continue
		case a[i] == "" || b[i] == "":
			return -c
		case rule.descend:
			return -c
		}
		return c
	}
	return 0
}
