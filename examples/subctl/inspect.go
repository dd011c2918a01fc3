package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

func status(c *client) (*flag.FlagSet, func(context.Context, []string) error) {
	return new(flag.FlagSet), func(ctx context.Context, args []string) error {
		path := "Subscription/$status"
		if len(args) > 0 {
			path += "?" + url.Values{"id": args}.Encode()
		}
		list, shown, err := c.notifications(ctx, path)
		if err != nil {
			return err
		}
		var rows [][]string
		for _, n := range list {
			if err == nil {
				err = failing(n.Status)
			}
			id := n.Subscription[strings.LastIndexByte(n.Subscription, '/')+1:]
			rows = append(rows, []string{id, n.Status, strconv.FormatInt(n.EventsSinceSubscriptionStart, 10), codes(n.Errors), n.Topic})
		}
		if !shown {
			c.table("ID STATUS EVENTS ERROR TOPIC", rows)
		}
		if len(list) < len(args) {
			return fmt.Errorf("%d of the Subscriptions are unknown", len(args)-len(list))
		}
		return err
	}
}

func codes(list []notification.Coding) string {
	if len(list) == 0 {
		return "-"
	}
	var texts []string
	for _, one := range list {
		texts = append(texts, one.Code)
	}
	return strings.Join(texts, ",")
}

func events(c *client) (*flag.FlagSet, func(context.Context, []string) error) {
	flags := new(flag.FlagSet)
	since, until := flags.String("since", "", "`number` of the first event"), flags.String("until", "", "`number` of the last event")
	content := flags.String("content", "", "empty, id-only or full-resource, if the Subscription allows it")
	return flags, func(ctx context.Context, args []string) error {
		id, err := id(args)
		if err != nil {
			return err
		}
		list, shown, err := c.notifications(ctx, query("Subscription/"+id+"/$events",
			"eventsSinceNumber", *since, "eventsUntilNumber", *until, "content", *content))
		if err != nil || shown {
			return err
		}
		var rows [][]string
		for _, n := range list {
			rows = append(rows, eventRows(n)...)
		}
		c.table(eventHead, rows)
		return nil
	}
}

const eventHead = "NUMBER OCCURRED FOCUS REQUEST BYTES"

func eventRows(n *notification.Notification) (rows [][]string) {
	for _, e := range n.Events {
		occurred, request := "-", "-"
		if !e.Timestamp.IsZero() {
			occurred = e.Timestamp.Format(time.RFC3339)
		}
		if e.Focus.Method != "" {
			request = strings.TrimSpace(e.Focus.Method + " " + e.Focus.Status)
		}
		rows = append(rows, []string{strconv.FormatInt(e.Number, 10), occurred, focus(&e), request, strconv.Itoa(len(e.Focus.Resource))})
	}
	return rows
}

// focus is the type and id of what an event is about.
func focus(e *notification.Event) string {
	if e.Focus.FullURL == "" {
		return "-"
	}
	parts := strings.Split(e.Focus.FullURL, "/")
	return strings.Join(parts[max(len(parts)-2, 0):], "/")
}

// parameters is a Parameters resource with texts, of which empty ones are left out.
func parameters(pairs ...string) map[string]any {
	list := []any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, map[string]any{"name": pairs[i], "valueString": pairs[i+1]})
		}
	}
	return map[string]any{"resourceType": "Parameters", "parameter": list}
}

func resend(c *client) (*flag.FlagSet, func(context.Context, []string) error) {
	flags := new(flag.FlagSet)
	since, until := flags.String("since", "", "`number` of the first event"), flags.String("until", "", "`number` of the last event")
	return flags, func(ctx context.Context, args []string) error {
		id, err := id(args)
		if err != nil {
			return err
		}
		_, _, err = c.read(ctx, http.MethodPost, "Subscription/"+id+"/$resend", parameters("eventsSinceNumber", *since, "eventsUntilNumber", *until))
		return err
	}
}

func explain(c *client) (*flag.FlagSet, func(context.Context, []string) error) {
	flags := new(flag.FlagSet)
	interaction := flags.String("interaction", "update", "create, update or delete")
	resource, previous := flags.String("resource", "", "`file` with the resource after the change"), flags.String("previous", "", "`file` with it before")
	return flags, func(ctx context.Context, args []string) error {
		id, err := id(args)
		if err != nil {
			return err
		}
		in := parameters("interaction", *interaction)
		for name, file := range map[string]string{"resource": *resource, "previous": *previous} {
			if file == "" {
				continue
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			in["parameter"] = append(in["parameter"].([]any), map[string]any{"name": name, "resource": json.RawMessage(raw)})
		}
		answer, shown, err := c.read(ctx, http.MethodPost, "Subscription/"+id+"/$explain", in)
		if err != nil {
			return err
		}
		notifies := false
		var rows [][]string
		for p := range answer.Get("parameter").Elements() {
			for name, value := range p.Members() {
				if strings.HasPrefix(name, "value") {
					text := value.Text()
					if set, ok := value.Bool(); ok {
						text = strconv.FormatBool(set)
						notifies = notifies || set && p.Get("name").Is("notifies")
					}
					rows = append(rows, []string{p.Get("name").Text(), text})
				}
			}
		}
		if !shown {
			c.table("WHAT ANSWER", rows)
		}
		if !notifies {
			return errFailing
		}
		return nil
	}
}
