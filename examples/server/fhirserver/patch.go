package fhirserver

import (
	"context"
	"errors"
	"net/http"

	"github.com/carillon-fhir/carillon/internal/jsonpatch"
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
	patched, err := jsonpatch.Apply(before.body, in.body, t.server.cfg.MaxBytes)
	if err != nil {
		return nil, patchProblem(err)
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

// patchProblem tells the client what is wrong with its patch.
func patchProblem(err error) error {
	var refused *jsonpatch.Error
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.Kind {
	case jsonpatch.Invalid:
		return invalid("%s", refused.Problem).at(refused.Path())
	case jsonpatch.TooLarge:
		return errTooLarge
	case jsonpatch.TooCostly:
		return refuse(http.StatusUnprocessableEntity, "too-costly", "%s", refused.Problem)
	}
	return refuse(http.StatusUnprocessableEntity, "processing", "%s", refused.Problem).at(refused.Path())
}
