package subscription

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/search"
)

// Resolver reads the host's other resources, for what a change alone can't decide:
// chains and _has in criteria and filters, members of groups, resolve() in FHIRPath,
// and what a topic's notificationShape adds. Methods may be called at the same time,
// by the sequencer and by deliveries, never inside of OnResourceChange.
//
// Failure policy: an error decides nothing. The sequencer waits and asks again, and
// no later event is numbered meanwhile; a notification goes out without its
// additional context.
type Resolver interface {
	// Resolve returns the current state of the resource that a reference names, such
	// as Patient/1 or an absolute URL; nil if there is none.
	Resolve(ctx context.Context, tenant, reference string) (json.RawMessage, error)

	// Search returns the resources of a type that a query finds, such as
	// "patient=Patient/1&code=8867-4": all, in any order, or if there are more than
	// limit, that many of them.
	Search(ctx context.Context, tenant, resourceType, query string, limit int) ([]json.RawMessage, error)
}

// Terminology answers :in, :not-in, :below and :above on codes, and memberOf and
// subsumes in FHIRPath. The tenant is not told: code systems are the same for all.
type Terminology = fhirpath.Terminology

// host is what topics and filters are compiled with.
func (c *Config) host() (h search.Host) {
	if c.Resolver != nil {
		h.Resolver = hostResolver{c.Resolver}
	}
	if c.Terminology != nil {
		h.Terminology = hostTerminology{c.Terminology}
	}
	return h
}

// topicOptions are what topics and filters are compiled for.
func (c *Config) topicOptions() topic.Options {
	return topic.Options{Release: c.Release, BaseURL: c.BaseURL, Host: c.host(), Definitions: c.Definitions, Filters: c.Filters, Events: true}
}

// hostError is an answer that the host owes: unlike an expression that can't be
// evaluated, it is worth asking again.
type hostError struct{ cause error }

func (e *hostError) Error() string { return "the host's other resources could not be read" }
func (e *hostError) Unwrap() error { return e.cause }

func failedHost(err error) bool {
	var owed *hostError
	return errors.As(err, &owed)
}

// ask calls the host. A panic in it is no answer.
func ask[T any](call func() (T, error)) (answer T, err error) {
	defer func() {
		if recover() != nil {
			err = &hostError{errors.New("it panicked")}
		}
	}()
	if answer, err = call(); err != nil {
		err = &hostError{err}
	}
	return answer, err
}

// tenantKey is where the tenant of an evaluation travels in its context.
type tenantKey struct{}

func withTenant(ctx context.Context, tenant string) context.Context {
	if tenant == tenantOf(ctx) {
		return ctx
	}
	return context.WithValue(ctx, tenantKey{}, tenant)
}

func tenantOf(ctx context.Context) string {
	tenant, _ := ctx.Value(tenantKey{}).(string)
	return tenant
}

// hostResolver is the Resolver of the tenant in the context.
type hostResolver struct{ of Resolver }

func (h hostResolver) Resolve(ctx context.Context, reference string) (*fhirpath.Doc, error) {
	raw, err := ask(func() (json.RawMessage, error) { return h.of.Resolve(ctx, tenantOf(ctx), reference) })
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	return readDoc(raw)
}

func (h hostResolver) Search(ctx context.Context, resourceType, query string, limit int) ([]*fhirpath.Doc, error) {
	found, err := ask(func() ([]json.RawMessage, error) { return h.of.Search(ctx, tenantOf(ctx), resourceType, query, limit) })
	if err != nil {
		return nil, err
	}
	docs := make([]*fhirpath.Doc, len(found))
	for i, raw := range found {
		if docs[i], err = readDoc(raw); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

// readDoc reads what the host has answered. What can't be read won't be readable later:
// it is no hostError, and whatever needs it is not fired, not matched, or left out.
func readDoc(raw json.RawMessage) (*fhirpath.Doc, error) {
	doc, err := fhirpath.Parse(raw)
	if err != nil {
		return nil, search.ErrUnreadable
	}
	return doc, nil
}

// hostTerminology marks the errors of a Terminology as the host's.
type hostTerminology struct{ of Terminology }

func (h hostTerminology) MemberOf(ctx context.Context, system, code, valueSet string) (bool, error) {
	return ask(func() (bool, error) { return h.of.MemberOf(ctx, system, code, valueSet) })
}

func (h hostTerminology) Subsumes(ctx context.Context, system, a, b string) (bool, error) {
	return ask(func() (bool, error) { return h.of.Subsumes(ctx, system, a, b) })
}
