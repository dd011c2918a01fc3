package fhirproxy

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// resolver reads the upstream's other resources for the engine, as the proxy itself.
type resolver struct{ proxy *Proxy }

// Resolve implements subscription.Resolver. What is on another server is not there.
func (r resolver) Resolve(ctx context.Context, _, reference string) (json.RawMessage, error) {
	p := r.proxy
	for _, base := range []string{p.cfg.BaseURL, p.cfg.Upstream} {
		reference = strings.TrimPrefix(reference, base+"/")
	}
	reference, _, _ = strings.Cut(reference, "/_history/")
	resourceType, id, ok := strings.Cut(reference, "/")
	if !ok || !search.IsResourceType(p.cfg.Release, resourceType) || !fhirpath.IsID(id) {
		return nil, nil
	}
	v, err := p.upstream.self().read(ctx, resourceType, id)
	if v == nil {
		return nil, err
	}
	return v.raw, err
}

// Search implements subscription.Resolver.
func (r resolver) Search(ctx context.Context, _, resourceType, query string, limit int) (found []json.RawMessage, err error) {
	err = r.proxy.upstream.self().search(ctx, resourceType, query, 1+limit/10, func(v *version) {
		if len(found) < limit {
			found = append(found, v.raw)
		}
	})
	return found, err
}
