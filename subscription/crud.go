package subscription

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Stored is a resource as a client reads it: a Subscription, or from GetTopic and
// SearchTopics, a topic.
type Stored struct {
	ID          string          // the logical id
	VersionID   string          // meta.versionId, for ETag and If-Match; "" for a topic
	LastUpdated time.Time       // meta.lastUpdated; zero for a topic
	Resource    json.RawMessage // with id, meta.versionId, meta.lastUpdated, status and error; values of headers are ***

	key       int64
	revision  int64
	tentative bool // it was created on a condition, and may be withdrawn
}

// Create accepts a Subscription, stores it under a new id and sends its handshake
// later. What it can't serve it refuses with a *Refusal that names the elements. Any
// status but off is taken as a request (LIFE-04). Every event from here on
// counts.
func (e *Engine) Create(ctx context.Context, tenant string, raw json.RawMessage) (Stored, error) {
	return e.put(ctx, tenant, newID(), raw, Record{})
}

// Check makes all of Create's checks and returns the resource as it would be
// accepted, without storing anything.
func (e *Engine) Check(ctx context.Context, tenant string, r Release, raw json.RawMessage) (json.RawMessage, error) {
	if r != e.cfg.Release {
		return nil, refuse(http.StatusUnprocessableEntity, "Subscription", "not-supported", "This release of FHIR is not supported")
	}
	s, err := e.accept(ctx, tenant, newID(), raw, time.Now(), nil)
	if err != nil {
		return nil, err
	}
	done, err := e.admitSubscription(ctx, tenant, s.Owner)
	if err != nil {
		return nil, err
	}
	done()
	return s.Resource, nil
}

// Update replaces a Subscription, or creates it under the client's id. With a
// version it fails with a 412 *Refusal if the stored one is another. The endpoint is
// verified again, as the status requested then shows, if anything about topic or
// channel changes or if the client asks for status requested; the numbers go on
// (LIFE-17, LIFE-20). Once it has returned, this process begins no
// attempt that follows the former resource, unless ctx ended first.
func (e *Engine) Update(ctx context.Context, tenant, id string, raw json.RawMessage, version string) (s Stored, created bool, err error) {
	if !fhirpath.IsID(id) {
		return Stored{}, false, refuse(http.StatusBadRequest, "Subscription.id", "invalid", "The id must be 1 to 64 of A-Z a-z 0-9 - .")
	}
	if doc, err := fhirpath.Parse(raw); err == nil && !doc.Root().Get("id").Is(id) {
		return Stored{}, false, refuse(http.StatusBadRequest, "Subscription.id", "invalid", "The resource's id must be the one in the URL")
	}
	for {
		old, err := e.cfg.Store.GetSubscription(ctx, tenant, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return Stored{}, false, err
		}
		if err == nil {
			if permitted, err := e.permits(ctx, &old, AccessWrite); err != nil || !permitted {
				return Stored{}, false, cmp.Or(err, ErrNotFound)
			}
		}
		if version != "" && (old.Revision == 0 || version != strconv.FormatInt(old.Revision, 10)) {
			return Stored{}, false, refuseVersion()
		}
		s, err := e.put(ctx, tenant, id, raw, old)
		if errors.Is(err, ErrConflict) && version == "" {
			continue // the engine or another client came first: decide again
		}
		return s, old.Revision == 0, err
	}
}

// put stores what a client sent in the place of old, which has Revision 0 if there is
// nothing.
func (e *Engine) put(ctx context.Context, tenant, id string, raw json.RawMessage, old Record) (Stored, error) {
	r, err := e.prepare(ctx, tenant, id, raw, old)
	if err != nil {
		return Stored{}, err
	}
	stored, err := e.store(ctx, r, old)
	if err != nil {
		return Stored{}, err
	}
	return e.present(&stored), nil
}

// prepare accepts what a client sent in the place of old, and returns what is to be
// stored.
func (e *Engine) prepare(ctx context.Context, tenant, id string, raw json.RawMessage, old Record) (Record, error) {
	now := e.now().UTC().Truncate(time.Microsecond)
	var before *Record
	if old.Revision > 0 {
		before = &old
	}
	s, err := e.accept(ctx, tenant, id, raw, time.Now(), before)
	if err != nil {
		return Record{}, err
	}
	r := Record{
		Tenant: tenant, ID: id, Owner: s.Owner, Resource: s.Resource, UpdatedAt: now,
		Status: StatusRequested, Spec: e.specOf(s), MaxCount: s.batch(),
		Due: now.Add(e.cfg.HandshakeDelay),
	}
	switch {
	case s.Status.ended():
		r.Status, r.Spec, r.Due = s.Status, nil, time.Time{}
	case s.adjusted:
		r.Status, r.Error, r.Spec, r.Due = StatusError, errorAdjusted, nil, e.until(s.End)
	case s.alone > 0: // each connection gets a handshake of its own
		r.Status, r.Due = StatusActive, earliest(e.until(s.End), s.abandoned(time.Time{}))
	case s.Status == StatusActive && old.Status == StatusActive && e.sameDelivery(old, s):
		// The client wrote back what it had read, and the endpoint is verified.
		r.Status, r.Eager, r.Attempt, r.FailingSince = StatusActive, old.Eager, old.Attempt, old.FailingSince
		r.Due = now // the deliverer works out what is due when
	case e.activeAtOnce(s):
		r.Status, r.Due = StatusActive, now
	}
	r.Announce = e.cfg.OnStatus != nil && (old.Announce || r.Status != old.Status)
	if r.Announce && r.Due.IsZero() {
		r.Due = now
	}
	return r, nil
}

