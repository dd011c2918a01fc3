package topic

import (
	"context"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// Trial says what one criterion gave on one state of a resource.
type Trial struct {
	Element   string   // such as "queryCriteria.current", "fhirPathCriteria" or "filterBy"
	Criterion string   // such as "status=finished", or an expression
	State     string   // "current" or "previous"; "" for an expression that sees both
	Finding   Finding  // what came of it
	Values    []string // what the resource has where the criterion looks: content of the resource
	Problem   string   // why there is no answer, or why it was not asked for
}

// Finding is what came of a Trial.
type Finding string

// Findings. Empty is what FHIRPath makes of a comparison with nothing; it counts as
// not met.
const (
	Met       Finding = "met"
	NotMet    Finding = "not met"
	Empty     Finding = "empty"
	NotTested Finding = "not tested" // the standard has no test of this state on this interaction
	Unknown   Finding = "unknown"
)

// Explainer is a Program that says why it fires, or not. It evaluates again, and more:
// it is for questions, not for every change.
type Explainer interface {
	// Explain tries every criterion of a trigger.
	Explain(ctx context.Context, trigger int, c *Change) []Trial
}

// maxValues bounds the values that a Trial shows.
const maxValues = 20

// Explain implements Explainer.
func (p *program) Explain(ctx context.Context, i int, c *Change) []Trial {
	t := &p.triggers[i]
	switch {
	case t.query != nil:
		return append(explainSide(ctx, "previous", t.query.previous, c.Previous, p.base, t.query.forCreate),
			explainSide(ctx, "current", t.query.current, c.Current, p.base, t.query.forDelete)...)
	case t.path != nil:
		return p.explainPath(ctx, t.path, c)
	}
	return nil
}

// explainSide tries each criterion of one side of a queryCriteria. fixed stands for
// the side on the interaction that has no such state.
func explainSide(ctx context.Context, side string, criteria search.Criteria, state fhirpath.Node, base string, fixed CriteriaNotExistsBehavior) (trials []Trial) {
	element := "queryCriteria." + side
	if !state.Exists() && len(criteria) > 0 {
		problem := "there is no such state; the side takes no part"
		if fixed != BehaviorAbsent {
			problem = "there is no such state; the result is " + fixed.String()
		}
		return []Trial{{Element: element, Criterion: criteria.String(), State: side, Finding: NotTested, Problem: problem}}
	}
	v := search.NewView(state, base)
	for _, c := range criteria {
		trials = append(trials, explainCriterion(ctx, element, side, c, v))
	}
	return trials
}

func explainCriterion(ctx context.Context, element, state string, c *search.Criterion, v *search.View) Trial {
	trial := Trial{Element: element, Criterion: c.String(), State: state, Finding: NotMet}
	met, err := c.Test(ctx, v)
	switch {
	case err != nil:
		trial.Finding, trial.Problem = Unknown, err.Error()
	case met:
		trial.Finding = Met
	}
	if values, err := c.Values(ctx, v, maxValues); err == nil {
		trial.Values = values
	}
	return trial
}

// explainPath tries the parts of a criterion that and joins.
func (p *program) explainPath(ctx context.Context, path *fhirpath.Expression, c *Change) (trials []Trial) {
	for _, part := range path.Conjuncts() {
		trial := Trial{Element: "fhirPathCriteria", Criterion: part.String(), Finding: Empty}
		items, err := part.Evaluate(ctx, c.focus(), p.environment(c))
		switch {
		case err != nil:
			trial.Finding, trial.Problem = Unknown, err.Error()
		case len(items) == 1:
			trial.Finding = NotMet
			if value, isBool := items[0].Bool(); value || !isBool {
				trial.Finding = Met
			}
		case len(items) > 1:
			trial.Finding, trial.Problem = Unknown, "it gives several items"
		}
		trials = append(trials, trial)
	}
	return trials
}

// Explain tries every filter that applies to a resource.
func (f *Filters) Explain(ctx context.Context, resourceType string, resource fhirpath.Node) (trials []Trial) {
	v := search.NewView(resource, f.base)
	for i := range f.types {
		if !standsFor(f.types[i].resourceType, resourceType) {
			continue
		}
		for _, c := range f.types[i].criteria {
			trials = append(trials, explainCriterion(ctx, "filterBy", "current", c, v))
		}
		for _, d := range f.types[i].defined {
			trial := Trial{Element: "filterBy", Criterion: d.String(), State: "current", Finding: NotMet}
			switch met, err := d.passes(ctx, resource); {
			case err != nil:
				trial.Finding, trial.Problem = Unknown, err.Error()
			case met:
				trial.Finding = Met
			}
			trials = append(trials, trial)
		}
	}
	return trials
}
