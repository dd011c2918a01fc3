package fhirserver

import (
	"context"
	"net/http"
)

// patch serves PATCH Type/id and PATCH Type?criteria with a JSON Patch.
func (t *txn) patch(ctx context.Context, in *interaction) (*result, error) {
	if !in.patch {
		return nil, refuse(http.StatusUnsupportedMediaType, "not-supported", "a patch must be a JSON Patch, application/json-patch+json; FHIRPath Patch is not supported")
	}
	before, _, err := t.target(ctx, in)
	switch {
	case err != nil:
		return nil, err
	case before == nil:
		return nil, errNotFound
	case before.body == nil:
		return nil, errDeleted
	}
	if err := in.checkVersion(before); err != nil {
		return nil, err
	}
	patched, err := applyPatch(before.body, in.body, t.server.cfg.MaxBytes)
	if err != nil {
		return nil, err
	}
	resource, err := parseResource(patched, in.path[0])
	if err != nil {
		return nil, err
	}
	if !resource.Get("id").Is(before.id) {
		return nil, invalid("a patch must not change the id").at(in.path[0] + ".id")
	}
	v, err := t.put(ctx, http.MethodPatch, before, resource, before.id)
	if err != nil {
		return nil, err
	}
	return &result{status: http.StatusOK, resource: v.body, version: v}, nil
}
