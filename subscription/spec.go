package subscription

import (
	"errors"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// specOf is what the sequencer must know of a Subscription whose events count: the
// resource without its headers, which are nobody's business there, and, if it has one,
// the owner.
func specOf(s *Subscription) []byte {
	resource := s.Resource
	if len(s.Headers) > 0 {
		all := members(parsed(resource))
		channel := members(parsed(all["channel"]))
		delete(channel, "header")
		delete(channel, "_header")
		all["channel"] = channel.raw()
		resource = all.raw()
	}
	if s.Owner == "" {
		return resource
	}
	return object{"owner": quote(s.Owner), "resource": resource}.raw()
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
