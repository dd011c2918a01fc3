package fhirproxy

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// capabilities serves GET metadata: the upstream's CapabilityStatement with what the
// engine says of Subscriptions and topics in it (CAP-02 to CAP-06).
func (p *Proxy) capabilities(w http.ResponseWriter, r *http.Request) {
	place := "metadata"
	if r.URL.RawQuery != "" {
		place += "?" + r.URL.RawQuery
	}
	doc, err := p.upstream.like(r.Header).get(r.Context(), place)
	if refused(err) { // the upstream says why
		p.pass.ServeHTTP(w, r)
		return
	}
	if err != nil {
		refuse(w, http.StatusBadGateway, "transient", "the server behind this one did not say what it can do")
		return
	}
	merged, err := merge(doc.Root(), p.engine.CapabilityFragment(p.cfg.Release), p.cfg.BaseURL)
	if err != nil {
		refuse(w, http.StatusBadGateway, "exception", "the server behind this one answered with no CapabilityStatement")
		return
	}
	w.Header().Set("Content-Type", "application/fhir+json; charset=utf-8")
	_, _ = w.Write(merged) // a client that went away is no failure of ours
}

type object = map[string]json.RawMessage

// merge puts the engine's part into a CapabilityStatement: entries of rest.resource take
// the places of those of the same type, all else is added. Where there is Basic, topics are
// among what it says already.
func merge(statement fhirpath.Node, fragment json.RawMessage, base string) ([]byte, error) {
	if !statement.Get("resourceType").Is("CapabilityStatement") {
		return nil, errUpstream
	}
	var whole object
	var rests []object
	var ours struct {
		Instantiates []json.RawMessage
		Rest         []struct{ Extension, Resource []json.RawMessage }
	}
	if err := json.Unmarshal(statement.Raw(), &whole); err != nil {
		return nil, errUpstream
	}
	if err := list(whole["rest"], &rests); err != nil {
		return nil, errUpstream
	}
	if err := json.Unmarshal(fragment, &ours); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(rests, func(r object) bool { return string(r["mode"]) == `"server"` })
	if i < 0 {
		i, rests = len(rests), append(rests, object{"mode": json.RawMessage(`"server"`)})
	}
	for _, part := range ours.Rest {
		var resources, extensions []json.RawMessage
		if err := list(rests[i]["resource"], &resources); err != nil {
			return nil, errUpstream
		}
		for _, resource := range part.Resource {
			if entryType(resource) == "Basic" && slices.ContainsFunc(resources, func(there json.RawMessage) bool { return entryType(there) == "Basic" }) {
				continue
			}
			resources = slices.DeleteFunc(resources, func(there json.RawMessage) bool { return entryType(there) == entryType(resource) })
			resources = append(resources, resource)
		}
		rests[i]["resource"] = raw(resources)
		if len(part.Extension) > 0 {
			if err := list(rests[i]["extension"], &extensions); err != nil {
				return nil, errUpstream
			}
			rests[i]["extension"] = raw(append(extensions, part.Extension...))
		}
	}
	whole["rest"] = raw(rests)
	if len(ours.Instantiates) > 0 {
		var there []json.RawMessage
		if err := list(whole["instantiates"], &there); err != nil {
			return nil, errUpstream
		}
		whole["instantiates"] = raw(append(there, ours.Instantiates...))
	}
	var implementation object
	if json.Unmarshal(whole["implementation"], &implementation) == nil && implementation["url"] != nil {
		implementation["url"] = raw(base)
		whole["implementation"] = raw(implementation)
	}
	return json.Marshal(whole)
}

// list reads an array; an absent one is empty.
func list(text json.RawMessage, into any) error {
	if text == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

func raw(v any) json.RawMessage {
	out, _ := json.Marshal(v) // it consists of JSON
	return out
}

func entryType(entry json.RawMessage) string {
	var e struct{ Type string }
	_ = json.Unmarshal(entry, &e) // an entry without type agrees with none of ours
	return e.Type
}
