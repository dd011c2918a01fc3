package topic

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/carillon-fhir/carillon/topic/search"
)

// ClassicURL is the url of the topic that Classic returns.
const ClassicURL = "https://carillon-fhir.github.io/fhir/SubscriptionTopic/classic"

// Classic returns the topic that is implied where Subscriptions have query criteria,
// as those of STU3, R4 and R4B did before there were topics: each create and update of a
// resource of these types, and nothing else, triggers it (CLS-02, CLS-03). Resource stands
// for all types.
func Classic(resourceTypes ...string) *Topic {
	t := &Topic{URL: ClassicURL, Title: "Query criteria", Status: "active"}
	for _, name := range resourceTypes {
		t.ResourceTriggers = append(t.ResourceTriggers, ResourceTrigger{Resource: name, Interactions: []Interaction{Create, Update}})
	}
	return t
}

// ErrCriteriaSyntax is what ParseCriteria's errors are.
var ErrCriteriaSyntax = errors.New("topic: not query criteria")

// ParseCriteria reads the query criteria of a classic Subscription: a search on one
// resource type, without the server's base (CLS-01):
//
//	Observation?code=http://loinc.org|1975-2&value-quantity=gt1.0
//
// A slash before it, which is often written, is left out, and so may be the parameters.
// Each of these becomes a Filter on the type, percent-decoded, in the order in which they
// are written; the Parameter of a _has is the whole of its name. The error is
// ErrCriteriaSyntax, with what is wrong but without any of the values.
func ParseCriteria(s string) (resourceType string, filters []Filter, err error) {
	fail := func(problem string) (string, []Filter, error) {
		return "", nil, fmt.Errorf("%w: %s", ErrCriteriaSyntax, problem)
	}
	resourceType, query, _ := strings.Cut(strings.TrimPrefix(s, "/"), "?")
	if !isTypeName(resourceType) || isAbstract(resourceType) {
		return fail("want a resource type and its search parameters, such as Observation?code=1975-2")
	}
	if query == "" {
		return resourceType, nil, nil
	}
	for _, pair := range strings.Split(query, "&") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return fail("want parameter=value")
		}
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if nameErr != nil || valueErr != nil {
			return fail("a percent sign is not followed by two hexadecimal digits")
		}
		f := Filter{ResourceType: resourceType, Parameter: name, Value: value}
		if last := strings.LastIndexByte(name, '.') + 1; !strings.HasPrefix(name[last:], "_has:") {
			f.Parameter, f.Modifier, ok = strings.Cut(name[last:], ":")
			f.Parameter = name[:last] + f.Parameter
			if ok && f.Modifier == "" {
				return fail("the modifier after a colon is missing")
			}
		}
		filters = append(filters, f)
	}
	return resourceType, filters, nil
}

// CompileCriteria compiles what ParseCriteria has read: all must match, and whatever
// search cannot evaluate is refused, each with a *search.Error. Resources of other types
// do not match. All search parameters of the type may be used, as there is no topic
// that lists any.
func CompileCriteria(resourceType string, filters []Filter, o Options) (*Filters, error) {
	if isAbstract(resourceType) || !o.search().IsResourceType(resourceType) {
		return nil, fmt.Errorf("%w: there is no such resource type in %v", ErrCriteriaSyntax, o.Release)
	}
	of := typeFilters{resourceType: resourceType}
	var problems []error
	for _, f := range filters {
		c, err := search.Parse(o.search(), resourceType, f.name(), f.Value)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		of.criteria = append(of.criteria, c)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return &Filters{base: o.BaseURL, types: []typeFilters{of}}, nil
}
