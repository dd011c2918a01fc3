package topic

import (
	"errors"
	"fmt"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// ExpressionURL is the extension of a resourceTrigger that holds its criteria in a
// language for which the standard has no element. It is ours. Its value is an
// Expression with language and expression, and it occurs once at most:
//
//	"resourceTrigger": [{
//	  "resource": "Encounter",
//	  "extension": [{
//	    "url": "https://carillon-fhir.github.io/fhir/StructureDefinition/resourceTrigger-expression",
//	    "valueExpression": {"language": "text/cel", "expression": "current.status == 'finished'"}
//	  }]
//	}]
//
// In the Basic of R4 it stands, with the same url, among the extensions inside the
// one that carries the resourceTrigger.
const ExpressionURL = "https://carillon-fhir.github.io/fhir/StructureDefinition/resourceTrigger-expression"

// Expression is criteria of a ResourceTrigger in the language of a TopicEvaluator:
// the value of the extension ExpressionURL.
type Expression struct {
	Language   string // a MIME type such as text/cel, compared as it is written
	Expression string // the source
}

// WrittenIn reports whether the criteria of the topic's triggers are Expressions in
// that language. It is what an evaluator asks first: if it is false, the topic is for
// another one.
//
// One program decides a whole topic, so where only some of the criteria are in the
// language, the error joins an *ElementError for each trigger that has others. A
// trigger with an Expression and criteria of the standard is refused as well, since
// nothing says which of them decides. One without any criteria always fires (TRG-10)
// and is in whatever language the others are.
func (t *Topic) WrittenIn(language string) (bool, error) {
	written := false
	for i := range t.ResourceTriggers {
		written = written || t.ResourceTriggers[i].Expression.isIn(language)
	}
	if !written {
		return false, nil
	}
	var problems []error
	for i := range t.ResourceTriggers {
		tr := &t.ResourceTriggers[i]
		at := fmt.Sprintf("SubscriptionTopic.resourceTrigger[%d]", i)
		switch standard := tr.Query != nil || tr.FHIRPath != ""; {
		case standard && tr.Expression != nil:
			problems = append(problems, &ElementError{at, "has an Expression and other criteria, and nothing says which of them decides"})
		case standard, tr.Expression != nil && !tr.Expression.isIn(language):
			problems = append(problems, &ElementError{at, "has criteria that are not in " + language + " like those of other triggers, and one evaluator decides a whole topic"})
		}
	}
	err := errors.Join(problems...)
	return err == nil, err
}

func (e *Expression) isIn(language string) bool { return e != nil && e.Language == language }

// expression reads the extension ExpressionURL of a resourceTrigger.
func (r *reader) expression(trigger element) *Expression {
	found := r.extensions(trigger, ExpressionURL)
	if len(found) == 0 {
		return nil
	}
	if len(found) > 1 {
		r.problem(found[1].path, "may occur only once")
	}
	value := element{node: found[0].node.Get("valueExpression"), path: found[0].path + ".value"}
	if value.node.Kind() != fhirpath.Object {
		r.problem(value.path, "must be an Expression")
		return nil
	}
	r.checkMembers(value, []string{"description", "name", "language", "expression", "reference"})
	e := &Expression{}
	e.Language, _ = r.required(value, "language")
	e.Expression, _ = r.required(value, "expression")
	return e
}
