package subscription

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Refusal is the error of every request that a client got wrong. Handler answers
// with its Status and OperationOutcome; nothing was stored.
type Refusal struct {
	Status int            // of HTTP
	Issues []ElementError // at least one, in the order in which they were found
	allow  string         // methods that would be allowed, with status 405
}

// Error lists the issues.
func (r *Refusal) Error() string {
	texts := make([]string, len(r.Issues))
	for i := range r.Issues {
		texts[i] = r.Issues[i].Error()
	}
	return "subscription: refused: " + strings.Join(texts, "; ")
}

// OperationOutcome returns the issues as that resource, each with the element's
// FHIRPath in expression.
func (r *Refusal) OperationOutcome() json.RawMessage {
	type details struct {
		Text string `json:"text"`
	}
	type issue struct {
		Severity   string   `json:"severity"`
		Code       string   `json:"code"`
		Details    details  `json:"details"`
		Expression []string `json:"expression,omitempty"`
	}
	outcome := struct {
		ResourceType string  `json:"resourceType"`
		Issue        []issue `json:"issue"`
	}{ResourceType: "OperationOutcome"}
	for _, i := range r.Issues {
		out := issue{Severity: "error", Code: i.Code, Details: details{i.Problem}}
		if out.Code == "" {
			out.Code = "value"
		}
		if i.Element != "" {
			out.Expression = []string{i.Element}
		}
		outcome.Issue = append(outcome.Issue, out)
	}
	raw, _ := json.Marshal(outcome) // strings only: can't fail
	return raw
}

// refuse is a Refusal of one issue.
func refuse(status int, element, code, problem string) *Refusal {
	return &Refusal{Status: status, Issues: []ElementError{{Element: element, Code: code, Problem: problem}}}
}

// asRefusal makes every error something that a client may be shown: the engine's
// own failures say nothing about themselves.
func asRefusal(err error) *Refusal {
	var r *Refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, ErrNotFound):
		return refuse(http.StatusNotFound, "", "not-found", "There is no such Subscription")
	case errors.Is(err, ErrConflict):
		return refuse(http.StatusConflict, "", "conflict", "The Subscription was changed by someone else meanwhile")
	}
	return refuse(http.StatusInternalServerError, "", "exception", "The server failed; the request may or may not have been carried out")
}
