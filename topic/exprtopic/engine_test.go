package exprtopic_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/channel/resthook"
	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// An engine that is given the evaluator takes topics in its language.
func TestInEngine(t *testing.T) {
	finished := inLanguage("Encounter", `current.status == "finished" and previous.status != "finished"`)
	finished.URL, finished.Status = "https://topics.example.com/SubscriptionTopic/encounter-finished", "active"
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4", Topics: []*topic.Topic{finished},
		Store: memory.New(), Channels: []subscription.Channel{resthook.New(resthook.Config{})},
		Authorizer: subscription.InsecureAllowAll{},
		Evaluators: []subscription.TopicEvaluator{evaluator(t, fhirpath.R4)},
	})
	require.NoError(t, err)
	current, previous := engine.Wants("", "Encounter", subscription.Update)
	require.True(t, current && previous)
}
