package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/carillon-fhir/carillon/internal/bench/report"
)

// cost is what one takes: processor time of a node and of PostgreSQL in seconds, and the
// bytes that PostgreSQL writes ahead.
type cost struct{ node, database, log float64 }

// costs are what one of each takes.
type costs struct {
	change cost // a change that triggers a topic, until it is sequenced
	event  cost // what its notification of one Subscription takes beside that, its receiver included

	match    float64 // seconds from a change's bytes to its matches, in a shard of a million
	start    float64 // seconds for one Subscription, when a sequencer starts
	memory   float64 // bytes of one Subscription, where it is sequenced
	notice   float64 // bytes of a notification
	resource float64 // bytes of a change
	batch    int     // most changes that are sequenced together
}

// fromResults takes the costs from measured figures; what is missing is an error.
func fromResults(rs report.Results) (c costs, err error) {
	c = costs{resource: 2000, batch: 256}
	var whole cost
	for name, to := range map[string]*float64{
		"match.seconds": &c.match, "start.seconds": &c.start, "engine.bytes": &c.memory, "notification.bytes": &c.notice,
		"change.postgres.processor.seconds": &c.change.node, "change.postgres.server.seconds": &c.change.database, "change.postgres.log.bytes": &c.change.log,
		"pipeline.postgres.processor.seconds": &whole.node, "pipeline.postgres.server.seconds": &whole.database, "pipeline.postgres.log.bytes": &whole.log,
	} {
		figure, found := rs.Figure(name)
		if !found || figure <= 0 {
			return c, fmt.Errorf("scale: %s has not been measured: make bench", name)
		}
		*to = figure
	}
	c.event = cost{max(whole.node-c.change.node, 0), max(whole.database-c.change.database, 0), max(whole.log-c.change.log, 0)}
	return c, nil
}

// machines are what there is. They are assumptions.
type machines struct {
	nodeCores, nodeMemory, nodeNetwork      float64 // bytes, and bytes a second
	databaseCores, databaseDisk, databaseTo float64 // the disk's and the network's bytes a second
	most                                    float64 // share of anything that is used, so that queues stay short
}

// ordinary are those that can be rented anywhere.
var ordinary = machines{
	nodeCores: 16, nodeMemory: 64e9, nodeNetwork: 10e9 / 8,
	databaseCores: 64, databaseDisk: 500e6, databaseTo: 25e9 / 8,
	most: 0.7,
}

// demand is what is asked for.
type demand struct {
	subscriptions float64
	writes        float64 // a second, each of which triggers a topic
	matches       float64 // Subscriptions that one of them concerns, on average
}

func (d demand) events() float64 { return d.writes * d.matches }

// need is one thing that is used up, and how much of it one has.
type need struct {
	what        string
	needs, have float64
	write       func(float64) string
	unit        string // in words
}

// load is how much of what there is, is needed.
func (n need) load() float64 { return n.needs / n.have }

// plan is what a demand takes on one PostgreSQL.
type plan struct {
	demand demand
	shards int // sequencers
	nodes  int
	start  float64 // seconds until a sequencer that takes over a shard goes on
	needs  []need
}

// first is what is used up first.
func (p plan) first() need {
	return slices.MaxFunc(p.needs, func(a, b need) int { return compare(a.load(), b.load()) })
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// longestStart is how long a shard may stand still when its sequencer dies, beside the
// lease: it decides how many shards many Subscriptions take.
const longestStart = 30.0

// reckon plans. A shard is a part of the Subscriptions, and each sequencer reads every
// change: more shards divide memory and starts, but not matching, and multiply what is
// read.
func (c costs) reckon(d demand, m machines) plan {
	p := plan{demand: d}
	byMemory := d.subscriptions * c.memory / (m.nodeMemory * m.most)
	byStart := d.subscriptions * c.start / longestStart
	p.shards = max(1, int(math.Ceil(max(byMemory, byStart))))
	byCores := (d.writes*c.change.node + d.events()*c.event.node + float64(p.shards-1)*d.writes*c.match) / (m.nodeCores * m.most)
	byNetwork := (d.events()*c.notice + float64(p.shards)*d.writes*c.resource) / (m.nodeNetwork * m.most)
	p.nodes = max(1, int(math.Ceil(max(byCores, byNetwork, byMemory))))
	p.start = d.subscriptions / float64(p.shards) * c.start
	count := func(n float64) string { return fmt.Sprintf("%.3g", n) }
	rate := func(n float64) string { return report.Bytes(n) + "/s" }
	p.needs = []need{
		{"processors of PostgreSQL", d.writes*c.change.database + d.events()*c.event.database, m.databaseCores * m.most, count, "cores"},
		{"what PostgreSQL writes ahead", d.writes*c.change.log + d.events()*c.event.log, m.databaseDisk * m.most, rate, ""},
		{"what the sequencers read", float64(p.shards) * d.writes * c.resource, m.databaseTo * m.most, rate, ""},
		{"the one goroutine that matches, in each shard", d.writes * c.match, m.most, count, "of a core"},
	}
	return p
}

// most returns how many writes a second one PostgreSQL carries, other things equal.
func (c costs) most(d demand, m machines) (writes float64, limit need) {
	p := c.reckon(d, m)
	limit = p.first()
	return d.writes / limit.load(), limit
}
