package subscription

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// accept reads a Subscription that a client sent and makes the acceptance checks of
// the standard (docs/conformance.md, What is accepted). Either everything that is wrong comes back as one
// *Refusal, or a Subscription whose Resource shows what was adjusted. old is what it
// replaces, nil if nothing.
func (e *Engine) accept(ctx context.Context, tenant, id string, raw []byte, now time.Time, old *Record) (*Subscription, error) {
	if len(raw) > e.cfg.MaxBytes {
		return nil, refuse(http.StatusRequestEntityTooLarge, "", "too-long", fmt.Sprintf("The body is larger than %d bytes", e.cfg.MaxBytes))
	}
	doc, err := fhirpath.Parse(raw)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "", "structure", "The body is not acceptable JSON: "+err.Error())
	}
	r := reader{form: e.form, root: doc.Root(), limits: e.cfg, now: now}
	s := r.read()
	r.shape()
	if len(r.issues) > 0 {
		return nil, r.refusal()
	}
	s.Tenant, s.ID = tenant, id
	e.connects(s, now)
	var stored *Subscription
	if old != nil {
		stored, _ = e.restore(*old) // nil: its headers can't be read any more
	}
	var ok bool
	if r.unmasked, ok = unmask(s, stored); !ok {
		return nil, e.refuseMask()
	}
	e.adjustFilters(s)
	s.Resource = r.adjusted(s)
	if issues := e.check(ctx, s); len(issues) > 0 {
		return nil, e.form.refusal(http.StatusUnprocessableEntity, issues)
	}
	if s.Owner, err = e.cfg.Authorizer.AuthorizeSubscription(ctx, s); err != nil {
		e.cfg.Logger.InfoContext(ctx, "subscription not authorized", "tenant", tenant, "topic", s.Topic, "channel", s.ChannelType)
		return nil, refuse(http.StatusForbidden, "Subscription", "forbidden", "The Subscription is not permitted")
	}
	if r.unmasked && s.Owner != stored.Owner {
		return nil, e.refuseMask()
	}
	return s, nil
}

// restore reads a Subscription that was accepted earlier.
func (e *Engine) restore(stored Record) (*Subscription, error) {
	doc, err := fhirpath.Parse(stored.Resource)
	if err != nil {
		return nil, err
	}
	r := reader{form: e.form, root: doc.Root(), limits: e.cfg, stored: true}
	s := r.read()
	if len(r.issues) > 0 {
		return nil, r.refusal()
	}
	s.Release, _ = e.cfg.rendering(s)
	s.Tenant, s.Owner, s.Status, s.Resource = stored.Tenant, stored.Owner, stored.Status, stored.Resource
	s.host = hostOf(s.Endpoint)
	e.connects(s, stored.UpdatedAt)
	return s, nil
}

// connects notes whether the subscriber is the one who connects.
func (e *Engine) connects(s *Subscription, updated time.Time) {
	if _, ok := e.channels[s.ChannelType].(Connector); ok {
		s.alone, s.updated = e.cfg.Retention, updated
	}
}

// check asks the topic and the channel.
func (e *Engine) check(ctx context.Context, s *Subscription) (issues []ElementError) {
	var ok bool
	if s.Release, ok = e.cfg.rendering(s); !ok {
		issues = append(issues, ElementError{"Subscription.channel.payload", "not-supported",
			"Notifications with that content are not available in that fhirVersion, but in " + e.cfg.Release.Version()})
	}
	switch t := e.topics.Load().of(s); {
	case s.Classic != "":
		issues = append(issues, e.checkClassic(s, t)...)
	case t == nil:
		issues = append(issues, ElementError{"Subscription.criteria", "not-supported", "The topic is not supported by this server"})
	case t.Status == "retired":
		issues = append(issues, ElementError{"Subscription.criteria", "not-supported", "The topic is retired"})
	default:
		if _, err := t.CompileFilters(s.Filters, e.cfg.topicOptions()); err != nil {
			issues = append(issues, filterIssues(err)...)
		}
	}
	channel := e.channels[s.ChannelType]
	if channel == nil {
		return append(issues, ElementError{"Subscription.channel.type", "not-supported", "The channel type is not supported by this server"})
	}
	if err := channel.Check(ctx, s.target()); err != nil {
		issues = append(issues, elementErrors(err, "Subscription.channel")...)
	}
	return issues
}

// filterIssues gives each refused filter an issue of its own.
func filterIssues(err error) (issues []ElementError) {
	for _, one := range each(err) {
		issues = append(issues, ElementError{"Subscription.criteria.extension('" + filterCriteriaURL + "')", "not-supported", one.Error()})
	}
	return issues
}

// elementErrors returns what err says about elements; an error that names none is
// about the given one.
func elementErrors(err error, element string) (issues []ElementError) {
	for _, one := range each(err) {
		var named *ElementError
		if errors.As(one, &named) {
			issues = append(issues, *named)
		} else {
			issues = append(issues, ElementError{Element: element, Code: "not-supported", Problem: one.Error()})
		}
	}
	return issues
}

// each returns the errors that err joins, at whatever depth.
func each(err error) (list []error) {
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	for _, one := range many.Unwrap() {
		list = append(list, each(one)...)
	}
	return list
}
