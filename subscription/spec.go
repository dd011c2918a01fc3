package subscription

import (
	"errors"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// specOf is what the sequencer must know of a Subscription whose events count: the
// resource and, if it has one, the owner.
func specOf(s *Subscription) []byte {
	if s.Owner == "" {
		return s.Resource
	}
	return object{"owner": quote(s.Owner), "resource": s.Resource}.raw()
}

// restoreSpec is restore for a Spec.
func (e *Engine) restoreSpec(tenant string, spec []byte) (*Subscription, error) {
	doc, err := fhirpath.Parse(spec)
	if err != nil {
		return nil, errors.New("subscription: a spec can't be read")
	}
	root := doc.Root()
	if root.Get("resourceType").Exists() {
		return e.restore(Record{Tenant: tenant, Resource: spec})
	}
	return e.restore(Record{Tenant: tenant, Owner: root.Get("owner").Text(), Resource: root.Get("resource").Raw()})
}
