package resthook

import (
	"context"
	"net/url"
	"strings"

	"github.com/carillon-fhir/carillon/subscription"
)

// checkClassic refuses an endpoint that can't be the base of a FHIR service, where it has
// to be one.
func (c *Channel) checkClassic(t subscription.Target) error {
	if !t.Classic || t.ContentType == "" || c.ClassicPost || !strings.Contains(t.Endpoint, "?") {
		return nil
	}
	return &subscription.ElementError{
		Element: "Subscription.channel.endpoint",
		Problem: "want the base of a FHIR service, without a query: resources are PUT to [endpoint]/[type]/[id]",
	}
}

// send makes the request for m. A notification is POSTed to the endpoint, and so is the
// empty body that tells a classic Subscription without payload that something happened
// (CLS-06); with a payload, its endpoint is a FHIR service that is updated with
// the resource (CLS-07).
func (c *Channel) send(ctx context.Context, t subscription.Target, m subscription.Message) error {
	if m.Classic == nil || len(m.Body) == 0 || c.ClassicPost {
		return c.sender.Send(ctx, t, m)
	}
	t.Endpoint = strings.TrimRight(t.Endpoint, "/") + "/" + url.PathEscape(m.Classic.ResourceType) + "/" + url.PathEscape(m.Classic.ResourceID)
	return c.sender.Put(ctx, t, m)
}
