package subscription_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

func encounterChange(i subscription.Interaction, previous, current string) subscription.ResourceChange {
	state := func(status string) json.RawMessage {
		if status == "" {
			return nil
		}
		return json.RawMessage(`{"resourceType":"Encounter","id":"e1","status":"` + status + `","subject":{"reference":"Patient/p1"}}`)
	}
	return subscription.ResourceChange{Interaction: i, Previous: state(previous), Resource: state(current)}
}

// denying denies every event.
type denying struct{ subscription.InsecureAllowAll }

func (denying) AuthorizeEvent(_ context.Context, _ json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	return make([]subscription.Verdict, len(subs)), nil
}

// TestExplain asks about changes one by one: what it says is what the engine does.
func TestExplain(t *testing.T) {
	for name, c := range map[string]struct {
		change  subscription.ResourceChange
		filter  string
		allow   subscription.Authorizer
		reason  string
		fires   bool
		matches bool
	}{
		"fires":             {encounterChange(subscription.Update, "planned", "finished"), "patient=Patient/p1", subscription.InsecureAllowAll{}, "it gets an event", true, true},
		"no change":         {encounterChange(subscription.Update, "finished", "finished"), "patient=Patient/p1", subscription.InsecureAllowAll{}, "no trigger of the topic fires", false, true},
		"create":            {encounterChange(subscription.Create, "", "finished"), "patient=Patient/p1", subscription.InsecureAllowAll{}, "it gets an event", true, true},
		"delete":            {encounterChange(subscription.Delete, "finished", ""), "patient=Patient/p1", subscription.InsecureAllowAll{}, "no trigger of the topic fires", false, true},
		"another's patient": {encounterChange(subscription.Update, "planned", "finished"), "patient=Patient/p2", subscription.InsecureAllowAll{}, "a filter of the Subscription does not match", true, false},
		"denied":            {encounterChange(subscription.Update, "planned", "finished"), "patient=Patient/p1", denying{}, "the Authorizer denies the event", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(cfg *subscription.Config) { cfg.Authorizer = c.allow })
				id := w.subscribe(finished, filter(c.filter))
				x, err := w.Explain(t.Context(), subscription.ExplainRequest{Subscription: id, Change: c.change})
				require.NoError(t, err)
				require.Equal(t, c.reason, x.Reason)
				require.Equal(t, c.fires, x.Fires)
				require.Equal(t, c.matches, x.Matches)
				require.Equal(t, finished+"|1.0.0", x.Topic)
				require.Len(t, x.Filters, 1)
				require.Equal(t, []string{`{"reference":"Patient/p1"}`}, x.Filters[0].Values)
				require.NoError(t, w.OnResourceChange(t.Context(), c.change))
				synctest.Wait()
				got := w.peer.checker.Received(id)
				require.Equal(t, x.Notifies, got == 1, "the engine did %d", got)
			})
		})
	}
}

// TestExplainTrials shows each criterion with what it saw, and what was not tested.
func TestExplainTrials(t *testing.T) {
	both := parseTopic(t, `{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/both","status":"active","resourceTrigger":[
		{"resource":"Encounter","supportedInteraction":["create","update"],"queryCriteria":{"previous":"status:not=finished","resultForCreate":"test-passes","current":"status=finished&patient=Patient/p1","requireBoth":true}},
		{"resource":"Encounter","fhirPathCriteria":"%previous.status != %current.status and %current.status = 'cancelled' and %current.period.start > @2020"},
		{"resource":"Patient"}]}`)
	e := idle(t, memory.New(), both)
	ask := func(c subscription.ResourceChange) subscription.Explanation {
		x, err := e.Explain(t.Context(), subscription.ExplainRequest{Topic: "https://topics.example.org/both", Change: c})
		require.NoError(t, err)
		require.Len(t, x.Triggers, 3)
		require.Equal(t, "it is about Patient", x.Triggers[2].Skipped)
		return x
	}
	x := ask(encounterChange(subscription.Update, "planned", "cancelled"))
	require.False(t, x.Fires)
	require.Equal(t, "no trigger of the topic fires", x.Reason)
	require.Equal(t, []topic.Trial{
		{Element: "queryCriteria.previous", Criterion: "status:not=finished", State: "previous", Finding: topic.Met, Values: []string{"planned"}},
		{Element: "queryCriteria.current", Criterion: "status=finished", State: "current", Finding: topic.NotMet, Values: []string{"cancelled"}},
		{Element: "queryCriteria.current", Criterion: "patient=Patient/p1", State: "current", Finding: topic.Met, Values: []string{`{"reference":"Patient/p1"}`}},
	}, x.Triggers[0].Trials)
	require.Equal(t, []topic.Trial{
		{Element: "fhirPathCriteria", Criterion: "%previous.status != %current.status", Finding: topic.Met},
		{Element: "fhirPathCriteria", Criterion: "%current.status = 'cancelled'", Finding: topic.Met},
		{Element: "fhirPathCriteria", Criterion: "%current.period.start > @2020", Finding: topic.Empty},
	}, x.Triggers[1].Trials)

	x = ask(encounterChange(subscription.Create, "", "finished"))
	require.True(t, x.Fires)
	require.Equal(t, topic.NotTested, x.Triggers[0].Trials[0].Finding)
	require.Contains(t, x.Triggers[0].Trials[0].Problem, "test-passes")

	x = ask(encounterChange(subscription.Delete, "finished", ""))
	require.Equal(t, "it does not name the interaction delete", x.Triggers[0].Skipped)

	withoutPrevious := encounterChange(subscription.Update, "", "finished")
	require.Contains(t, ask(withoutPrevious).Triggers[0].Problem, "previous state")

	_, err := e.Explain(t.Context(), subscription.ExplainRequest{Topic: "https://topics.example.org/none", Change: withoutPrevious})
	require.ErrorIs(t, err, subscription.ErrNotFound)
	_, err = e.Explain(t.Context(), subscription.ExplainRequest{Subscription: "none", Change: withoutPrevious})
	require.ErrorIs(t, err, subscription.ErrNotFound)
	_, err = e.Explain(t.Context(), subscription.ExplainRequest{Topic: "https://topics.example.org/both"})
	require.ErrorIs(t, err, subscription.ErrInvalidChange)
}

func TestExplainWarns(t *testing.T) {
	never := parseTopic(t, `{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/never","status":"active","resourceTrigger":[
		{"resource":"Encounter","supportedInteraction":["create"],"fhirPathCriteria":"%previous.status != 'x'"}]}`)
	e := idle(t, memory.New(), never)
	x, err := e.Explain(t.Context(), subscription.ExplainRequest{Topic: "https://topics.example.org/never", Change: encounterChange(subscription.Create, "", "planned")})
	require.NoError(t, err)
	require.Len(t, x.Warnings, 1)
	require.Contains(t, x.Warnings[0], "can never be met")
}
