package subscription

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/topic"
)

// A classic Subscription, of STU3, R4 or R4B, has query criteria in place of a topic
// (docs/conformance.md, Classic Subscriptions). They are filters on a topic that is implied, which every create
// and update of the types in Config.Classic triggers: so the change log, the index, the
// order, the retries and the Authorizer are the same for all Subscriptions.

// addClassic loads the implied topic. It is no topic that clients may name.
func (s *topicSet) addClassic(cfg Config) error {
	if len(cfg.Classic) == 0 {
		return nil
	}
	t := topic.Classic(cfg.Classic...)
	program, err := topic.Compile(t, cfg.topicOptions())
	if err != nil {
		return fmt.Errorf("subscription: Config.Classic: %w", err)
	}
	if s.newest[t.URL] != nil {
		return errors.New("subscription: a topic has the url of the one that query criteria imply")
	}
	s.classic = &loadedTopic{Topic: t, canonical: t.Canonical(), program: program, shapes: new(topic.Shapes)}
	s.exact[s.classic.canonical] = s.classic
	return nil
}

// triggering lists the topics that changes may trigger.
func (s *topicSet) triggering() []*loadedTopic {
	if s.classic == nil {
		return s.all
	}
	return append(slices.Clip(s.all), s.classic)
}

// of returns the topic that a Subscription is about, nil if it is not in force.
func (s *topicSet) of(sub *Subscription) *loadedTopic {
	switch {
	case sub.Classic == "":
		return s.find(sub.Topic)
	case s.classic == nil || !s.classic.covers(sub.Classic):
		return nil
	}
	return s.classic
}

// covers reports whether a change of that type triggers the topic. Subscriptions are the
// engine's own, so a host that means them has to name them.
func (t *loadedTopic) covers(resourceType string) bool {
	return slices.ContainsFunc(t.ResourceTriggers, func(tr topic.ResourceTrigger) bool {
		return tr.Resource == resourceType || tr.Covers(resourceType) && resourceType != "Subscription"
	})
}

// compileFilters compiles the filters of a Subscription to the topic.
func (t *loadedTopic) compileFilters(s *Subscription, o topic.Options) (*topic.Filters, error) {
	if s.Classic != "" {
		return topic.CompileCriteria(s.Classic, s.Filters, o)
	}
	return t.CompileFilters(s.Filters, o)
}

const criteriaElement = "Subscription.criteria"

// isQuery tells query criteria from the canonical of a topic.
func isQuery(criteria string) bool {
	before, _, _ := strings.Cut(criteria, "?")
	return !strings.Contains(before, ":")
}

// classic reads query criteria.
func (r *reader) classic(s *Subscription) {
	if len(r.limits.Classic) == 0 {
		r.refuse(criteriaElement, "Query criteria are not supported: criteria must be the canonical of a topic")
		return
	}
	text, err := "", error(nil)
	text, s.Topic = s.Topic, ""
	if s.Classic, s.Filters, err = topic.ParseCriteria(text); err != nil {
		r.refuse(criteriaElement, err.Error())
	}
	if len(s.Filters) > maxFilters {
		r.refuse(criteriaElement, fmt.Sprintf("There are more than %d parameters", maxFilters))
	}
	if len(r.extensions(r.other(r.root, "criteria", "Subscription"), criteriaElement)) > 0 {
		r.refuse(criteriaElement+".extension", "Query criteria have no extensions: what narrows them is a part of the query")
	}
}

// classicChannel reads the rest of the channel. Without payload nothing is sent but that
// something happened. There are no content levels, heartbeats and batches (CLS-15), so
// the guide's extensions are refused, as they would be obeyed on any other Subscription.
func (r *reader) classicChannel(channel fhirpath.Node, s *Subscription) {
	s.Content = notification.Empty
	if text, _ := r.text(channel, "payload", "Subscription.channel.payload"); text != "" {
		s.ContentType = r.contentType(text, s.ChannelType)
		if showsResource(s) {
			s.Content = notification.FullResource
		}
	}
	for _, ext := range r.extensions(r.other(channel, "payload", "Subscription.channel"), "Subscription.channel.payload") {
		r.foreign(ext, "Subscription.channel.payload.extension")
	}
	for _, ext := range r.extensions(channel, "Subscription.channel") {
		r.foreign(ext, "Subscription.channel.extension")
	}
}

// showsResource reports whether the payload of a classic Subscription means that the
// resource is sent: over a websocket nothing goes but the Subscription's id (CLS-10), and
// a mail's text says what happened, while the resource is an attachment, if one is asked
// for (CLS-11).
func showsResource(s *Subscription) bool {
	switch s.ChannelType {
	case "websocket":
		return false
	case "email":
		_, parameters, err := ParsePayload(s.ContentType)
		return err == nil && parameters["attach"] != ""
	}
	return true
}

// tag refuses what STU3 has for tags on all matching resources: this engine does not
// write the host's resources.
func (r *reader) tag() {
	if r.root.Get("tag").Exists() || r.root.Get("_tag").Exists() {
		r.refuse("Subscription.tag", "Matching resources are not tagged here")
	}
}

// checkClassic makes the acceptance checks of query criteria (CLS-16, CLS-17). t is nil
// if they are not served for the resource type.
func (e *Engine) checkClassic(s *Subscription, t *loadedTopic) (issues []ElementError) {
	if t == nil {
		issues = append(issues, ElementError{criteriaElement, "not-supported", "Query criteria are not supported for this resource type"})
	} else if _, err := t.compileFilters(s, e.cfg.topicOptions()); err != nil {
		issues = append(issues, elementErrors(err, criteriaElement)...)
	}
	switch s.ChannelType {
	case "rest-hook", "websocket", "email":
	default: // it may not know what to make of a resource that is no notification
		issues = append(issues, ElementError{"Subscription.channel.type", "not-supported", "The channel type is not supported for query criteria"})
	}
	return issues
}

// activeAtOnce reports whether a Subscription is active as soon as it is accepted.
// Classic ones have no handshake (CLS-05); but who must confirm, must.
func (e *Engine) activeAtOnce(s *Subscription) bool {
	confirmer, ok := e.channels[s.ChannelType].(Confirmer)
	return s.Classic != "" && !(ok && confirmer.NeedsConfirmation(s.target()))
}

// refuseClassic refuses an operation on notifications that a classic Subscription does not
// have (CLS-15).
func refuseClassic(operation string) error {
	return refuse(http.StatusUnprocessableEntity, criteriaElement, "not-supported",
		"A Subscription with query criteria has no "+operation+": its status is in the resource, and its events are not numbered")
}
