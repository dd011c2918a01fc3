package fhirserver

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// resolver reads other resources of a view, for criteria that lead beyond one:
// chains, _has and groups.
type resolver struct {
	view
	base string
}

// Resolve implements search.Resolver.
func (r resolver) Resolve(ctx context.Context, reference string) (*fhirpath.Doc, error) {
	v, err := r.referred(ctx, reference)
	if err != nil || v == nil {
		return nil, err
	}
	return fhirpath.Parse(v.body)
}

// Search implements search.Resolver.
func (r resolver) Search(ctx context.Context, resourceType, query string, limit int) (docs []*fhirpath.Doc, err error) {
	criteria, err := r.parseCriteria(r.base, resourceType, query)
	if err != nil {
		return nil, err
	}
	var unreadable error
	err = r.find(ctx, r.base, resourceType, criteria, "_id", func(v *version) bool {
		var doc *fhirpath.Doc
		if doc, unreadable = fhirpath.Parse(v.body); unreadable == nil {
			docs = append(docs, doc)
		}
		return unreadable == nil && len(docs) < limit
	})
	return docs, cmp.Or(err, unreadable)
}

// referred returns what a reference names on this server: Type/id, with or without
// the base before it and a version behind it. It is nil if there is no such resource.
func (r resolver) referred(ctx context.Context, reference string) (*version, error) {
	reference, _, _ = strings.Cut(strings.TrimPrefix(reference, r.base+"/"), "/_history/")
	resourceType, id, ok := strings.Cut(reference, "/")
	if !ok || !isResourceType(r.release, resourceType) || !fhirpath.IsID(id) {
		return nil, nil
	}
	v, err := r.newest(ctx, resourceType, id)
	if errors.Is(err, errNotFound) || err == nil && v.body == nil {
		return nil, nil
	}
	return v, err
}

// resources is the engine's way to the server's resources: subscription.Resolver.
type resources struct{ server *Server }

// Resolve implements subscription.Resolver.
func (r resources) Resolve(ctx context.Context, tenant, reference string) (json.RawMessage, error) {
	v, err := r.of(tenant).referred(ctx, reference)
	if err != nil || v == nil {
		return nil, err
	}
	return v.body, nil
}

// Search implements subscription.Resolver.
func (r resources) Search(ctx context.Context, tenant, resourceType, query string, limit int) (found []json.RawMessage, err error) {
	docs, err := r.of(tenant).Search(ctx, resourceType, query, limit)
	for _, doc := range docs {
		found = append(found, doc.Raw())
	}
	return found, err
}

func (r resources) of(tenant string) resolver {
	return resolver{r.server.db.view(r.server.db, tenant), r.server.cfg.BaseURL}
}

// host is what criteria of a search on this server may ask.
func (s view) host(base string) search.Host { return search.Host{Resolver: resolver{s, base}} }
