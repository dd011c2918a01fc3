package console

import (
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// pageSize is how many Subscriptions, and how many events, are on a page.
const pageSize = 50

// listView is a page of the Subscriptions.
type listView struct {
	At            time.Time // of the engine's clock
	Subscriptions table
	Tenant, State string
	States        []string
	First         bool         // it is the first page
	Next          template.URL // query of the next; "" if there is none
}

// table is Subscriptions with what is to be said of each.
type table struct {
	Rows    []row
	Tenants bool // any has one
}

type row struct {
	subscription.Overview
	Why string // a code
}

// table says why: what the Subscription itself says, or, while it is tried again, how the
// last attempt of this process failed.
func (c *Console) table(list []subscription.Overview) (t table) {
	codes := c.cfg.Traffic.failures(list)
	for i, o := range list {
		r := row{o, o.Error}
		if r.Why == "" && o.Attempt > 0 {
			r.Why = codes[i]
		}
		t.Rows = append(t.Rows, r)
		t.Tenants = t.Tenants || o.Tenant != ""
	}
	return t
}

// states are what a list can be narrowed to.
var states = []string{"failing", "requested", "active", "error", "off", "entered-in-error"}

func (c *Console) list(r *http.Request) (answer, error) {
	asked := r.URL.Query()
	v := listView{Tenant: asked.Get("tenant"), State: asked.Get("state"), States: states}
	q := subscription.OverviewQuery{Tenant: v.Tenant, AllTenants: v.Tenant == "", Limit: pageSize}
	switch v.State {
	case "":
	case "failing":
		q.Failing = true
	default:
		q.Status = subscription.Status(v.State)
	}
	var err error
	if q.After, err = number(asked.Get("after")); err != nil {
		return answer{}, err
	}
	v.First = q.After == 0
	found, err := c.engine.Overviews(r.Context(), q)
	if err != nil {
		return answer{}, err
	}
	v.At, v.Subscriptions = found.At, c.table(found.Subscriptions)
	if found.Next > 0 {
		v.Next = template.URL(url.Values{"tenant": {v.Tenant}, "state": {v.State}, "after": {strconv.FormatInt(found.Next, 10)}}.Encode())
	}
	return answer{template: "list", title: "Subscriptions", data: v}, nil
}

// number reads a parameter that may be left out.
func number(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, &problem{http.StatusBadRequest, "A number was expected"}
	}
	return n, nil
}

// detailView is the page of one Subscription.
type detailView struct {
	subscription.Overview
	At      time.Time // of the engine's clock
	Now     time.Time
	Events  []subscription.EventOverview
	Before  int64 // number from which on events are shown, downwards; 0: the newest
	Older   int64 // Before of the next page; 0: there is none
	Actions []Action
	Done    string // what was just done
	Traffic *singleView
}

func (c *Console) detail(r *http.Request) (answer, error) {
	asked := r.URL.Query()
	tenant, id := asked.Get("tenant"), asked.Get("id")
	v := detailView{Now: time.Now(), Done: done(asked)}
	var err error
	if v.Before, err = number(asked.Get("before")); err != nil {
		return answer{}, err
	}
	if v.Overview, v.At, err = c.engine.Overview(r.Context(), tenant, id); err != nil {
		return answer{}, err
	}
	if v.Events, err = c.engine.EventOverviews(r.Context(), tenant, id, v.Before, pageSize); err != nil {
		return answer{}, err
	}
	if n := len(v.Events); n > 0 && v.Events[n-1].Number > 1 {
		v.Older = v.Events[n-1].Number
	}
	v.Actions = c.permitted(r, v.Overview)
	if c.cfg.Traffic != nil {
		v.Traffic = c.cfg.Traffic.of(tenant, id, v.Now)
	}
	return answer{template: "detail", title: "Subscription " + id, data: v}, nil
}
