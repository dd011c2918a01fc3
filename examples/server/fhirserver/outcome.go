package fhirserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// problem is a refusal: the HTTP status and what the OperationOutcome says. Texts
// name elements and parameters, never a value that came with the request.
type problem struct {
	status     int
	code       string // of the value set issue-type
	expression string // FHIRPath of the element at fault, "" if there is none
	text       string
}

func (p *problem) Error() string {
	return fmt.Sprintf("fhirserver: %d %s: %s", p.status, p.code, p.text)
}

// at returns the problem with the element named.
func (p *problem) at(expression string) *problem {
	named := *p
	named.expression = expression
	return &named
}

func refuse(status int, code, format string, args ...any) *problem {
	return &problem{status: status, code: code, text: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *problem {
	return refuse(http.StatusBadRequest, "invalid", format, args...)
}

func unsupported(format string, args ...any) *problem {
	return refuse(http.StatusBadRequest, "not-supported", format, args...)
}

var (
	errNotFound    = refuse(http.StatusNotFound, "not-found", "there is no such resource")
	errDeleted     = refuse(http.StatusGone, "deleted", "the resource has been deleted")
	errTooLarge    = refuse(http.StatusRequestEntityTooLarge, "too-long", "the body is larger than this server takes")
	errConflict    = refuse(http.StatusPreconditionFailed, "conflict", "the resource's version is not the one that If-Match names")
	errAmbiguous   = refuse(http.StatusPreconditionFailed, "multiple-matches", "the criteria match several resources")
	errNoCriteria  = refuse(http.StatusPreconditionFailed, "required", "a conditional interaction needs search criteria")
	errUnavailable = refuse(http.StatusInternalServerError, "exception", "the server failed; nothing can be said about the outcome")
)

// problemOf returns what the client is told of err. Whatever is no problem of the
// request's is the server's own failure, of which the client learns nothing.
func problemOf(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	return errUnavailable
}

type issue struct {
	Severity    string   `json:"severity"`
	Code        string   `json:"code"`
	Diagnostics string   `json:"diagnostics,omitempty"`
	Expression  []string `json:"expression,omitempty"`
}

func outcome(i issue) []byte {
	body, _ := json.Marshal(struct {
		ResourceType string  `json:"resourceType"`
		Issue        []issue `json:"issue"`
	}{"OperationOutcome", []issue{i}}) // strings only: it cannot fail
	return body
}

// outcome renders the problem as an OperationOutcome.
func (p *problem) outcome() []byte {
	i := issue{Severity: "error", Code: p.code, Diagnostics: p.text}
	if p.expression != "" {
		i.Expression = []string{p.expression}
	}
	return outcome(i)
}
