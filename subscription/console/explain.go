package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// questionView is the form, and below it the answer. What was pasted stands in the form
// again, and nowhere else.
type questionView struct {
	Form   url.Values
	Topics []subscription.TopicOverview
	Answer *subscription.Explanation
}

func (c *Console) question(r *http.Request) (answer, error) {
	asked := r.URL.Query()
	for name := range asked { // a resource is nothing for a URL
		switch name {
		case "tenant", "subscription", "topic", "of", "event":
		default:
			delete(asked, name)
		}
	}
	return answer{template: "explain", title: "Why?", data: questionView{Form: asked, Topics: c.engine.TopicOverviews()}}, nil
}

// explain answers: why does a change, or does it not, lead to a notification? It comes by
// POST, so that no resource gets into a URL.
func (c *Console) explain(r *http.Request) (answer, error) {
	form := r.PostForm
	q := subscription.ExplainRequest{
		Tenant: form.Get("tenant"), Subscription: strings.TrimSpace(form.Get("subscription")), EventOf: strings.TrimSpace(form.Get("of")),
	}
	if q.Subscription == "" {
		q.Topic = form.Get("topic")
	}
	var err error
	if q.Event, err = number(strings.TrimSpace(form.Get("event"))); err != nil {
		return answer{}, err
	}
	if q.Event == 0 {
		q.Change = pasted(form)
	}
	if q.EventOf == "" {
		q.EventOf = q.Subscription
	}
	x, err := c.engine.Explain(r.Context(), q)
	if err != nil {
		return answer{}, err
	}
	for i := range x.Filters {
		x.Filters[i] = withoutValue(x.Filters[i])
	}
	return answer{template: "explain", title: "Why?", data: questionView{form, c.engine.TopicOverviews(), &x}}, nil
}

// pasted is the change that the form describes. What is not needed may be left empty.
func pasted(form url.Values) subscription.ResourceChange {
	c := subscription.ResourceChange{Interaction: subscription.Update}
	switch form.Get("interaction") {
	case "create":
		c.Interaction = subscription.Create
	case "delete":
		c.Interaction = subscription.Delete
	}
	c.Resource, c.Previous = json.RawMessage(strings.TrimSpace(form.Get("resource"))), json.RawMessage(strings.TrimSpace(form.Get("previous")))
	if c.Interaction == subscription.Delete && len(c.Previous) == 0 {
		c.Resource, c.Previous = nil, c.Resource
	}
	return c
}

// withoutValue leaves of a Subscription's filter what it looks at, not what for: values
// may be patients.
func withoutValue(t topic.Trial) topic.Trial {
	name, _, found := strings.Cut(t.Criterion, "=")
	if !found {
		name = "a filter"
	}
	t.Criterion = name + "=…"
	if t.Problem != "" {
		t.Problem = "it can't be evaluated"
	}
	return t
}

// Interactions are the choices of the form.
func (questionView) Interactions() []string { return []string{"update", "create", "delete"} }

// Chosen reports whether a choice is the one that was made, or the first.
func (v questionView) Chosen(field, choice string) bool {
	chosen := v.Form.Get(field)
	return chosen == choice || chosen == "" && field == "interaction" && choice == "update"
}
