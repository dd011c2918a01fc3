package console

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/carillon-fhir/carillon/subscription"
)

// problem is an error that is shown as it is.
type problem struct {
	status int
	text   string
}

func (p *problem) Error() string { return p.text }

// failure is the page about an error. Texts of refusals may quote what a client has asked
// for, filters among it; so only which element they are about is shown.
func failure(err error) answer {
	p := &problem{http.StatusInternalServerError, "The engine's store failed; the log says more"}
	var refusal *subscription.Refusal
	switch {
	case errors.As(err, &p):
	case errors.As(err, &refusal):
		p = &problem{refusal.Status, "The engine refuses it"}
		for _, issue := range refusal.Issues {
			p.text += ": " + cmp.Or(refusals[issue.Code], issue.Code)
			if issue.Element != "" {
				p.text += " (" + issue.Element + ")"
			}
		}
	case errors.Is(err, subscription.ErrNotFound):
		p = &problem{http.StatusNotFound, "There is nothing of that name, or it is not for you"}
	case errors.Is(err, subscription.ErrInvalidChange):
		p = &problem{http.StatusUnprocessableEntity, err.Error()} // which quotes nothing
	case errors.Is(err, subscription.ErrConflict):
		p = &problem{http.StatusConflict, "The Subscription was changed by someone else meanwhile"}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		p = &problem{http.StatusServiceUnavailable, "The answer took too long"}
	}
	return answer{status: p.status, template: "failure", title: http.StatusText(p.status), data: p.text}
}

// refusals says what codes of refusals mean here.
var refusals = map[string]string{
	"business-rule": "its status or its end does not allow that, or it is for its client to do so",
	"not-supported": "its topic, filters or channel are not supported, or not with that",
	"throttled":     "as much as may be is being sent again, or was within a minute",
	"transient":     "the endpoint does not accept notifications now, or too many are under way",
	"conflict":      "it was changed meanwhile",
	"too-costly":    "there are too many events to look through",
}
