package subscription

import (
	"encoding/json"
	"net/http"
	"slices"
)

// topics serves the resources of topics; rest is what follows their type in the path.
func (h *handler) topics(w http.ResponseWriter, r *http.Request, rest []string) (answer, error) {
	switch {
	case len(rest) == 1 && rest[0] == "_search" && r.Method == http.MethodPost, len(rest) == 0 && r.Method == http.MethodGet:
		query, err := h.query(w, r)
		if err != nil {
			return answer{}, err
		}
		if lenient(r) {
			query = h.engine.ignoring(topicType(h.engine.cfg.Release), query)
		}
		found, err := h.engine.SearchTopics(r.Context(), query)
		if err != nil {
			return answer{}, err
		}
		return answer{status: http.StatusOK, body: h.searchset(topicType(h.engine.cfg.Release), query, found)}, nil
	case len(rest) == 0:
		return answer{}, notAllowed("GET, HEAD")
	case len(rest) == 1 && r.Method == http.MethodGet:
		s, err := h.engine.GetTopic(r.Context(), rest[0])
		return answer{status: http.StatusOK, stored: &s}, err
	case len(rest) == 1:
		return answer{}, notAllowed("GET, HEAD")
	}
	return answer{}, refuseUnknown()
}

// listTopics serves $topic-list: the canonicals of the topics in force, or of those of
// the given urls.
func (h *handler) listTopics(w http.ResponseWriter, r *http.Request) (answer, error) {
	in, err := h.parameters(w, r, []string{"urls"}, nil)
	if err != nil {
		return answer{}, err
	}
	type parameter struct {
		Name           string `json:"name"`
		ValueCanonical string `json:"valueCanonical"`
	}
	list := []parameter{}
	for _, t := range h.engine.topics.Load().all {
		if t.Status != "retired" && (len(in["urls"]) == 0 || slices.Contains(in["urls"], t.URL)) {
			list = append(list, parameter{"subscription-topic-canonical", t.URL})
		}
	}
	raw, _ := json.Marshal(struct { // strings only: can't fail
		ResourceType string      `json:"resourceType"`
		Parameter    []parameter `json:"parameter,omitempty"`
	}{"Parameters", list})
	return answer{status: http.StatusOK, body: raw}, nil
}
