package exprtopic_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/exprtopic"
)

// inLanguage is a topic on that type with those criteria.
func inLanguage(resourceType string, criteria ...string) *topic.Topic {
	t := &topic.Topic{}
	for _, c := range criteria {
		t.ResourceTriggers = append(t.ResourceTriggers, topic.ResourceTrigger{
			Resource: resourceType, Expression: &topic.Expression{Language: exprtopic.Language, Expression: c},
		})
	}
	return t
}

func evaluator(t testing.TB, r fhirpath.Release) *exprtopic.Evaluator {
	t.Helper()
	e, err := exprtopic.New(exprtopic.Config{Release: r})
	require.NoError(t, err)
	return e
}

func node(t testing.TB, raw string) fhirpath.Node {
	t.Helper()
	doc, err := fhirpath.Parse([]byte(raw))
	require.NoError(t, err)
	return doc.Root()
}

const (
	before = `{"resourceType":"Observation","id":"o1","status":"preliminary","issued":"2026-03-01T08:00:00Z",
		"valueQuantity":{"value":6.30,"unit":"mmol/l"},"category":[{"text":"a"}],"language":"de"}`
	after = `{"resourceType":"Observation","id":"o1","status":"final","issued":"2026-03-01T10:00:00Z",
		"valueQuantity":{"unit":"mmol/l","value":6.3},"category":[{"text":"a"},{"text":"b"}],
		"component":[{"valueInteger":3},{"valueBoolean":true},{"valueString":"x"}],
		"contained":[{"resourceType":"Patient","id":"p1","active":true,"multipleBirthInteger":2}],
		"_language":{"extension":[{"url":"http://example.org/e","valueCode":"x"}]}}`
)

func fires(t testing.TB, criterion string) (bool, error) {
	t.Helper()
	p, err := evaluator(t, fhirpath.R4).Compile(inLanguage("Observation", criterion))
	require.NoError(t, err, criterion)
	return p.Fires(context.Background(), 0, &topic.Change{
		Interaction: topic.Update, ResourceType: "Observation", Previous: node(t, before), Current: node(t, after),
	})
}

func TestCompileRefuses(t *testing.T) {
	for criterion, why := range map[string]string{
		``:                                          "unexpected token",
		`current.status ==`:                         "unexpected token",
		`current.statuss == "final"`:                "Observation has no element statuss at line 1, column 9",
		`current.valueQuantity.nonsense == 1`:       "Quantity has no element nonsense",
		`current.category.text == "a"`:              "a list has no element text",
		`current.status.length > 1`:                 "a string has no elements",
		`current.status == 3`:                       "a string does not go with a number",
		`current.status > 3`:                        "a string does not go with a number",
		`current.valueBoolean > true`:               "can't be a bool",
		`current.status + 1 == "x"`:                 "does not go with",
		`"a" - "b" == "c"`:                          "can't be a string",
		`3 in ["a", "b"]`:                           "does not go with",
		`current.status in "final"`:                 "can't be a string",
		`current in [current]`:                      "can't be an element with children",
		`current == nil`:                            "never nil",
		`nil != current.valueQuantity`:              "never nil",
		`current`:                                   "true or false",
		`current.status`:                            "true or false",
		`current.valueBoolean`:                      "true or false",
		`current.value`:                             "true or false",
		`current.status and true`:                   "can't be a string",
		`not current.status`:                        "can't be a string",
		`-current.status == 1`:                      "can't be a string",
		`all(current.status, true)`:                 "can't be a string",
		`all(current.category, .text)`:              "a predicate can't be a string",
		`any(current.category, .code == "a")`:       "CodeableConcept has no element code",
		`count(current.category) > 1`:               "takes a predicate",
		`sum(current.category, 1) > 1`:              "not for criteria",
		`reduce(current.category, #acc + 1, 0) > 1`: "not for criteria",
		`any(current.category, #index == 0)`:        "#index",
		`any(current.category, #nonsense)`:          "#nonsense",
		`# == 1`:                                    "unexpected token",
		`all(1..1000000000, true)`:                  "operator .. is not",
		`2 ** 1000 > 1`:                             "operator ** is not",
		`repeat("a", 1000000) == "a"`:               "not for criteria",
		`toJSON(current) == ""`:                     "not for criteria",
		`string(current) == ""`:                     "not for criteria",
		`len(1) == 1`:                               "can't be a number",
		`lower() == ""`:                             "takes one argument",
		`date("2026-01-01", "UTC") < now`:           "takes one argument",
		`exists()`:                                  "takes one argument",
		`nonsense(current)`:                         "no such function",
		`current.nonsense()`:                        "no such function",
		`now.Unix() > 1`:                            "no such function",
		`now.Year == 2026`:                          "has no elements",
		`unknown == 1`:                              "there is no variable unknown",
		`current_ == 1`:                             "there is no variable current_",
		`$env.current == 1`:                         "there is no variable $env",
		`let current = 1; true`:                     "already",
		`let a = 1; let a = 2; true`:                "already",
		`{"a": 1}.a == 1`:                           "not for criteria",
		`current.category[0:1] == []`:               "not for criteria",
		`true; false`:                               "not for criteria",
		`current.category["a"] == 1`:                "a list has no element a",
		`current[current.status] == 1`:              "has no elements",
		strings.Repeat("!", 200) + "true":           "nested too deep",
		strings.Repeat(" ", 20_000) + "true":        "too long",
		strings.Repeat("true or ", 1000) + "true":   "nested too deep",
	} {
		p, err := evaluator(t, fhirpath.R4).Compile(inLanguage("Observation", `true`, criterion))
		require.ErrorContains(t, err, why, criterion)
		require.ErrorContains(t, err, "topic: SubscriptionTopic.resourceTrigger[1].extension('"+topic.ExpressionURL+"') can't be evaluated: ", criterion)
		require.NotContains(t, err.Error(), "\n", criterion)
		require.Nil(t, p)
	}
}

// A trigger on an abstract type has what all resources share.
func TestAbstract(t *testing.T) {
	e := evaluator(t, fhirpath.R4)
	p, err := e.Compile(inLanguage("Resource", `current.id == "o1" and current.resourceType == "Observation"`))
	require.NoError(t, err)
	fired, err := p.Fires(t.Context(), 0, &topic.Change{Interaction: topic.Create, Current: node(t, after)})
	require.NoError(t, err)
	require.True(t, fired)
	_, err = e.Compile(inLanguage("Resource", `current.status == "final"`))
	require.ErrorContains(t, err, "Resource has no element status")
}

func TestNew(t *testing.T) {
	for _, c := range []exprtopic.Config{{}, {Release: 17}, {Release: fhirpath.R4, MaxSteps: -1}} {
		_, err := exprtopic.New(c)
		require.ErrorContains(t, err, "exprtopic: Config.")
	}
}
