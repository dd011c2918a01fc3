package celtopic_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/celtopic"
)

// inLanguage is a topic on that type with those criteria.
func inLanguage(resourceType string, criteria ...string) *topic.Topic {
	t := &topic.Topic{}
	for _, c := range criteria {
		t.ResourceTriggers = append(t.ResourceTriggers, topic.ResourceTrigger{
			Resource: resourceType, Expression: &topic.Expression{Language: celtopic.Language, Expression: c},
		})
	}
	return t
}

func evaluator(t testing.TB, r fhirpath.Release) *celtopic.Evaluator {
	t.Helper()
	e, err := celtopic.New(celtopic.Config{Release: r})
	require.NoError(t, err)
	return e
}

func TestCompileRefuses(t *testing.T) {
	e := evaluator(t, fhirpath.R4)
	for criterion, why := range map[string]string{
		``:                                                     "Syntax error",
		`current.status ==`:                                    "Syntax error",
		`current.statuss == "final"`:                           "undefined field 'statuss' at line 1, column 8",
		`current.valueQuantity.nonsense == 1`:                  "undefined field 'nonsense'",
		`current.category.text == "a"`:                         "does not support field selection",
		`current.status.length > 1`:                            "does not support field selection",
		`current.status == 3`:                                  "no matching overload",
		`current.status > 3`:                                   "no matching overload",
		`current.valueQuantity.value == 6`:                     "no matching overload", // a double is never an int: write 6.0
		`current.category == "a"`:                              "no matching overload",
		`current.category == null`:                             "no matching overload",
		`3 in current.category[0].coding.map(c, c.code)`:       "no matching overload",
		`current == null`:                                      "never null",
		`null != current.valueQuantity`:                        "never null",
		`current.component.exists(c, c.valueQuantity == null)`: "never null",
		`current`:              "true or false",
		`current.status`:       "true or false",
		`current.valueBoolean`: "true or false",
		`current.value`:        "true or false",
		`1`:                    "true or false",
		`unknown == 1`:         "undeclared reference to 'unknown'",
		`fhir.Quantity{value: 1.0} == current.valueQuantity`:          "can be read",
		`type(current) == fhir.Observation`:                           "can be read",
		`google.protobuf.Int32Value{value: 1} == 1`:                   "",
		`nonsense(current)`:                                           "undeclared reference to 'nonsense'",
		`exists()`:                                                    "no matching overload",
		`current.status.matches("(")`:                                 "",
		`true ` + strings.Repeat(`|| !true `, 3000):                   "",
		strings.Repeat("!(", 200) + "true" + strings.Repeat(")", 200): "",
		strings.Repeat(" ", 20_000) + "true":                          "",
	} {
		p, err := e.Compile(inLanguage("Observation", `true`, criterion))
		require.ErrorContains(t, err, why, criterion)
		require.ErrorContains(t, err, "topic: SubscriptionTopic.resourceTrigger[1].extension('"+topic.ExpressionURL+"') can't be evaluated: ", criterion)
		require.NotContains(t, err.Error(), "\n", criterion)
		require.Nil(t, p)
	}
}

// All that is wrong with a topic is reported at once (row I5).
func TestCompileReportsAll(t *testing.T) {
	wrong := inLanguage("Observation", `current.a == 1 || current.b == 1`, `current.c == 1`)
	wrong.ResourceTriggers = append(wrong.ResourceTriggers, topic.ResourceTrigger{Resource: "Nonsense"})
	_, err := evaluator(t, fhirpath.R4).Compile(wrong)
	for _, problem := range []string{"'a' at line 1", "'b' at line 1", "'c' at line 1", "resourceTrigger[2].resource names no resource type of R4"} {
		require.ErrorContains(t, err, problem)
	}
	var element *topic.ElementError
	require.ErrorAs(t, err, &element)
}

// A trigger on an abstract type has what all resources share.
func TestAbstract(t *testing.T) {
	e := evaluator(t, fhirpath.R4)
	p, err := e.Compile(inLanguage("Resource", `current.id == "o1" && current.resourceType == "Observation"`))
	require.NoError(t, err)
	fired, err := p.Fires(t.Context(), 0, &topic.Change{Interaction: topic.Create, Current: node(t, after)})
	require.NoError(t, err)
	require.True(t, fired)
	_, err = e.Compile(inLanguage("Resource", `current.status == "final"`))
	require.ErrorContains(t, err, "undefined field 'status'")
}

// The definitions are those of the release.
func TestRelease(t *testing.T) {
	size := inLanguage("DocumentReference", `current.content[0].attachment.size > 9000000000`)
	p, err := evaluator(t, fhirpath.R5).Compile(size) // an integer64 is a string in JSON
	require.NoError(t, err)
	fired, err := p.Fires(t.Context(), 0, &topic.Change{Interaction: topic.Create, Current: node(t,
		`{"resourceType":"DocumentReference","content":[{"attachment":{"size":"9000000001"}}]}`)})
	require.NoError(t, err)
	require.True(t, fired)

	newer := inLanguage("ActorDefinition", `current.status == "active"`)
	_, err = evaluator(t, fhirpath.R5).Compile(newer)
	require.NoError(t, err)
	_, err = evaluator(t, fhirpath.R4B).Compile(newer)
	require.ErrorContains(t, err, "names no resource type of R4B")
}

func TestNew(t *testing.T) {
	for _, c := range []celtopic.Config{{}, {Release: 17}} {
		_, err := celtopic.New(c)
		require.ErrorContains(t, err, "celtopic: Config.Release is required")
	}
}
