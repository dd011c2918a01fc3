package topictest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic"
)

// refusals: what is known to be wrong before there is a resource. The error names the
// trigger, so the wrong one is the second.
var refusals = []Clause{
	{"UnknownElementIsRefused", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.skipUnless(w.Criteria.Unknown)
		w.refused(w.onEncounter(w.Criteria.Current, w.Criteria.Unknown), "resourceTrigger[1]")
	}},
	{"UnlikeTypesAreRefused", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.skipUnless(w.Criteria.Mistyped)
		w.refused(w.onEncounter(w.Criteria.Current, w.Criteria.Mistyped), "resourceTrigger[1]")
	}},
	{"MalformedExpressionIsRefused", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.skipUnless(w.Criteria.Malformed)
		w.refused(w.onEncounter(w.Criteria.Current, w.Criteria.Malformed), "resourceTrigger[1]")
	}},
	{"UnknownResourceTypeIsRefused", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.skipUnless(w.Criteria.Current)
		unknown := w.onEncounter(w.Criteria.Current)
		for _, name := range []string{"Nonsense", "HumanName"} {
			wrong := w.trigger(name, w.Criteria.Current)
			w.refused(&topic.Topic{ResourceTriggers: append(unknown.ResourceTriggers, wrong)}, "resourceTrigger[1]")
		}
	}},
	{"WhatIsNotBooleanNeverFires", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.skipUnless(w.Criteria.NotBoolean)
		p, err := w.evaluator.Compile(w.onEncounter(w.Criteria.NotBoolean))
		if err != nil {
			return // better
		}
		fired, err := p.Fires(t.Context(), 0, w.change(encounter("planned"), encounter("finished")))
		require.Error(t, err)
		require.False(t, fired)
	}},
}
