package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net/http"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

func topics(c *client) (*flag.FlagSet, func(context.Context, []string) error) {
	flags := new(flag.FlagSet)
	return flags, func(ctx context.Context, _ []string) error {
		r, err := c.release(ctx)
		if err != nil {
			return err
		}
		path := "SubscriptionTopic"
		if r == fhirpath.R4 {
			path = "Basic?code=SubscriptionTopic"
		}
		bundle, shown, err := c.read(ctx, http.MethodGet, path, nil)
		if err != nil || shown {
			return err
		}
		var rows [][]string
		for _, t := range resources(bundle) {
			rows = append(rows, []string{canonical(t), cmp.Or(t.Get("title").Text(), extension(t, "title", "valueString"))})
		}
		c.table("TOPIC TITLE", rows)
		return nil
	}
}

// canonical is the url of a SubscriptionTopic, or of the Basic that stands for one in R4.
func canonical(topic fhirpath.Node) string {
	return cmp.Or(topic.Get("url").Text(), extension(topic, "url", "valueUri"))
}

func extension(topic fhirpath.Node, element, value string) string {
	for _, list := range []string{"extension", "modifierExtension"} {
		for e := range topic.Get(list).Elements() {
			if e.Get("url").Is("http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic." + element) {
				return e.Get(value).Text()
			}
		}
	}
	return ""
}

// flags of what is wished.
func (w *wish) flags(flags *flag.FlagSet) {
	w.header = headers{http.Header{}}
	flags.StringVar(&w.topic, "topic", "", "`canonical` of the topic; required")
	flags.Var(&w.filters, "filter", "`criteria` such as Encounter?patient=Patient/1; may be repeated")
	flags.StringVar(&w.content, "content", "id-only", "empty, id-only or full-resource")
	flags.StringVar(&w.reason, "reason", "made with subctl", "what it is for")
	flags.StringVar(&w.end, "end", "", "`instant` at which it ends")
	flags.IntVar(&w.heartbeat, "heartbeat", 0, "`seconds` between signs of life when nothing happens; 0: none")
}

func create(c *client) (*flag.FlagSet, func(context.Context, []string) error) {
	flags, w := new(flag.FlagSet), &wish{}
	w.flags(flags)
	flags.StringVar(&w.channel, "channel", "rest-hook", "`type` of channel")
	flags.StringVar(&w.endpoint, "endpoint", "", "`URL` that notifications go to")
	flags.Var(w.header, "header", "`header` of each notification, such as 'X-Secret: ...'; may be repeated")
	wait := flags.Duration("wait", 20*time.Second, "how long to wait for the handshake; 0: not at all")
	return flags, func(ctx context.Context, args []string) error {
		if w.topic == "" || len(args) > 0 {
			return errUsage
		}
		s, shown, err := c.create(ctx, w)
		if err != nil {
			return err
		}
		id := s.Get("id").Text()
		deadline := time.Now().Add(*wait)
		for s.Get("status").Is("requested") && time.Now().Before(deadline) {
			if err := pause(ctx, 200*time.Millisecond); err != nil {
				return err
			}
			raw, err := c.ask(ctx, http.MethodGet, "Subscription/"+id, nil)
			if err != nil {
				return err
			}
			doc, err := fhirpath.Parse(raw)
			if err != nil {
				return err
			}
			s = doc.Root()
		}
		if !shown {
			c.table(rowHead, [][]string{row(s)})
		}
		return failing(s.Get("status").Text())
	}
}

func (c *client) create(ctx context.Context, w *wish) (s fhirpath.Node, shown bool, err error) {
	r, err := c.release(ctx)
	if err != nil {
		return s, false, err
	}
	resource, err := w.resource(r)
	if err != nil {
		return s, false, err
	}
	return c.read(ctx, http.MethodPost, "Subscription", resource)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failing is errFailing for a status in which nothing is delivered.
func failing(status string) error {
	if status == "error" || status == "off" {
		return errFailing
	}
	return nil
}

func list(c *client) (*flag.FlagSet, func(context.Context, []string) error) {
	flags := new(flag.FlagSet)
	status := flags.String("status", "", "only those in this `status`")
	endpoint := flags.String("url", "", "only those with this `endpoint`")
	return flags, func(ctx context.Context, _ []string) error {
		bundle, shown, err := c.read(ctx, http.MethodGet, query("Subscription", "status", *status, "url", *endpoint, "_count", "1000"), nil)
		if err != nil || shown {
			return err
		}
		var rows [][]string
		for _, s := range resources(bundle) {
			rows = append(rows, row(s))
		}
		c.table(rowHead, rows)
		for link := range bundle.Get("link").Elements() {
			if link.Get("relation").Is("next") {
				fmt.Fprintln(c.out, "there are more")
			}
		}
		return nil
	}
}

func remove(c *client) (*flag.FlagSet, func(context.Context, []string) error) {
	return new(flag.FlagSet), func(ctx context.Context, args []string) error {
		id, err := id(args)
		if err == nil {
			_, err = c.ask(ctx, http.MethodDelete, "Subscription/"+id, nil)
		}
		return err
	}
}
