package celtopic_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/celtopic"
)

// inLanguage is a topic on Encounter with that criterion.
func inLanguage(expression string) *topic.Topic {
	return &topic.Topic{ResourceTriggers: []topic.ResourceTrigger{{
		Resource: "Encounter", Expression: &topic.Expression{Language: celtopic.Language, Expression: expression},
	}}}
}

func node(t testing.TB, raw string) fhirpath.Node {
	t.Helper()
	if raw == "" {
		return fhirpath.Node{}
	}
	doc, err := fhirpath.Parse([]byte(raw))
	require.NoError(t, err)
	return doc.Root()
}

func encounter(status string) string {
	return `{"resourceType":"Encounter","id":"e1","status":"` + status + `","type":[
		{"coding":[{"system":"http://example.org/types","code":"a"},{"system":"http://example.org/types","code":"b"}]},
		{"coding":[{"system":"http://example.org/others","code":"c"}],"text":"another"}],
		"subject":{"reference":"Patient/p1"},"period":{"start":"2026-03-01T08:00:00Z"}}`
}
