package topictest_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/topictest"
)

// broken are evaluators that break one clause each.
var broken = []struct {
	name, clause string
	evaluator    *override
}{
	{"a language without a type", "LanguageIsAMIMEType", &override{language: "fhirpath"}},
	{"takes every topic", "OtherTopicsAreLeft", &override{compile: takesAll}},
	{"passes over other languages", "MixedTopicsAreRefused", passesOver(func(tr topic.ResourceTrigger) bool { return tr.FHIRPath == "" })},
	{"passes over a second criterion", "AmbiguousTriggersAreRefused", passesOver(func(tr topic.ResourceTrigger) bool {
		return tr.FHIRPath != "" && tr.Expression != nil
	})},
	{"nothing never fires", "TriggerWithoutCriteriaFires", answers(false, func(q question) bool { return q.criterion == "" })},
	{"the first trigger decides", "EachTriggerHasItsCriteria", &override{fires: func(ctx context.Context, q question) (bool, error) {
		return q.program.Fires(ctx, 0, q.Change)
	}}},

	{"creations never fire", "TruthOnCreate", answers(false, func(q question) bool {
		return q.Interaction == topic.Create && q.currently("status") == "finished"
	})},
	{"what was before does not count", "TruthOnUpdate", answers(true, func(q question) bool {
		return q.Interaction == topic.Update && q.currently("status") == "finished" && q.Previous.Get("status").Is("finished")
	})},
	{"what was before counts as now", "TruthOnDelete", answers(true, func(q question) bool {
		return q.Interaction == topic.Delete && q.Previous.Get("status").Is("finished")
	})},
	{"previous is never absent", "PreviousIsAbsentOnCreateOnly", answers(false, func(q question) bool {
		return q.Interaction == topic.Create && q.currently("status") == "planned"
	})},
	{"current is never absent", "CurrentIsAbsentOnDeleteOnly", answers(false, func(q question) bool {
		return q.Interaction == topic.Delete && q.Previous.Get("status").Is("planned")
	})},

	{"a choice has no booleans", "ChoiceIsFoundByItsName", answers(false, func(q question) bool { return q.Current.Get("valueBoolean").Exists() })},
	{"an integer is a Quantity", "ChoiceIsReadByItsType", answers(true, func(q question) bool { return q.Current.Get("valueInteger").Exists() })},
	{"numbers have no exponents", "NumbersCompareByValue", answers(false, func(q question) bool { return q.currently("valueQuantity", "value") == "1e1" })},
	{"numbers compare as texts", "NumbersOfBothStatesCompare", answers(false, func(q question) bool {
		return strings.Contains(q.criterion, "previous.value") && q.currently("valueQuantity", "value") == "10"
	})},
	{"decimals are doubles", "DecimalsAreAsExactAsDeclared", answers(false, func(q question) bool { return len(q.currently("valueQuantity", "value")) > 20 })},
	{"codes of any coding", "NestedElementsStayTogether", answers(true, func(q question) bool {
		return q.raw(`"code":"b"},{"system":"http://example.org/types","code":"a"}`)
	})},
	{"absent elements fail", "AbsentElementsAreNoFailure", fails(errBroken, func(q question) bool {
		return strings.Contains(q.criterion, "serviceProvider") && !q.Current.Get("serviceProvider").Exists()
	})},
	{"texts compare by bytes", "TextsCompareByCharacters", answers(false, func(q question) bool { return q.raw(`\u00dc`) })},
	{"dates compare as texts", "DatesCompareByTime", answers(false, func(q question) bool { return q.raw("+02:00") })},
	{"partial dates begin at their start", "DatesCompareByTime", answers(true, func(q question) bool { return q.raw(`"2026-03"`) })},
	{"reads no further than it likes", "LargeResourcesAreReadWhole", answers(false, func(q question) bool { return len(q.Current.Raw()) > 100_000 })},

	{"always asks for previous", "NeedsPreviousIsHonest", &override{needsPrevious: func(criterion string) bool { return criterion != "" }}},
	{"never asks for previous", "NeedsPreviousIsHonest", &override{needsPrevious: func(string) bool { return false }}},
	{"fails without previous", "NeedsPreviousIsHonest", fails(topic.ErrNoState, func(q question) bool {
		return q.Interaction == topic.Update && !q.Previous.Exists()
	})},
	{"always asks for the host", "NeedsNoHost", &override{needsHost: true}},
	{"a missing state is no", "MissingStateIsAnError", after(topic.ErrNoState, no)},
	{"keeps the change in the program", "ProgramsAreSafeForConcurrentUse", &override{fires: together()}},
	{"changes the change", "ResourcesAreNotChanged", &override{fires: func(ctx context.Context, q question) (bool, error) {
		fired, err := q.ask(ctx)
		if q.currently("status") == "finished" && q.raw(`"code":"c"`) {
			q.Interaction = topic.Create
		}
		return fired, err
	}}},
	{"a failure is no", "FailureNeverFires", after(fhirpath.ErrSingleton, no)},
	{"a failure fires", "FailureNeverFires", after(fhirpath.ErrSingleton, func(_ question, err error) (bool, error) { return true, err })},
	{"talks about patients", "ErrorsHoldNoContent", after(fhirpath.ErrSingleton, func(q question, err error) (bool, error) {
		return false, fmt.Errorf("%w: Encounter/%s", err, q.currently("id"))
	})},

	{"a limit is no", "LoopsAreStopped", after(fhirpath.ErrLimit, no)},
	{"a limit is a deadline", "LoopsAreStopped", after(fhirpath.ErrLimit, func(question, error) (bool, error) {
		return false, context.DeadlineExceeded
	})},
	{"has no loops to speak of", "ShortLoopsAreNot", fails(fhirpath.ErrLimit, func(q question) bool { return strings.Count(q.criterion, "all(") == 3 })},
	{"does not look at the context", "ContextStopsLoops", &override{fires: func(ctx context.Context, q question) (bool, error) {
		return q.ask(context.WithoutCancel(ctx))
	}}},
	{"nests without end", "DeepExpressionsAreRefused", passesOver(func(tr topic.ResourceTrigger) bool { return strings.HasPrefix(tr.FHIRPath, strings.Repeat("(", 100)) })},
	{"reads without end", "LongExpressionsAreRefused", passesOver(func(tr topic.ResourceTrigger) bool { return len(tr.FHIRPath) > 1<<20 })},

	{"unknown elements are absent", "UnknownElementIsRefused", passesOver(func(tr topic.ResourceTrigger) bool { return strings.Contains(tr.FHIRPath, "statuss") })},
	{"unlike types are unequal", "UnlikeTypesAreRefused", passesOver(func(tr topic.ResourceTrigger) bool { return strings.HasSuffix(tr.FHIRPath, " 3") })},
	{"what can't be read is left out", "MalformedExpressionIsRefused", passesOver(func(tr topic.ResourceTrigger) bool { return strings.HasSuffix(tr.FHIRPath, "=") })},
	{"resources of any name", "UnknownResourceTypeIsRefused", passesOver(func(tr topic.ResourceTrigger) bool { return tr.Resource == "HumanName" })},
	{"whatever is there is true", "WhatIsNotBooleanNeverFires", after(fhirpath.ErrNotBoolean, func(question, error) (bool, error) { return true, nil })},
}

