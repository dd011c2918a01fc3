package console

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/carillon-fhir/carillon/subscription"
)

// Action is what an operator does to a Subscription.
type Action string

// The actions, by the methods of Engine that carry them out.
const (
	Pause   Action = "pause"
	Resume  Action = "resume"
	Resend  Action = "resend"
	TurnOff Action = "off"
)

// possible are the actions that make sense for a Subscription as it is.
func possible(o subscription.Overview) (list []Action) {
	counts := o.Status == subscription.StatusRequested || o.Status == subscription.StatusActive
	if counts {
		list = append(list, Pause)
	}
	if !counts && o.Status != subscription.StatusEnteredInError || o.Attempt > 0 {
		list = append(list, Resume)
	}
	if o.Status == subscription.StatusActive && o.Delivered > 0 && o.Classic == "" {
		list = append(list, Resend)
	}
	if counts || o.Status == subscription.StatusError {
		list = append(list, TurnOff)
	}
	return list
}

// permitted are those of the possible actions for which there are buttons.
func (c *Console) permitted(r *http.Request, o subscription.Overview) (list []Action) {
	for _, a := range possible(o) {
		if c.may(r, a, o.Tenant, o.ID) {
			list = append(list, a)
		}
	}
	return list
}

func (c *Console) may(r *http.Request, a Action, tenant, id string) bool {
	return c.cfg.Authorize != nil && c.cfg.Authorize(r, a, tenant, id)
}

// act carries out an action and goes back to the Subscription's page.
func (c *Console) act(r *http.Request) (answer, error) {
	tenant, id, a := r.PostForm.Get("tenant"), r.PostForm.Get("id"), Action(r.PostForm.Get("action"))
	switch a {
	case Pause, Resume, Resend, TurnOff:
	default:
		return answer{}, &problem{http.StatusBadRequest, "There is no such action"}
	}
	if !c.may(r, a, tenant, id) {
		return answer{}, &problem{http.StatusForbidden, "That is not permitted here"}
	}
	back := url.Values{"tenant": {tenant}, "id": {id}, "did": {string(a)}}
	var err error
	switch a {
	case Pause:
		err = c.engine.Pause(r.Context(), tenant, id)
	case Resume:
		err = c.engine.Resume(r.Context(), tenant, id)
	case TurnOff:
		err = c.engine.TurnOff(r.Context(), tenant, id)
	case Resend:
		err = c.resend(r, tenant, id, back)
	}
	return answer{location: "subscription?" + back.Encode()}, err
}

// resend sends events again and notes how many.
func (c *Console) resend(r *http.Request, tenant, id string, back url.Values) (err error) {
	var q subscription.ResendRequest
	if q.Since, err = number(r.PostForm.Get("since")); err != nil {
		return err
	}
	if q.Until, err = number(r.PostForm.Get("until")); err != nil {
		return err
	}
	sent, err := c.engine.Resend(r.Context(), tenant, id, q)
	back.Set("events", strconv.Itoa(sent.Events))
	back.Set("last", strconv.FormatInt(sent.Last, 10))
	if sent.More {
		back.Set("more", "1")
	}
	return err
}

// done says what an action came to, in words of ours only: anybody can make up a link.
func done(asked url.Values) string {
	switch Action(asked.Get("did")) {
	case Pause:
		return "Paused: events are kept until it is resumed."
	case Resume:
		return "Resumed: what is waiting goes out as soon as its endpoint takes it."
	case TurnOff:
		return "Off: nothing counts any more."
	case Resend:
		events, err := number(asked.Get("events"))
		last, err2 := number(asked.Get("last"))
		switch {
		case err != nil || err2 != nil || events == 0:
			return "There was nothing to send again."
		case asked.Get("more") != "":
			return "Sent again: " + strconv.FormatInt(events, 10) + " events, up to number " + strconv.FormatInt(last, 10) + ". There are more: go on from the next number in a minute."
		}
		return "Sent again: " + strconv.FormatInt(events, 10) + " events, up to number " + strconv.FormatInt(last, 10) + "."
	}
	return ""
}
