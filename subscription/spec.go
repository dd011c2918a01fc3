package subscription

import (
	"errors"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// specOf is what the sequencer must know of a Subscription whose events count: of the
// resource the topic, the filters, and what decides on content; and the owner, if it
// has one. Where its notifications go is nobody's business there.
func (e *Engine) specOf(s *Subscription) []byte {
	all := members(parsed(s.Resource))
	spec := e.form.spec(all)
	spec["resourceType"], spec["id"] = all["resourceType"], all["id"]
	if s.Owner == "" {
		return spec.raw()
	}
	return object{"owner": quote(s.Owner), "resource": spec.raw()}.raw()
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
