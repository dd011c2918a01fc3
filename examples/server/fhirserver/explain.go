package fhirserver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// isExplain reports whether a path is Subscription/$explain or Subscription/id/$explain.
func isExplain(path []string) bool {
	return (len(path) == 2 || len(path) == 3) && path[0] == "Subscription" && path[len(path)-1] == "$explain"
}

// explain serves POST Subscription/$explain and Subscription/id/$explain, an operation
// of this server and not of the standard: why does a change, or does it not, lead to a
// notification? Its Parameters are topic (a canonical; without an id), interaction
// (create, update or delete; default update), resource (the state after) and previous
// (the state before). Nothing is recorded.
func (s *Server) explain(ctx context.Context, in *interaction) (*result, error) {
	if in.method != http.MethodPost {
		return nil, refuse(http.StatusMethodNotAllowed, "not-supported", "$explain is called by POST")
	}
	q, err := readExplainRequest(in)
	if err != nil {
		return nil, err
	}
	x, err := s.engine.Explain(ctx, q)
	switch {
	case errors.Is(err, subscription.ErrNotFound):
		return nil, errNotFound
	case errors.Is(err, subscription.ErrInvalidChange):
		return nil, invalid("%s", err.Error())
	case err != nil:
		return nil, err
	}
	body, err := json.Marshal(explanation(x))
	return &result{status: http.StatusOK, resource: body}, err
}

func readExplainRequest(in *interaction) (q subscription.ExplainRequest, err error) {
	root, err := parseTyped(in.body, "Parameters")
	if err != nil {
		return q, err
	}
	q.Tenant, q.Change.Interaction = in.tenant, subscription.Update
	if len(in.path) == 3 {
		q.Subscription = in.path[1]
	}
	interactions := map[string]subscription.Interaction{"create": subscription.Create, "update": subscription.Update, "delete": subscription.Delete}
	for p := range root.Get("parameter").Elements() {
		switch name := p.Get("name").Text(); name {
		case "topic":
			q.Topic = value(p)
		case "interaction":
			q.Change.Interaction = interactions[value(p)]
		case "resource":
			q.Change.Resource = p.Get("resource").Raw()
		case "previous":
			q.Change.Previous = p.Get("resource").Raw()
		default:
			return q, invalid("$explain has the parameters topic, interaction, resource and previous").at("Parameters.parameter")
		}
	}
	if (q.Topic == "") == (q.Subscription == "") {
		return q, invalid("$explain needs a topic, or the Subscription in the path, and not both").at("Parameters.parameter")
	}
	if q.Change.Interaction == 0 {
		return q, invalid("interaction must be create, update or delete").at("Parameters.parameter")
	}
	return q, nil
}

// value returns the text of a parameter's value[x].
func value(p fhirpath.Node) string {
	for _, name := range []string{"valueCanonical", "valueUri", "valueCode", "valueString"} {
		if v := p.Get(name); v.Exists() {
			return v.Text()
		}
	}
	return ""
}

// parameter is one of Parameters.parameter.
type parameter map[string]any

func explanation(x subscription.Explanation) map[string]any {
	list := []parameter{
		{"name": "reason", "valueString": x.Reason},
		{"name": "topic", "valueCanonical": x.Topic},
		{"name": "fires", "valueBoolean": x.Fires},
	}
	if x.Status != "" {
		list = append(list, parameter{"name": "status", "valueCode": x.Status},
			parameter{"name": "matches", "valueBoolean": x.Matches}, parameter{"name": "notifies", "valueBoolean": x.Notifies})
	}
	if x.Verdict != "" {
		list = append(list, parameter{"name": "verdict", "valueCode": x.Verdict})
	}
	for _, warning := range x.Warnings {
		list = append(list, parameter{"name": "warning", "valueString": warning})
	}
	for _, t := range x.Triggers {
		parts := []parameter{{"name": "index", "valueInteger": t.Index}, {"name": "fires", "valueBoolean": t.Fires}}
		parts = append(append(parts, stated("skipped", t.Skipped)...), stated("problem", t.Problem)...)
		list = append(list, parameter{"name": "trigger", "part": append(parts, trials(t.Trials)...)})
	}
	list = append(list, trials(x.Filters)...)
	return map[string]any{"resourceType": "Parameters", "parameter": list}
}

func trials(of []topic.Trial) (list []parameter) {
	for _, trial := range of {
		parts := []parameter{{"name": "criterion", "valueString": trial.Criterion}, {"name": "result", "valueString": trial.Finding}}
		parts = append(append(parts, stated("state", trial.State)...), stated("problem", trial.Problem)...)
		for _, v := range trial.Values {
			parts = append(parts, parameter{"name": "value", "valueString": v})
		}
		list = append(list, parameter{"name": trial.Element, "part": parts})
	}
	return list
}

// stated is a parameter for a text that is there.
func stated(name, text string) []parameter {
	if text == "" {
		return nil
	}
	return []parameter{{"name": name, "valueString": text}}
}
