package message

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/carillon-fhir/carillon/channel/egress"
	"github.com/carillon-fhir/carillon/subscription"
)

// ResponseError says that the receiver answered that it did not take the message.
type ResponseError string

// The codes of the value set response-code but for ok, and what is none.
const (
	TransientError ResponseError = "transient-error" // it may take it later
	FatalError     ResponseError = "fatal-error"     // it won't take such a message
	Unintelligible ResponseError = "unintelligible"  // nobody knows; it may take it again
)

// Error names the code, such as "response fatal-error".
func (e ResponseError) Error() string { return "response " + string(e) }

// SubscriptionError is a code of the code system subscription-error, as
// subscription.Channel's Send has it.
func (ResponseError) SubscriptionError() string { return "error-response" }

// answered is what an answer may be: a message Bundle or an OperationOutcome.
type answered struct {
	ResourceType string `json:"resourceType"`
	Entry        []struct {
		Resource json.RawMessage `json:"resource"`
	} `json:"entry"`
	Issue []struct {
		Severity string `json:"severity"`
		Code     string `json:"code"`
	} `json:"issue"`
}

// understanding returns what tells what an answer to a message says of it; repeated if it may
// have arrived before.
func understanding(repeated bool) func(egress.Answer) error {
	return func(a egress.Answer) error { return understand(a, repeated) }
}

func understand(a egress.Answer, repeated bool) error {
	var said answered
	if err := json.Unmarshal(a.Body, &said); err != nil {
		return said.unread(a)
	}
	switch {
	case said.ResourceType == "Bundle" && len(said.Entry) > 0:
		return responseOf(said.Entry[0].Resource)
	case said.ResourceType == "OperationOutcome":
		return said.outcome(repeated)
	}
	return nil
}

// unread returns what an answer says that can't be read: if it is FHIR, who knows; if it
// isn't, such as a page of HTML, nothing.
func (s *answered) unread(a egress.Answer) error {
	kind := strings.ToLower(a.ContentType)
	claims := strings.Contains(kind, "json") || strings.Contains(kind, "xml")
	if s.ResourceType != "" || claims && len(bytes.TrimSpace(a.Body)) > 0 && !json.Valid(a.Body) {
		return Unintelligible
	}
	return nil
}

// responseOf returns what a MessageHeader says that is a response. Anything else says
// nothing.
func responseOf(resource json.RawMessage) error {
	var header struct {
		ResourceType string `json:"resourceType"`
		Response     *struct {
			Code string `json:"code"`
		} `json:"response"`
	}
	err := json.Unmarshal(resource, &header)
	switch {
	case header.ResourceType != "MessageHeader":
		return nil
	case err != nil:
		return Unintelligible
	case header.Response == nil:
		return nil
	}
	switch code := ResponseError(header.Response.Code); code {
	case "ok":
		return nil
	case TransientError:
		return code
	case FatalError:
		return subscription.Permanent(code)
	}
	return Unintelligible
}

// passing are the codes of the value set issue-type, transient and what is below it,
// that say that the same may go well later.
var passing = map[string]bool{
	"transient": true, "lock-error": true, "no-store": true, "exception": true, "timeout": true, "incomplete": true, "throttled": true,
}

// outcome returns what an OperationOutcome says: nothing unless there is an error.
func (s *answered) outcome(repeated bool) error {
	var err error
	for _, issue := range s.Issue {
		if issue.Severity != "error" && issue.Severity != "fatal" || repeated && issue.Code == "duplicate" {
			continue
		}
		if !passing[issue.Code] {
			return subscription.Permanent(FatalError)
		}
		err = TransientError
	}
	return err
}