// store writes what was prepared in the place of old.
func (e *Engine) store(ctx context.Context, r, old Record) (Record, error) {
	if old.Revision == 0 || old.Owner != r.Owner {
		done, err := e.admitSubscription(ctx, r.Tenant, r.Owner)
		if err != nil {
			return Record{}, err
		}
		defer done()
	}
	stored, err := e.cfg.Store.PutSubscription(ctx, r, old.Revision)
	if err != nil {
		return Record{}, err
	}
	e.noteStatus(ctx, stored.Tenant, stored.ID, old.Status, stored.Status, stored.Error)
	e.flights.cut(ctx, stored.Key, stored.Revision)
	e.resends.flights.cut(ctx, stored.Key, stored.Revision)
	e.wake(WorkChanges)
	e.wakeHere(WorkDeliveries)
	e.follower.written(stored.Key)
	return stored, nil
}

// sameDelivery reports whether a new version leaves topic and channel as they were.
func (e *Engine) sameDelivery(old Record, s *Subscription) bool {
	before, err := e.restore(old)
	return err == nil && before.Topic == s.Topic && before.Classic == s.Classic && before.Owner == s.Owner &&
		before.ChannelType == s.ChannelType && before.Endpoint == s.Endpoint && slices.Equal(before.Headers, s.Headers) &&
		before.ContentType == s.ContentType && before.Content == s.Content &&
		before.HeartbeatPeriod == s.HeartbeatPeriod && before.Timeout == s.Timeout && before.MaxCount == s.MaxCount
}

// Delete removes a Subscription with its events. Once it has returned, this
// process begins no attempt for it, unless ctx ended first. With a version it fails with a 412 *Refusal if the stored one is
// another.
func (e *Engine) Delete(ctx context.Context, tenant, id, version string) error {
	var r Record
	for {
		var err error
		if r, err = e.find(ctx, tenant, id, AccessWrite); err != nil {
			return err
		}
		if version != "" && version != strconv.FormatInt(r.Revision, 10) {
			return refuseVersion()
		}
		err = e.cfg.Store.DeleteSubscription(ctx, tenant, id, r.Revision)
		if errors.Is(err, ErrConflict) && version == "" {
			continue // it was written meanwhile: is it still the caller's?
		}
		if err != nil {
			return err
		}
		break
	}
	e.noteStatus(ctx, tenant, id, r.Status, "", "")
	e.flights.cut(ctx, r.Key, math.MaxInt64)
	e.resends.flights.cut(ctx, r.Key, math.MaxInt64)
	e.wake(WorkChanges)
	e.follower.removed(r.Key)
	return nil
}

// Get returns a Subscription, or an error that is ErrNotFound.
func (e *Engine) Get(ctx context.Context, tenant, id string) (Stored, error) {
	r, err := e.find(ctx, tenant, id, AccessRead)
	if err != nil {
		return Stored{}, err
	}
	if len(r.Resource) == 0 {
		return Stored{}, errUnsealed
	}
	return e.present(&r), nil
}

// present puts in what the engine says about a Subscription.
func (e *Engine) present(r *Record) Stored {
	s := Stored{
		ID: r.ID, VersionID: strconv.FormatInt(r.Revision, 10), LastUpdated: r.UpdatedAt,
		key: r.Key, revision: r.Revision, tentative: r.Error == errorTentative,
	}
	resource := members(parsed(r.Resource))
	meta := members(parsed(resource["meta"]))
	if meta == nil {
		meta = object{}
	}
	meta["versionId"] = quote(s.VersionID)
	meta["lastUpdated"] = quote(r.UpdatedAt.UTC().Format("2006-01-02T15:04:05.000Z"))
	resource["meta"] = meta.raw()
	e.form.mask(resource)
	resource["status"] = quote(string(r.Status))
	if r.Error != "" && e.form.problem {
		resource["error"] = quote(r.Error)
	}
	s.Resource = resource.raw()
	return s
}
