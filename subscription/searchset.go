package subscription

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

func (h *handler) searchset(resourceType string, query url.Values, found Found) json.RawMessage {
	type link struct {
		Relation string `json:"relation"`
		URL      string `json:"url"`
	}
	type entry struct {
		FullURL  string            `json:"fullUrl"`
		Resource json.RawMessage   `json:"resource"`
		Search   map[string]string `json:"search"`
	}
	bundle := struct {
		ResourceType string  `json:"resourceType"`
		ID           string  `json:"id"`
		Type         string  `json:"type"`
		Timestamp    string  `json:"timestamp"`
		Total        int     `json:"total"`
		Link         []link  `json:"link"`
		Entry        []entry `json:"entry,omitempty"`
	}{ResourceType: "Bundle", ID: newID(), Type: "searchset", Timestamp: time.Now().UTC().Format(time.RFC3339), Total: found.Total}
	at := func(query string) string { return strings.TrimSuffix(h.engine.location(resourceType)+"?"+query, "?") }
	bundle.Link = append(bundle.Link, link{"self", at(query.Encode())})
	if found.Next != "" {
		bundle.Link = append(bundle.Link, link{"next", at(found.Next)})
	}
	for _, s := range found.Matches {
		bundle.Entry = append(bundle.Entry, entry{h.engine.location(resourceType, s.ID), s.Resource, map[string]string{"mode": "match"}})
	}
	raw, _ := json.Marshal(bundle) // strings and valid JSON only: can't fail
	return raw
}
