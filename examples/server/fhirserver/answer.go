package fhirserver

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer is what the client gets for one interaction, as a response of its own or
// as an entry of a Bundle.
type answer struct {
	status       int
	body         []byte // nil: none
	isOutcome    bool   // body is an OperationOutcome about the interaction
	reference    string // Type/id of the body, if it has a place of its own
	location     string // below the base
	etag         string
	lastModified time.Time
}

// answerTo turns a result into what the header Prefer asks for.
func answerTo(in *interaction, r *result, prefer preference) *answer {
	a := &answer{status: r.status, body: r.resource}
	if v := r.version; v != nil {
		a.etag, a.lastModified, a.reference = v.etag(), v.updated, v.reference()
		if r.located {
			a.location = v.reference() + "/_history/" + strconv.FormatInt(v.number, 10)
		}
	}
	if in.method == http.MethodGet || in.form != "" || len(in.path) > 1 && in.path[1] == "_search" {
		return a
	}
	switch prefer {
	case minimal:
		a.body = nil
	case operationOutcome:
		a.body, a.isOutcome = outcome(issue{Severity: "information", Code: "informational", Diagnostics: "done"}), true
		if a.status == http.StatusNoContent {
			a.status = http.StatusOK
		}
	}
	return a
}

// refusal is the answer for an error.
func refusal(err error) *answer {
	p := problemOf(err)
	return &answer{status: p.status, body: p.outcome(), isOutcome: true}
}

// write sends the answer.
func (a *answer) write(w http.ResponseWriter, base string) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if a.etag != "" {
		h.Set("ETag", a.etag)
	}
	if !a.lastModified.IsZero() {
		h.Set("Last-Modified", a.lastModified.Format(http.TimeFormat))
	}
	if a.location != "" {
		h.Set("Location", base+"/"+a.location)
	}
	if a.body != nil {
		h.Set("Content-Type", "application/fhir+json; charset=utf-8")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that went away is no failure of ours
}

// preference is what the header Prefer asks to be returned.
type preference uint8

const (
	representation preference = iota
	minimal
	operationOutcome
)

func readPreference(header []string) preference {
	for _, part := range strings.FieldsFunc(strings.Join(header, ","), func(r rune) bool { return r == ',' || r == ';' }) {
		switch strings.ReplaceAll(strings.TrimSpace(part), `"`, "") {
		case "return=minimal":
			return minimal
		case "return=OperationOutcome":
			return operationOutcome
		case "return=representation":
			return representation
		}
	}
	return representation
}
