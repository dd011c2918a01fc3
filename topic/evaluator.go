package topic

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// Options say what a topic is compiled for.
type Options struct {
	Release fhirpath.Release // whose search parameters and resource types are meant; required
	BaseURL string           // the server's FHIR base: references below it equal relative ones

	Definitions *search.Definitions // with the host's own search parameters; nil: those of the release

	// Host is what criteria and filters may ask beyond the change. What would need
	// something that is nil in it is refused.
	Host search.Host

	Filters FilterEvaluator // of filters by names that topics define; nil: such are refused

	// Events: filters are asked with a context of WithEvents. False: filters by
	// EventParameter are refused.
	Events bool
}

func (o Options) search() search.Options {
	return search.Options{Release: o.Release, Definitions: o.Definitions, Host: o.Host}
}

// Compile makes a Program of the topic's resource triggers, with FHIR search for
// queryCriteria and FHIRPath for fhirPathCriteria. Where a trigger has both,
// queryCriteria decide if they can be computed here, otherwise fhirPathCriteria
// (AMB-05). The error joins an *ElementError for each trigger that can't be
// computed at all, which the topic is refused for.
//
// A trigger on Resource or DomainResource may use the search parameters that all
// those types share. Event triggers are raised by the host; a topic that has
// nothing else compiles to a Program without triggers.
func Compile(t *Topic, o Options) (Program, error) {
	triggers, err := CompileTriggers(t, func(tr *ResourceTrigger, at string) (trigger, error) { return compileTrigger(tr, o, at) })
	if err != nil {
		return nil, err
	}
	return &program{triggers: triggers, base: o.BaseURL, host: o.Host}, nil
}

// CompileTriggers returns what compile makes of each of the topic's ResourceTriggers: what
// an evaluator's Compile does. at is the element of the trigger, for an *ElementError. The
// error joins those of all triggers.
func CompileTriggers[T any](t *Topic, compile func(tr *ResourceTrigger, at string) (T, error)) ([]T, error) {
	var problems []error
	compiled := make([]T, len(t.ResourceTriggers))
	for i := range t.ResourceTriggers {
		var err error
		if compiled[i], err = compile(&t.ResourceTriggers[i], fmt.Sprintf("SubscriptionTopic.resourceTrigger[%d]", i)); err != nil {
			problems = append(problems, err)
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return compiled, nil
}

// program is the built-in Program.
type program struct {
	triggers []trigger
	base     string
	host     search.Host
}

// trigger has one kind of criteria, or none: then it always fires.
type trigger struct {
	query *query
	path  *fhirpath.Expression
}

// pathOptions are what a fhirPathCriteria is compiled for.
func pathOptions(t *ResourceTrigger, o Options) fhirpath.Options {
	return fhirpath.Options{
		Release: o.Release, Variables: []string{"current:" + t.Resource, "previous:" + t.Resource},
		Strict: true, Context: t.Resource, // a path that no resource has would never fire
		BooleanUnion: true, // HL7's own examples write it (TRG-08)
	}
}

func compileTrigger(t *ResourceTrigger, o Options, at string) (trigger, error) {
	if !isAbstract(t.Resource) && !o.search().IsResourceType(t.Resource) {
		return trigger{}, &ElementError{at + ".resource", "names no resource type of " + o.Release.String()}
	}
	if t.Expression != nil {
		return trigger{}, &ElementError{at + ".extension('" + ExpressionURL + "')",
			"is in a language that the host has no evaluator for"}
	}
	var queryErr, pathErr error
	if t.Query != nil {
		var q *query
		if q, queryErr = compileQuery(t, o, at+".queryCriteria"); queryErr == nil {
			return trigger{query: q}, nil
		}
	}
	if t.FHIRPath != "" {
		var e *fhirpath.Expression
		e, pathErr = fhirpath.Compile(t.FHIRPath, pathOptions(t, o))
		if pathErr == nil {
			pathErr = supported(e, o.Host)
		}
		if pathErr == nil {
			return trigger{path: e}, nil
		}
		pathErr = &ElementError{at + ".fhirPathCriteria", "can't be evaluated: " + pathErr.Error()}
	}
	return trigger{}, errors.Join(queryErr, pathErr)
}

// Fires implements Program.
func (p *program) Fires(ctx context.Context, i int, c *Change) (bool, error) {
	t := &p.triggers[i]
	switch err := c.Complete(p.NeedsPrevious(i)); {
	case err != nil:
		return false, err
	case t.query != nil:
		return t.query.fires(ctx, c, p.base)
	case t.path == nil:
		return true, nil // TRG-10
	}
	fired, err := t.path.Bool(ctx, c.focus(), p.environment(c))
	if err != nil {
		return false, fmt.Errorf("topic: fhirPathCriteria: %w", err)
	}
	return fired, nil
}

// focus is the newest state that there is.
func (c *Change) focus() fhirpath.Node {
	if c.Current.Exists() {
		return c.Current
	}
	return c.Previous
}

func (p *program) environment(c *Change) fhirpath.Env {
	return fhirpath.Env{
		Variables: []fhirpath.Variable{{Name: "current", Value: c.Current}, {Name: "previous", Value: c.Previous}},
		Resolver:  p.host.Resolver, Terminology: p.host.Terminology,
	}
}

// NeedsPrevious implements Program.
func (p *program) NeedsPrevious(i int) bool {
	t := &p.triggers[i]
	if t.query != nil {
		return t.query.hasPrevious
	}
	return t.path != nil && slices.Contains(t.path.Needs().Variables, "previous")
}

// NeedsHost implements Program.
func (p *program) NeedsHost(i int) bool {
	t := &p.triggers[i]
	if t.query != nil {
		return t.query.previous.NeedsHost() || t.query.current.NeedsHost()
	}
	if t.path == nil {
		return false
	}
	needs := t.path.Needs()
	return needs.Resolver || needs.Terminology
}

// supported refuses what the host could not answer at the first event.
func supported(e *fhirpath.Expression, host search.Host) error {
	switch needs := e.Needs(); {
	case needs.Terminology && host.Terminology == nil:
		return fhirpath.ErrNoTerminology
	case needs.Resolver && host.Resolver == nil:
		return fhirpath.ErrNoResolver
	}
	return nil
}
