package sweep

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/faulty"
	"github.com/carillon-fhir/carillon/internal/invariant"
	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
)

// Cluster is nodes over one store, with a host and subscribers.
type Cluster struct {
	testing.TB
	scenario Scenario
	harness  storetest.Harness
	nodes    []*node
	clerk    *node // nil: clients talk to the nodes
	next     int   // of nodes, that the host turns to
	host     host
	*subscriber

	connected   context.Context // ends when nobody connects any more
	connections sync.WaitGroup

	mu       sync.Mutex
	referees []*referee // of the stores, one for each time that it was opened again
}

// Scenario is what a host and its clients do, and how many nodes do it.
type Scenario struct {
	Name    string
	Nodes   int
	Restart time.Duration // from a node's death to its next life
	Play    func(c *Cluster)

	Configure func(c *subscription.Config) // may be nil
	// Clerk lets the clients talk to a process that does nothing else. A write of a
	// Subscription waits for the claim that its process is making, and in a bubble no
	// time passes for who waits for a lock: where calls take time, clients must not
	// turn to who makes them.
	Clerk bool

	// Answer is what the subscribers say to the n-th notification of one of them;
	// nil: they accept.
	Answer func(subscription string, n int) error
}

// Plans say what happens to the lives of nodes.
type Plans func(node, life int) faulty.Plan

// Lease is how long a silent node keeps its work in a Cluster.
const Lease = 3 * time.Second

// patience is how long a Cluster may take to bring all events to their subscribers
// after the last fault.
const patience = 10 * time.Minute

// Result is what came of playing a scenario once.
type Result struct {
	invariant.Report
	Calls []int // by node, in its first life
	Crowd int   // most calls of one process at once
	Stale int   // CommitEvents and Finish of those who had lost lease or claim; all were refused

	broken   bool
	problems []string
}

// Broken reports whether the promise was broken, judged by what was received and what
// the event logs hold alone.
func (r *Result) Broken() bool { return r.broken }

// Err is nil if the promise was kept.
func (r *Result) Err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return fmt.Errorf("the promise of delivery was broken: %v: %s", r.Report, strings.Join(r.problems, "; "))
}

// Play plays a scenario once.
func Play(t testing.TB, h storetest.Harness, s Scenario, plans Plans) Result {
	c := &Cluster{TB: t, scenario: s, harness: h, subscriber: newSubscriber(s.Answer)}
	c.referees = []*referee{newReferee(h.New(t))}
	ctx, stop := context.WithCancel(context.Background())
	c.connected = ctx
	var running sync.WaitGroup
	for i := range s.Nodes {
		n := &node{cluster: c, name: fmt.Sprint("node ", i), plan: func(life int) faulty.Plan { return plans(i, life) }}
		n.begin()
		c.nodes = append(c.nodes, n)
		running.Go(func() { n.live(ctx) })
	}
	if s.Clerk {
		c.clerk = &node{cluster: c, name: "clerk", plan: func(int) faulty.Plan { return nil }}
		c.clerk.begin()
	}
	s.Play(c)
	complete := c.settle()
	faults := c.faults()
	stop()
	c.connections.Wait()
	running.Wait()
	r := c.judge(faults)
	if !complete && r.Err() == nil {
		r.problems = append(r.problems, "it took too long")
	}
	return r
}

// Sleep lets time pass.
func (c *Cluster) Sleep(d time.Duration) { time.Sleep(d) }

// config is what each node is made of.
func (c *Cluster) config(n *node, p *faulty.Process) subscription.Config {
	cfg := subscription.Config{
		Store: p.Store(c.referee().handle()), Channels: []subscription.Channel{p.Channel(c.subscriber), line{}},
		Release: subscription.R4, BaseURL: base, Authorizer: policy{}, Topics: topics(), Node: n.name,
		Lease: Lease, SendTimeout: time.Second, Poll: time.Second, DrainTimeout: time.Second,
	}
	if c.scenario.Configure != nil {
		c.scenario.Configure(&cfg)
	}
	return cfg
}

// settle waits until every subscriber has what it is owed, and a while longer for
// what nobody is owed.
func (c *Cluster) settle() bool {
	c.expect()
	for waited := time.Duration(0); !c.complete(); waited += 100 * time.Millisecond {
		if waited > patience {
			return false
		}
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(Lease + time.Second)
	return true
}

// faults returns how many there were so far.
func (c *Cluster) faults() (fired int) {
	for _, n := range c.nodes {
		n.mu.Lock()
		for _, p := range n.lives {
			fired += p.Fired()
		}
		n.mu.Unlock()
	}
	return fired
}

func (c *Cluster) judge(faults int) (r Result) {
	failed := 0
	for _, n := range c.nodes {
		r.Calls = append(r.Calls, len(n.lives[0].Calls()))
		for _, p := range n.lives {
			r.Crowd = max(r.Crowd, p.Crowd())
			failed += p.Fired("Append")
		}
	}
	c.excuse(faults)
	if c.host.failed < failed {
		r.problems = append(r.problems, "a host was not told that its write failed")
	}
	for _, ref := range c.referees {
		r.Stale += ref.stale
		if ref.accepted > 0 {
			r.problems = append(r.problems, fmt.Sprintf("%d stale writes were accepted", ref.accepted))
		}
	}
	r.problems = append(r.problems, c.host.problems(c)...)
	total, complaints := c.report()
	complaints = append(complaints, c.logs()...)
	total.Faults = faults
	r.Report, r.broken, r.problems = total, len(complaints) > 0, append(r.problems, complaints...)
	return r
}

// logs checks the event logs as they are stored: numbers from 1 on without gaps, of
// the changes that match, in their order.
func (c *Cluster) logs() (problems []string) {
	log := c.log()
	for _, r := range c.records() {
		events, err := c.store().ReadEvents(c.Context(), r.Key, 1, r.Count, int(r.Count))
		require.NoError(c, err)
		want := c.owed(log, r.Key, r.ID)
		if len(events) != len(want) || int(r.Count) != len(want) {
			problems = append(problems, fmt.Sprintf("%s: %d events in the log, count %d, owed %d", r.ID, len(events), r.Count, len(want)))
			continue
		}
		for i, e := range events {
			if e.Number != int64(i+1) || focus(&e.Change) != want[i] {
				problems = append(problems, fmt.Sprintf("%s: event %d is number %d about %v, not %v", r.ID, i+1, e.Number, focus(&e.Change), want[i]))
			}
		}
	}
	return problems
}

func (c *Cluster) records() []subscription.Record {
	list, err := c.store().ListSubscriptions(c.Context(), subscription.ListQuery{AllTenants: true, Limit: 100_000})
	require.NoError(c, err)
	return list
}

// referee returns the one of the store as it is now.
func (c *Cluster) referee() *referee {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.referees[len(c.referees)-1]
}

// store returns the store as it is now, without faults.
func (c *Cluster) store() subscription.Store { return c.referee().Store }

// reopen lets the next life find what the last has left in the store.
func (c *Cluster) reopen() {
	last := c.referee()
	next := last.succeeded(c.harness.Reopen(c.TB, last.Store))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.referees = append(c.referees, next)
}
