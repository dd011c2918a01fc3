package fhirproxy

import (
	"net/http"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/subscription"
)

// target is what a request, or an entry of a Bundle, writes.
type target struct {
	method       string
	resourceType string
	id           string // "" for a create, and where criteria say which
	criteria     string // of a conditional update, patch or delete
	ifNoneExist  bool
}

// writing reads a request line; ok is false for what writes no resource, as far as a
// proxy can tell.
func writing(method string, path []string, query string) (t target, ok bool) {
	if len(path) == 0 || path[0] == "" || path[0][0] < 'A' || path[0][0] > 'Z' {
		return t, false
	}
	t = target{method: method, resourceType: path[0]}
	switch method {
	case http.MethodPost:
		return t, len(path) == 1
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return t, false
	}
	if len(path) == 1 {
		t.criteria = query
		return t, true
	}
	t.id = path[1]
	return t, len(path) == 2 && fhirpath.IsID(t.id)
}

// interactions are those that the request may turn out to be.
func (t target) interactions() []subscription.Interaction {
	switch t.method {
	case http.MethodPost:
		return []subscription.Interaction{subscription.Create}
	case http.MethodPut:
		return []subscription.Interaction{subscription.Create, subscription.Update}
	case http.MethodPatch:
		return []subscription.Interaction{subscription.Update}
	}
	return []subscription.Interaction{subscription.Delete}
}

// creates reports whether the request may make a resource whose id nobody knows yet.
func (t target) creates() bool {
	return t.method == http.MethodPost || t.method == http.MethodPut && t.id == ""
}
