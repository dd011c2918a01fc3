package fhirserver

import (
	"context"
	"errors"
	"net/http"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// create serves POST Type, with If-None-Exist. The server chooses the id.
func (t *txn) create(ctx context.Context, in *interaction) (*result, error) {
	if in.query != "" {
		return nil, unsupported("a create takes its criteria in If-None-Exist, not in the URL")
	}
	resource, err := parseResource(in.body, in.path[0])
	if err != nil {
		return nil, err
	}
	if in.ifNoneExist != "" {
		switch found, err := t.match(ctx, in.path[0], in.ifNoneExist); {
		case err != nil:
			return nil, err
		case found != nil:
			return &result{status: http.StatusOK, resource: found.body, version: found, located: true}, nil
		}
	}
	id := in.assigned
	if id == "" {
		id = newID()
	}
	v, err := t.put(ctx, http.MethodPost, nil, resource, id)
	if err != nil {
		return nil, err
	}
	return &result{status: http.StatusCreated, resource: v.body, version: v, located: true}, nil
}

// update serves PUT Type/id, which creates what is not there, and PUT Type?criteria.
func (t *txn) update(ctx context.Context, in *interaction) (*result, error) {
	resource, err := parseResource(in.body, in.path[0])
	if err != nil {
		return nil, err
	}
	before, id, err := t.updated(ctx, in, resource)
	if err != nil {
		return nil, err
	}
	if err := in.checkVersion(before); err != nil {
		return nil, err
	}
	v, err := t.put(ctx, http.MethodPut, before, resource, id)
	if err != nil {
		return nil, err
	}
	if before == nil || before.body == nil {
		return &result{status: http.StatusCreated, resource: v.body, version: v, located: true}, nil
	}
	return &result{status: http.StatusOK, resource: v.body, version: v}, nil
}

// updated finds what an update is about: the newest version so far, nil if there is
// none, and the id that the resource has or will have.
func (t *txn) updated(ctx context.Context, in *interaction, resource fhirpath.Node) (before *version, id string, err error) {
	if in.assigned != "" {
		before, err = t.latest(ctx, in.path[0], in.assigned)
		return before, in.assigned, err
	}
	if before, id, err = t.target(ctx, in); err != nil {
		return nil, "", err
	}
	id, err = identity(resource, in.path[0], id, len(in.path) > 1)
	if err != nil || before != nil || len(in.path) > 1 {
		return before, id, err
	}
	before, err = t.latest(ctx, in.path[0], id)
	if before != nil && before.body != nil {
		err = refuse(http.StatusConflict, "conflict", "the criteria match nothing, but there is a resource with the id of the body").at(in.path[0] + ".id")
	}
	return before, id, err
}

// identity returns the id that an updated resource has: the target's, which the
// body must repeat if the URL names it and must not contradict otherwise.
func identity(resource fhirpath.Node, resourceType, target string, mustRepeat bool) (string, error) {
	id := resource.Get("id")
	switch {
	case !id.Exists() && mustRepeat:
		return "", refuse(http.StatusBadRequest, "required", "an update's resource must have the id that the URL names").at(resourceType + ".id")
	case !id.Exists() && target == "":
		return newID(), nil
	case !id.Exists():
		return target, nil
	case target != "" && !id.Is(target):
		return "", invalid("the resource has another id than the one to be updated").at(resourceType + ".id")
	}
	return id.Text(), nil
}

// delete serves DELETE Type/id and DELETE Type?criteria. To delete what is not there
// succeeds and changes nothing.
func (t *txn) delete(ctx context.Context, in *interaction) (*result, error) {
	before, _, err := t.target(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := in.checkVersion(before); err != nil {
		return nil, err
	}
	if before == nil || before.body == nil {
		return &result{status: http.StatusNoContent}, nil
	}
	v, err := t.remove(ctx, before)
	if err != nil {
		return nil, err
	}
	return &result{status: http.StatusNoContent, version: v}, nil
}

// target finds what the URL of a write names, by id or by criteria: its newest
// version, which may be a deletion or nil, and its id, "" if criteria match nothing.
func (t *txn) target(ctx context.Context, in *interaction) (before *version, id string, err error) {
	if len(in.path) > 1 {
		if in.query != "" {
			return nil, "", unsupported("an interaction on one resource has no search parameters")
		}
		before, err = t.latest(ctx, in.path[0], in.path[1])
		return before, in.path[1], err
	}
	before, err = t.match(ctx, in.path[0], in.query)
	if err != nil || before == nil {
		return nil, "", err
	}
	return before, before.id, nil
}

// latest is newest, with nil for a resource that never was. It stays the newest until
// the transaction ends.
func (t *txn) latest(ctx context.Context, resourceType, id string) (*version, error) {
	if err := t.hold(ctx, resourceType, id); err != nil {
		return nil, err
	}
	v, err := t.newest(ctx, resourceType, id)
	if errors.Is(err, errNotFound) {
		return nil, nil
	}
	return v, err
}

// checkVersion holds If-Match against the newest version.
func (in *interaction) checkVersion(before *version) error {
	if in.ifMatch == "" {
		return nil
	}
	expected, err := entityTag(in.ifMatch, "If-Match")
	if err != nil {
		return err
	}
	if before == nil || before.body == nil || before.number != expected {
		return errConflict
	}
	return nil
}
