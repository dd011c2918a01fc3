package fhirproxy

import (
	"encoding/json"
	"net/http"
)

// refuse answers with an OperationOutcome. Its text holds nothing of the request.
func refuse(w http.ResponseWriter, status int, code, text string) {
	type issue struct {
		Severity    string `json:"severity"`
		Code        string `json:"code"`
		Diagnostics string `json:"diagnostics"`
	}
	body, _ := json.Marshal(struct { // strings only: it cannot fail
		ResourceType string  `json:"resourceType"`
		Issue        []issue `json:"issue"`
	}{"OperationOutcome", []issue{{"error", code, text}}})
	w.Header().Set("Content-Type", "application/fhir+json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is no failure of ours
}
