package topictest

import (
	"mime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic"
)

// languages: which topics are an evaluator's.
var languages = []Clause{
	{"LanguageIsAMIMEType", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		_, _, err := mime.ParseMediaType(w.evaluator.Language())
		require.NoError(t, err)
		require.Contains(t, w.evaluator.Language(), "/")
	}},
	{"OtherTopicsAreLeft", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		for name, triggers := range map[string][]topic.ResourceTrigger{
			"without triggers":    nil,
			"without criteria":    {{Resource: "Encounter"}},
			"in FHIR search":      {{Resource: "Encounter", Query: &topic.QueryCriteria{Current: "status=finished"}}},
			"in another language": {otherLanguage},
			"in several others":   {otherLanguage, {Resource: "Encounter", Query: &topic.QueryCriteria{Current: "status=finished"}}},
		} {
			p, err := w.evaluator.Compile(&topic.Topic{ResourceTriggers: triggers})
			require.NoError(t, err, name)
			require.True(t, p == nil, "a program for a topic %s", name)
		}
	}},
	{"MixedTopicsAreRefused", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.skipUnless(w.Criteria.Current)
		mixed := w.onEncounter(w.Criteria.Current)
		mixed.ResourceTriggers = append(mixed.ResourceTriggers, otherLanguage)
		w.refused(mixed, "resourceTrigger[1]")
	}},
	{"AmbiguousTriggersAreRefused", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.skipUnless(w.Criteria.Current)
		both := w.onEncounter(w.Criteria.Current, w.Criteria.Current)
		if tr := &both.ResourceTriggers[1]; tr.Expression == nil {
			tr.Expression = otherLanguage.Expression
		} else {
			tr.FHIRPath = "%current.status = 'finished'"
		}
		w.refused(both, "resourceTrigger[1]")
	}},
	{"TriggerWithoutCriteriaFires", func(t testing.TB, h Harness) { // TRG-10
		w := newWorld(t, h)
		w.skipUnless(w.Criteria.Current)
		half := w.onEncounter(w.Criteria.Current)
		half.ResourceTriggers = append([]topic.ResourceTrigger{{Resource: "Encounter"}}, half.ResourceTriggers...)
		p := w.compile(half)
		require.False(t, p.NeedsPrevious(0))
		require.True(t, w.fires(p, w.change(encounter("planned"), encounter("arrived"))))
	}},
	{"EachTriggerHasItsCriteria", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.skipUnless(w.Criteria.Current)
		w.skipUnless(w.Criteria.Type)
		p := w.compile(w.onEncounter(w.Criteria.Current, w.Criteria.Type))
		for i, c := range []*topic.Change{
			w.change(encounter("planned"), encounter("finished")),
			w.change(encounter("planned"), encounter("planned", types("b"))),
		} {
			for trigger := range 2 {
				fired, err := p.Fires(t.Context(), trigger, c)
				require.NoError(t, err)
				require.Equal(t, i == trigger, fired)
			}
		}
	}},
}

var otherLanguage = topic.ResourceTrigger{
	Resource: "Encounter", Expression: &topic.Expression{Language: "text/x-topictest", Expression: "true"},
}
