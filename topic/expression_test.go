package topic_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic"
)

// inCEL is a topic with an Expression, as R4B and R5 write it.
const inCEL = `{"resourceType":"SubscriptionTopic","url":"http://topics.example.org/cel","status":"active","resourceTrigger":[{
	"extension":[{"url":"http://example.org/unknown","valueString":"left alone"},
		{"url":"https://carillon-fhir.github.io/fhir/StructureDefinition/resourceTrigger-expression",
		"valueExpression":{"language":"text/cel","expression":"current.status == \"finished\" && 1 < 2"}}],
	"resource":"Encounter"}]}`

func TestExpression(t *testing.T) {
	got := parse(t, inCEL)
	require.Equal(t, []topic.ResourceTrigger{{Resource: "Encounter", Expression: &topic.Expression{
		Language: "text/cel", Expression: `current.status == "finished" && 1 < 2`,
	}}}, got.ResourceTriggers)
	require.Nil(t, parse(t, native).ResourceTriggers[0].Expression)

	basic := got.AppendBasic(nil, "")
	require.Contains(t, string(basic), `{"url":"`+topic.ExpressionURL+`","valueExpression":{"language":"text/cel","expression":`)
	require.Equal(t, got, parse(t, string(basic)))
}

func TestExpressionRefuses(t *testing.T) {
	const at = "SubscriptionTopic.resourceTrigger[0].extension[1]"
	for _, c := range []struct{ name, from, to, element string }{
		{"no value", `"valueExpression":{`, `"_x":{`, at + ".value"},
		{"a string", `"valueExpression":{"language":"text/cel","expression":"current.status == \"finished\" && 1 < 2"}`, `"valueString":"x"`, at + ".value"},
		{"no language", `"language":"text/cel",`, ``, at + ".value.language"},
		{"no expression", `"expression":"current`, `"description":"current`, at + ".value.expression"},
		{"empty expression", `"current.status == \"finished\" && 1 < 2"`, `""`, at + ".value.expression"},
		{"unknown element", `"language":"text/cel"`, `"language":"text/cel","dialect":"x"`, at + ".value"},
		{"twice", `http://example.org/unknown`, topic.ExpressionURL, at},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := strings.Replace(inCEL, c.from, c.to, 1)
			require.NotEqual(t, inCEL, raw)
			_, err := topic.Parse([]byte(raw))
			require.ErrorContains(t, err, "topic: "+c.element+" ")
		})
	}
	t.Run("in a Basic", func(t *testing.T) {
		basic := string(parse(t, inCEL).AppendBasic(nil, ""))
		_, err := topic.Parse([]byte(strings.Replace(basic, `"language":"text/cel",`, ``, 1)))
		require.ErrorContains(t, err, "topic: Basic.extension[1].extension[1].value.language is missing")
	})
}

func TestWrittenIn(t *testing.T) {
	in := func(language string) topic.ResourceTrigger {
		return topic.ResourceTrigger{Resource: "Encounter", Expression: &topic.Expression{Language: language, Expression: "x"}}
	}
	query := topic.ResourceTrigger{Resource: "Encounter", Query: &topic.QueryCriteria{Current: "status=finished"}}
	path := topic.ResourceTrigger{Resource: "Encounter", FHIRPath: "true"}
	none := topic.ResourceTrigger{Resource: "Encounter"}
	both := in("text/cel")
	both.FHIRPath = "true"
	for _, c := range []struct {
		name     string
		triggers []topic.ResourceTrigger
		want     bool
		refused  string
	}{
		{"no triggers", nil, false, ""},
		{"no criteria", []topic.ResourceTrigger{none}, false, ""},
		{"query", []topic.ResourceTrigger{query, path}, false, ""},
		{"another language", []topic.ResourceTrigger{in("text/cql"), query}, false, ""},
		{"case counts", []topic.ResourceTrigger{in("Text/CEL")}, false, ""},
		{"all", []topic.ResourceTrigger{in("text/cel"), in("text/cel")}, true, ""},
		{"with one that always fires", []topic.ResourceTrigger{none, in("text/cel")}, true, ""},
		{"with a query", []topic.ResourceTrigger{in("text/cel"), query}, false, "resourceTrigger[1] has criteria that are not in text/cel"},
		{"with FHIRPath", []topic.ResourceTrigger{path, in("text/cel")}, false, "resourceTrigger[0] has criteria that are not in text/cel"},
		{"with another language", []topic.ResourceTrigger{in("text/cel"), in("text/cql")}, false, "resourceTrigger[1] has criteria that are not in text/cel"},
		{"both in one", []topic.ResourceTrigger{both}, false, "resourceTrigger[0] has an Expression and other criteria"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := (&topic.Topic{ResourceTriggers: c.triggers}).WrittenIn("text/cel")
			require.Equal(t, c.want, got)
			if c.refused == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "topic: SubscriptionTopic."+c.refused)
			var element *topic.ElementError
			require.ErrorAs(t, err, &element)
		})
	}
}

// What is in a language that nobody evaluates is refused, alone and beside criteria of
// the standard.
func TestCompileRefusesExpressions(t *testing.T) {
	for _, tr := range []topic.ResourceTrigger{
		{Resource: "Encounter", Expression: &topic.Expression{Language: "text/cel", Expression: "true"}},
		{Resource: "Encounter", Expression: &topic.Expression{Language: "text/cel", Expression: "true"}, FHIRPath: "true"},
	} {
		_, err := topic.Compile(&topic.Topic{ResourceTriggers: []topic.ResourceTrigger{tr}}, r4)
		require.ErrorContains(t, err, "topic: SubscriptionTopic.resourceTrigger[0].extension('"+topic.ExpressionURL+"') is in a language")
	}
}
