package topic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Warning is something in a topic that is allowed and probably not meant.
type Warning struct {
	Element string // FHIRPath of the element, as in OperationOutcome.issue.expression
	Problem string // what is the matter with it
	Never   bool   // because of it, the trigger can never fire
}

// String returns the element and the problem.
func (w Warning) String() string { return w.Element + " " + w.Problem }

// Review looks for what Compile accepts and an author should know: triggers that can
// never fire, or never on an interaction that they name, because of their truth table
// or because FHIRPath makes nothing of a comparison with nothing; and criteria that work
// only by a leniency (TRG-03 to TRG-08).
func (t *Topic) Review(o Options) (warnings []Warning) {
	for i := range t.ResourceTriggers {
		tr := &t.ResourceTriggers[i]
		at := fmt.Sprintf("SubscriptionTopic.resourceTrigger[%d]", i)
		interactions := tr.Interactions
		if len(interactions) == 0 {
			interactions = []Interaction{Create, Update, Delete}
		}
		element, never := "", func(Interaction) string { return "" }
		switch {
		case tr.Query != nil:
			element, never = at+".queryCriteria", tr.Query.never
		case tr.FHIRPath != "":
			e, err := fhirpath.Compile(tr.FHIRPath, pathOptions(tr, o))
			if err != nil {
				continue // Compile says so
			}
			if e.UsesUnionAsOr() {
				warnings = append(warnings, Warning{Element: at + ".fhirPathCriteria",
					Problem: "joins booleans by |, which FHIRPath takes for a collection; here it counts as or. Write or"})
			}
			element, never = at+".fhirPathCriteria", func(i Interaction) string { return neverOn(e, i) }
		}
		var silent []string
		for _, interaction := range interactions {
			if why := never(interaction); why != "" {
				silent = append(silent, interaction.String()+": "+why)
			}
		}
		switch {
		case len(silent) == len(interactions):
			warnings = append(warnings, Warning{element, "can never be met (" + strings.Join(silent, "; ") + ")", true})
		case len(silent) > 0 && len(tr.Interactions) > 0:
			warnings = append(warnings, Warning{element, "is never met on an interaction that the trigger names (" + strings.Join(silent, "; ") + ")", false})
		}
	}
	return warnings
}

// never says why the truth table has nothing but no for an interaction, "" if it does
// not.
func (q *QueryCriteria) never(i Interaction) string {
	side, result, code := q.Current != "", q.ResultForCreate, "resultForCreate"
	fixed := q.Previous != ""
	switch i {
	case Update:
		return ""
	case Delete:
		side, result, code, fixed = q.Previous != "", q.ResultForDelete, "resultForDelete", q.Current != ""
	}
	switch {
	case !side && result != TestPasses:
		return "only the other state is tested, and " + code + " is not test-passes"
	case result == TestFails && (q.RequireBoth || !fixed):
		return code + " is test-fails"
	}
	return ""
}

// neverOn says why a criterion can't hold on an interaction.
func neverOn(e *fhirpath.Expression, i Interaction) string {
	variable := map[Interaction]string{Create: "previous", Delete: "current"}[i]
	if variable == "" || !slices.Contains(e.Needs().Variables, variable) || !e.NeverWithout(variable) {
		return ""
	}
	return "%" + variable + " is empty, and a comparison with nothing gives nothing"
}
