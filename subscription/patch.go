package subscription

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/carillon-fhir/carillon/internal/jsonpatch"
)

// Patch changes a Subscription by a JSON Patch (RFC 6902), which sees what a client reads: status
// and version, and *** for the values of headers. The outcome is an Update, with all
// that it checks. Unlike that, it creates nothing: without the Subscription the error is
// ErrNotFound. With a version it fails with a 412 *Refusal if the stored one is another.
func (e *Engine) Patch(ctx context.Context, tenant, id string, patch json.RawMessage, version string) (Stored, error) {
	for {
		old, err := e.find(ctx, tenant, id, AccessRead) // a test in it tells what is there
		if err != nil {
			return Stored{}, err
		}
		if permitted, err := e.permits(ctx, &old, AccessWrite); err != nil {
			return Stored{}, err
		} else if !permitted {
			return Stored{}, ErrNotFound
		}
		if version != "" && version != strconv.FormatInt(old.Revision, 10) {
			return Stored{}, refuseVersion()
		}
		if len(old.Resource) == 0 {
			return Stored{}, errUnsealed
		}
		patched, err := jsonpatch.Apply(e.present(&old).Resource, patch, e.cfg.MaxBytes)
		if err != nil {
			return Stored{}, refusePatch(err)
		}
		if !parsed(patched).Get("id").Is(id) {
			return Stored{}, refuse(http.StatusBadRequest, "Subscription.id", "invalid", "A patch must not change the id")
		}
		s, err := e.put(ctx, tenant, id, patched, old)
		if errors.Is(err, ErrConflict) && version == "" {
			continue // the engine or another client came first: decide again
		}
		return s, err
	}
}

func refuseVersion() error {
	return refuse(http.StatusPreconditionFailed, "", "conflict", "The Subscription has another version")
}

// refusePatch tells the client what is wrong with its patch.
func refusePatch(err error) error {
	var wrong *jsonpatch.Error
	if !errors.As(err, &wrong) {
		return err
	}
	switch wrong.Kind {
	case jsonpatch.Invalid:
		return refuse(http.StatusBadRequest, wrong.Path(), "invalid", wrong.Problem)
	case jsonpatch.TooLarge:
		return refuse(http.StatusRequestEntityTooLarge, wrong.Path(), "too-long", wrong.Problem)
	case jsonpatch.TooCostly:
		return refuse(http.StatusUnprocessableEntity, wrong.Path(), "too-costly", wrong.Problem)
	}
	return refuse(http.StatusUnprocessableEntity, wrong.Path(), "processing", wrong.Problem)
}
