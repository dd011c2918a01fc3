package topic

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// Filter is one filter of a Subscription: an element of filterBy of R5, see
// ParseFilterBy, or one parameter of a backport-filter-criteria string, see ParseFilter.
type Filter struct {
	ResourceType string // "": every focus type of the topic that has the parameter
	Parameter    string // its code, or a chain such as subject:Patient.name
	Modifier     string // without the colon
	Value        string // as in search: ge2026-01-01
	Comparator   string // of filterBy, in place of one at the beginning of Value; "": none
}

// ErrFilterSyntax is what ParseFilter's errors are.
var ErrFilterSyntax = errors.New("topic: not a filter")

// ParseFilter reads a backport-filter-criteria string (FLT-03 to FLT-06):
//
//	patient=Patient/123
//	status:not=planned
//	Encounter.patient=Patient/123
//	Encounter?patient=Patient/123&status=finished
//
// Parameters that & joins must all match, and each becomes a Filter. A prefix
// before a dot is a resource type if it is the name of one in any release,
// otherwise the first step of a chain, which may name the type that it leads to:
// subject:Patient.gender=male. Names and values are percent-decoded, +
// is a space. The error is ErrFilterSyntax, with what is wrong but without any of
// the string, which may name a patient.
func ParseFilter(s string) ([]Filter, error) {
	fail := func(problem string) ([]Filter, error) { return nil, fmt.Errorf("%w: %s", ErrFilterSyntax, problem) }
	var resourceType string
	if prefix, rest, ok := strings.Cut(s, "?"); ok && !strings.ContainsAny(prefix, "=&") {
		resourceType, s = strings.TrimPrefix(prefix, "/"), rest
		if !isTypeName(resourceType) {
			return fail("what stands before the question mark is no resource type")
		}
	}
	var filters []Filter
	for _, pair := range strings.Split(s, "&") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return fail("want parameter=value")
		}
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if nameErr != nil || valueErr != nil {
			return fail("a percent sign is not followed by two hexadecimal digits")
		}
		f := Filter{ResourceType: resourceType, Value: value}
		if prefix, rest, ok := strings.Cut(name, "."); ok && isTypeName(prefix) {
			if resourceType != "" && resourceType != prefix {
				return fail("it names two resource types")
			}
			f.ResourceType, name = prefix, rest
		}
		last := strings.LastIndexByte(name, '.') + 1
		f.Parameter, f.Modifier, ok = strings.Cut(name[last:], ":")
		switch f.Parameter = name[:last] + f.Parameter; {
		case f.Parameter == "" || strings.ContainsFunc(untyped(f.Parameter), notInName):
			return fail("a parameter's name is missing or malformed")
		case ok && (f.Modifier == "" || strings.ContainsFunc(f.Modifier, notInName)):
			return fail("a modifier is missing or malformed")
		case value == "":
			return fail("a value is missing")
		}
		filters = append(filters, f)
	}
	return filters, nil
}

func notInName(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.')
}

// isTypeName reports whether some release has a resource type of that name, or
// it is one of the abstract ones.
func isTypeName(name string) bool {
	if name == "" || name[0] < 'A' || name[0] > 'Z' {
		return false
	}
	for _, r := range [...]fhirpath.Release{fhirpath.R4, fhirpath.R4B, fhirpath.R5} {
		if search.IsResourceType(r, name) {
			return true
		}
	}
	return isAbstract(name)
}

// String returns the filter as a backport-filter-criteria string that means the same,
// and parses to the same but for a Comparator, which it puts before the value, or for
// eq leaves out, as what has none is compared so. A filter by the canonical of a
// parameter has no such form; its string is for people.
func (f Filter) String() string {
	s := f.name() + "=" + search.EscapeValue(f.prefix()+f.Value)
	if f.ResourceType != "" {
		return f.ResourceType + "." + s
	}
	return s
}

// prefix returns the comparator as it stands before a value.
func (f Filter) prefix() string {
	if f.Comparator == "eq" {
		return ""
	}
	return f.Comparator
}

// name returns parameter:modifier.
func (f Filter) name() string {
	if f.Modifier == "" {
		return f.Parameter
	}
	return f.Parameter + ":" + f.Modifier
}

// FilterError tells why a filter is refused. Its text never holds the value.
type FilterError struct {
	Filter  Filter // as the Subscription has it, with its value
	Problem string // what is wrong with it
}

// Error names the filter's parameter and the problem.
func (e *FilterError) Error() string {
	return fmt.Sprintf("topic: the filter %q %s", e.Filter.name(), e.Problem)
}