var errBroken = fmt.Errorf("broken")

func no(question, error) (bool, error) { return false, nil }

func (q question) raw(text string) bool { return strings.Contains(string(q.Current.Raw()), text) }

func takesAll(t *topic.Topic) (topic.Program, error) {
	p, err := builtin{}.Compile(t)
	if p == nil && err == nil {
		return topic.Compile(&topic.Topic{}, topic.Options{Release: fhirpath.R4})
	}
	return p, err
}

// together answers wrong while another question is asked.
func together() func(context.Context, question) (bool, error) {
	var asking atomic.Int32
	return func(ctx context.Context, q question) (bool, error) {
		asking.Add(1)
		defer asking.Add(-1)
		fired, err := q.ask(ctx)
		runtime.Gosched()
		return fired != (asking.Load() > 1), err
	}
}

// Each broken evaluator fails the clause that it breaks, and no other.
func TestBrokenEvaluatorsFail(t *testing.T) {
	named := map[string]bool{}
	for _, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			for _, c := range topictest.Clauses() {
				require.Equal(t, c.Name == b.clause, try(t, c, harness(b.evaluator)).failed, c.Name)
			}
			named[b.clause] = true
		})
	}
	for _, c := range topictest.Clauses() {
		require.True(t, named[c.Name], "no evaluator breaks %s", c.Name)
	}
}

// An evaluator that claims more than it has fails.
func TestDeclaredDecimals(t *testing.T) {
	h := harness(builtin{})
	h.ExactDecimals = false
	for _, c := range topictest.Clauses() {
		require.Equal(t, c.Name == "DecimalsAreAsExactAsDeclared", try(t, c, h).failed, c.Name)
	}
}

// What a language can't say is skipped, not failed.
func TestLacksAreSkipped(t *testing.T) {
	h := harness(builtin{})
	h.Criteria = topictest.Criteria{}
	for _, c := range topictest.Clauses() {
		r := try(t, c, h)
		require.False(t, r.failed, c.Name)
		require.Equal(t, c.Name != "LanguageIsAMIMEType" && c.Name != "OtherTopicsAreLeft", r.skipped, c.Name)
	}
}

func TestClausesHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range topictest.Clauses() {
		require.False(t, seen[c.Name], c.Name)
		seen[c.Name] = true
	}
}
