package search_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// host is a server with a few resources, by type and id.
type host struct {
	options   search.Options
	resources map[string]*fhirpath.Doc
	err       error // of every question
	asked     []string
}

// newHost returns options whose host has these resources.
func newHost(t testing.TB, r fhirpath.Release, resources ...string) (*host, search.Options) {
	t.Helper()
	h := &host{resources: map[string]*fhirpath.Doc{}}
	for _, raw := range resources {
		doc, err := fhirpath.Parse([]byte(raw))
		require.NoError(t, err)
		h.resources[doc.Root().Get("resourceType").Text()+"/"+doc.Root().Get("id").Text()] = doc
	}
	h.options = search.Options{Release: r, Host: search.Host{Resolver: h, Terminology: h}}
	return h, h.options
}

var errHost = errors.New("the host is down")

func (h *host) Resolve(ctx context.Context, reference string) (*fhirpath.Doc, error) {
	h.asked = append(h.asked, reference)
	if h.err != nil {
		return nil, h.err
	}
	place, _, _ := strings.Cut(strings.TrimPrefix(reference, base+"/"), "/_history/")
	return h.resources[place], ctx.Err()
}

func (h *host) Search(ctx context.Context, resourceType, query string, limit int) ([]*fhirpath.Doc, error) {
	h.asked = append(h.asked, resourceType+"?"+query)
	if h.err != nil {
		return nil, h.err
	}
	criteria, err := search.ParseQuery(h.options, resourceType, query)
	if err != nil {
		return nil, err
	}
	var found []*fhirpath.Doc
	for place, doc := range h.resources {
		if strings.HasPrefix(place, resourceType+"/") {
			ok, err := criteria.Match(ctx, doc.Root(), base)
			if err != nil {
				return nil, err
			}
			if ok && len(found) < limit {
				found = append(found, doc)
			}
		}
	}
	return found, nil
}

// MemberOf knows the value set http://vs, with a|1 and b|2, and the code final.
func (h *host) MemberOf(_ context.Context, system, code, valueSet string) (bool, error) {
	h.asked = append(h.asked, valueSet)
	if h.err != nil {
		return false, h.err
	}
	if valueSet != "http://vs" && valueSet != "ValueSet/vs" {
		return false, errors.New("no such value set")
	}
	return system == "a" && code == "1" || system == "b" && code == "2" || system == "" && code == "final", nil
}

// Subsumes has a hierarchy by dots: 1 is above 1.1.
func (h *host) Subsumes(_ context.Context, system, a, b string) (bool, error) {
	h.asked = append(h.asked, system)
	if h.err != nil {
		return false, h.err
	}
	return a == b || strings.HasPrefix(b, a+"."), nil
}

const (
	peter = `{"resourceType":"Patient","id":"1","gender":"male","birthDate":"1974-12-25","name":[{"family":"Chalmers","given":["Peter"]}],
	"managingOrganization":{"reference":"Organization/lab"},"identifier":[{"system":"http://mrn","value":"A,1"}],
	"generalPractitioner":[{"reference":"Practitioner/joe"},{"reference":"Practitioner/jane"}]}`
	jane = `{"resourceType":"Practitioner","id":"jane","name":[{"given":["Jane"]}],"address":[{"state":"MN"}]}`
	joe  = `{"resourceType":"Practitioner","id":"joe","name":[{"given":["Joe"]}],"address":[{"state":"CA"}]}`
	lab  = `{"resourceType":"Organization","id":"lab","name":"Acme Labs","partOf":{"reference":"Organization/acme"}}`
	acme = `{"resourceType":"Organization","id":"acme","name":"Acme"}`
	bp   = `{"resourceType":"Observation","id":"bp","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},
	"subject":{"reference":"Patient/1"},"valueQuantity":{"value":120},"performer":[{"reference":"Practitioner/gone"},{"reference":"Practitioner/jane"}],
	"encounter":{"reference":"https://fhir.example.org/r4/Encounter/e"},"specimen":{"reference":"#s"},
	"contained":[{"resourceType":"Specimen","id":"s","type":{"coding":[{"code":"blood"}]},"subject":{"reference":"Patient/1"}}]}`
	visit = `{"resourceType":"Encounter","id":"e","status":"finished","subject":{"reference":"Patient/1"},"partOf":{"reference":"Encounter/stay"}}`
	stay  = `{"resourceType":"Encounter","id":"stay","status":"in-progress","class":{"code":"IMP"}}`
	audit = `{"resourceType":"AuditEvent","id":"a","agent":[{"who":{"reference":"Practitioner/joe"}}],"entity":[{"what":{"reference":"Observation/bp"}}]}`
)
