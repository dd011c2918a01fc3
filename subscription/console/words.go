package console

import (
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// functions are what templates may call.
var functions = template.FuncMap{
	"ago": ago, "in": in, "lasts": lasts, "iso": iso, "count": func(n any, noun string) string { return count(toInt(n), noun) }, "num": func(n any) string { return grouped(toInt(n)) },
	"why": func(code string) string { return reasons[code] }, "of": link, "short": shortURL, "join": strings.Join,
	"types": triggerTypes,
}

func toInt(n any) int64 {
	switch n := n.(type) {
	case int:
		return int64(n)
	case int64:
		return n
	case uint32:
		return int64(n)
	}
	panic(fmt.Sprintf("console: a template counts a %T", n))
}

// reasons says in plain words what codes of errors mean.
var reasons = map[string]string{
	"no-response":          "the endpoint did not answer",
	"error-response":       "the endpoint answered with an error",
	"dns-resolution-error": "the endpoint's name can't be resolved",
	"endpoint-gone":        "the endpoint said that it is gone (410)",
	"ended":                "its end has come",
	"not-supported":        "what it asks for is not supported any more",
	"too-many-handshakes":  "too many handshakes have failed at that host",
	"not-connected":        "nobody has connected for too long",
	"not-confirmed":        "its receiver has not confirmed yet",
	"declined":             "its receiver wants nothing of it",
	"filters-adjusted":     "its filters were adjusted: its client has to agree",
	"tentative":            "it was just created, on a condition",
	"paused":               "an operator has paused it",
	"turned-off":           "an operator has turned it off",
}

// results says what became of an attempt.
var results = map[subscription.Result]string{
	subscription.ResultTransient: "it is tried again", subscription.ResultRetryAfter: "the endpoint asks for time",
	subscription.ResultPermanent: "the endpoint refuses", subscription.ResultGone: "the endpoint is gone",
	subscription.ResultNotConnected: "nobody is connected",
}

// lasts is a duration in one or two units.
func lasts(d time.Duration) string {
	switch d = d.Abs(); {
	case d < time.Second:
		return "less than 1 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		if m := d % time.Hour / time.Minute; m > 0 {
			return fmt.Sprintf("%d h %d min", d/time.Hour, m)
		}
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// ago is how long before now a time was.
func ago(now, t time.Time) string {
	switch d := now.Sub(t); {
	case t.IsZero():
		return "never"
	case d < time.Second:
		return "just now"
	default:
		return lasts(d) + " ago"
	}
}

// in is how long after now a time is.
func in(now, t time.Time) string {
	switch d := t.Sub(now); {
	case t.IsZero():
		return "when events come"
	case d < time.Second:
		return "now"
	default:
		return "in " + lasts(d)
	}
}

func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// link is the query that names a Subscription.
func link(tenant, id string) template.URL {
	return template.URL(url.Values{"tenant": {tenant}, "id": {id}}.Encode())
}

// shortURL is the end of a canonical, by which people know it.
func shortURL(canonical string) string {
	bare, version, found := strings.Cut(canonical, "|")
	short := bare[strings.LastIndexAny(bare, "/:")+1:]
	if short == "" {
		return canonical
	}
	if found {
		short += " " + version
	}
	return short
}

// triggerTypes lists what a topic's triggers are about.
func triggerTypes(t *topic.Topic) (list []string) {
	add := func(what string) {
		if !slices.Contains(list, what) {
			list = append(list, what)
		}
	}
	for _, tr := range t.ResourceTriggers {
		add(tr.Resource)
	}
	for _, tr := range t.EventTriggers {
		add(tr.Resource + " (event)")
	}
	return list
}
