package clienthost

import "encoding/json"

// unwrap returns the notification that a FHIR message carries (docs/conformance.md, Channels), or
// what came, if it is none.
func unwrap(body []byte) []byte {
	var message struct {
		Type  string `json:"type"`
		Entry []struct {
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	if json.Unmarshal(body, &message) != nil || message.Type != "message" {
		return body
	}
	for _, entry := range message.Entry {
		var inner struct {
			ResourceType string `json:"resourceType"`
		}
		if json.Unmarshal(entry.Resource, &inner) == nil && inner.ResourceType == "Bundle" {
			return entry.Resource
		}
	}
	return body
}
