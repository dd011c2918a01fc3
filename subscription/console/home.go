package console

import (
	"net/http"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// homeView is the first page: what an operator looks at when the telephone rings.
type homeView struct {
	Now      time.Time
	Began    time.Time
	Count    counted
	Statuses []statusCount
	Broken   int
	Worst    table
	Traffic  *wholeView // nil: nothing counts it
}

type statusCount struct {
	Status subscription.Status
	N      int
}

// statuses in the order of a Subscription's life.
var statuses = []subscription.Status{
	subscription.StatusRequested, subscription.StatusActive, subscription.StatusError,
	subscription.StatusOff, subscription.StatusEnteredInError,
}

func (c *Console) home(r *http.Request) (answer, error) {
	count, err := c.census.look(r.Context(), c.engine)
	if err != nil {
		return answer{}, err
	}
	now := time.Now()
	v := homeView{Now: now, Began: c.began, Count: count, Worst: c.table(count.Tally.Worst)}
	for _, s := range statuses {
		if n := count.Tally.Statuses[s]; n > 0 || s == subscription.StatusActive || s == subscription.StatusError {
			v.Statuses = append(v.Statuses, statusCount{s, n})
		}
	}
	_, v.Broken, _ = c.engine.Breakers(0)
	if c.cfg.Traffic != nil {
		v.Traffic = c.cfg.Traffic.whole(now)
	}
	return answer{template: "home", title: "Overview", data: v}, nil
}

// topicsView is the page of topics.
type topicsView struct {
	Now, Began time.Time
	Topics     []subscription.TopicOverview
}

func (c *Console) topics(*http.Request) (answer, error) {
	return answer{template: "topics", title: "Topics", data: topicsView{time.Now(), c.began, c.engine.TopicOverviews()}}, nil
}

// mostHosts is how many hosts are shown.
const mostHosts = 200

// hostsView is the page of breakers.
type hostsView struct {
	Now           time.Time
	Hosts         []subscription.Breaker
	Broken, Total int
}

func (c *Console) hosts(*http.Request) (answer, error) {
	v := hostsView{Now: time.Now()}
	v.Hosts, v.Broken, v.Total = c.engine.Breakers(mostHosts)
	return answer{template: "hosts", title: "Hosts", data: v}, nil
}
