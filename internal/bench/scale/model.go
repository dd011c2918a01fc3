package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/carillon-fhir/carillon/internal/bench/report"
)

// costs are what one of each takes: processor time in seconds, memory in bytes.
type costs struct {
	match     float64 // from a change's bytes to its matches, in a shard of a million
	node      float64 // of a node for one event, from the hook to the recorded acknowledgement, its receiver included
	database  float64 // of PostgreSQL, for the same
	log       float64 // bytes that PostgreSQL writes ahead, for the same
	start     float64 // for one Subscription, when a sequencer starts
	memory    float64 // of one Subscription, where it is sequenced
	resource  float64 // bytes of a change
	notice    float64 // bytes of a notification
	latency   float64 // seconds from hook to acknowledgement without a queue
	batchSize float64 // most changes that are sequenced together
}

// fromResults takes the costs from measured figures; what is missing is an error.
func fromResults(rs report.Results) (c costs, err error) {
	c = costs{resource: 2000, batchSize: 256}
	for name, to := range map[string]*float64{
		"match.seconds": &c.match, "pipeline.postgres.processor.seconds": &c.node, "pipeline.postgres.server.seconds": &c.database,
		"pipeline.postgres.log.bytes": &c.log, "start.seconds": &c.start, "engine.bytes": &c.memory, "notification.bytes": &c.notice,
		"pipeline.postgres.acknowledged99.seconds": &c.latency,
	} {
		figure, found := rs.Figure(name)
		if !found || figure <= 0 {
			return c, fmt.Errorf("scale: %s has not been measured: make bench", name)
		}
		*to = figure
	}
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
	byCores := (d.events()*c.node + float64(p.shards)*d.writes*c.match) / (m.nodeCores * m.most)
	byNetwork := (d.events()*c.notice + float64(p.shards)*d.writes*c.resource) / (m.nodeNetwork * m.most)
	p.nodes = max(1, int(math.Ceil(max(byCores, byNetwork, byMemory))))
	p.start = d.subscriptions / float64(p.shards) * c.start
	count := func(n float64) string { return fmt.Sprintf("%.3g", n) }
	rate := func(n float64) string { return report.Bytes(n) + "/s" }
	p.needs = []need{
		{"processors of PostgreSQL", d.events() * c.database, m.databaseCores * m.most, count, "cores"},
		{"what PostgreSQL writes ahead", d.events() * c.log, m.databaseDisk * m.most, rate, ""},
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
