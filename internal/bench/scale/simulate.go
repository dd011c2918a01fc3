package main

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
)

// world is what is simulated: changes come at random times, shards sequence them in
// batches, and so many deliveries are under way at once. All ask one database.
type world struct {
	costs    costs
	writes   float64 // a second
	seconds  float64 // that writes come in
	shards   int
	matches  float64 // of a change, on average
	cores    int     // of the database
	slots    int     // deliveries at once
	endpoint float64 // seconds that a receiver takes, on average
	seed     uint64
}

// outcome is what came of it.
type outcome struct {
	changes, events, delivered int
	p50, p99                   float64 // seconds from a write to its acknowledged delivery
	backlog                    float64 // seconds from the last write to the last acknowledgement
	database, shard, slot      float64 // share of the time in which they worked
}

// How the database's work is divided: that for a change, into its append and the rest,
// which is sequenced; that for an event, into numbering, claim and outcome. The shares are
// assumed: what is measured is their sum.
const (
	appendShare = 0.8
	numberShare = 0.2
	claimShare  = 0.4
	finishShare = 0.4
)

// commitWait is how long a commit waits for the disk, in seconds, beside processor time.
const commitWait = 0.001

// simulate runs a world until all is delivered. The outcome depends on nothing but w.
func simulate(w world) outcome {
	s := &simulation{
		world: w, random: rand.New(rand.NewPCG(w.seed, 1)), database: make(servers, w.cores), sending: make(servers, w.slots),
		cursors: make([]int, w.shards), idle: make([]bool, w.shards),
	}
	for i := range s.idle {
		s.idle[i] = true
	}
	for at := s.random.ExpFloat64() / w.writes; at < w.seconds; at += s.random.ExpFloat64() / w.writes {
		heap.Push(&s.steps, step{at, arrive, len(s.arrivals)})
		s.arrivals = append(s.arrivals, at)
		var concerns []int
		for range poisson(s.random, w.matches) {
			concerns = append(concerns, s.random.IntN(w.shards))
		}
		s.concerns = append(s.concerns, concerns)
	}
	for s.steps.Len() > 0 {
		next := heap.Pop(&s.steps).(step)
		s.do(next)
	}
	return s.outcome()
}

type simulation struct {
	world
	random   *rand.Rand
	steps    steps
	arrivals []float64
	concerns [][]int // of each change: the shard of each Subscription that it matches
	log      []int   // changes in the order of their commits
	cursors  []int   // of the shards, in log
	idle     []bool  // shards that have seen all of it
	database servers
	sending  servers
	lags     []float64
	last     float64

	asked, matched, sent float64 // seconds of work
}

// The kinds of steps, and of what: a change, or a shard.
type kind int

const (
	arrive   kind = iota // a change is written
	durable              // it is committed
	sequence             // a shard reads, matches, and commits
	claim                // an event of a change can be delivered
	send                 // it is claimed
	finish               // it was answered
)

func (s *simulation) do(now step) {
	then := func(at float64, k kind) { heap.Push(&s.steps, step{at, k, now.of}) }
	switch now.kind {
	case arrive:
		then(s.ask(now.at, appendShare*s.costs.change.database)+commitWait, durable)
	case durable:
		s.log = append(s.log, now.of)
		for shard, idle := range s.idle {
			if idle {
				s.idle[shard] = false
				heap.Push(&s.steps, step{now.at, sequence, shard})
			}
		}
	case sequence:
		s.sequence(now.at, now.of)
	case claim:
		then(s.ask(now.at, claimShare*s.costs.event.database), send)
	case send:
		took := s.costs.event.node + s.endpoint*s.random.ExpFloat64()
		s.sent += took
		then(s.sending.take(now.at, took), finish)
	case finish:
		done := s.ask(now.at, finishShare*s.costs.event.database) + commitWait
		s.lags = append(s.lags, done-s.arrivals[now.of])
		s.last = max(s.last, done)
	}
}

// ask lets the database work for so many seconds, and returns when it is done.
func (s *simulation) ask(at, work float64) float64 {
	s.asked += work
	return s.database.take(at, work)
}

// sequence takes what has been committed, up to a batch.
func (s *simulation) sequence(at float64, shard int) {
	batch := s.log[s.cursors[shard]:]
	batch = batch[:min(len(batch), s.costs.batch)]
	if len(batch) == 0 {
		s.idle[shard] = true
		return
	}
	s.cursors[shard] += len(batch)
	work := float64(len(batch)) * s.costs.match
	s.matched += work
	var events []int
	for _, change := range batch {
		for _, concerned := range s.concerns[change] {
			if concerned == shard {
				events = append(events, change)
			}
		}
	}
	// Each shard reads the batch; together they take what one was measured to.
	asked := float64(len(batch))*(1-appendShare)*s.costs.change.database/float64(s.shards) + float64(len(events))*numberShare*s.costs.event.database
	committed := s.ask(at+work, asked) + commitWait
	for _, change := range events {
		heap.Push(&s.steps, step{committed, claim, change})
	}
	heap.Push(&s.steps, step{committed, sequence, shard})
}

func (s *simulation) outcome() (o outcome) {
	o.changes, o.delivered = len(s.arrivals), len(s.lags)
	for _, c := range s.concerns {
		o.events += len(c)
	}
	slices.Sort(s.lags)
	if n := len(s.lags); n > 0 {
		o.p50, o.p99 = s.lags[n/2], s.lags[n*99/100]
		o.backlog = s.last - s.arrivals[len(s.arrivals)-1]
	}
	span := max(s.seconds, s.last)
	o.database = s.asked / span / float64(s.cores)
	o.shard = s.matched / span / float64(s.shards)
	o.slot = s.sent / span / float64(s.slots)
	return o
}

type step struct {
	at   float64
	kind kind
	of   int
}

// steps is a heap.
type steps []step

func (s steps) Len() int           { return len(s) }
func (s steps) Less(i, j int) bool { return s[i].at < s[j].at }
func (s steps) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *steps) Push(x any)        { *s = append(*s, x.(step)) }
func (s *steps) Pop() any          { last := (*s)[len(*s)-1]; *s = (*s)[:len(*s)-1]; return last }

// servers do one thing each at a time, in the order in which they are asked. It is a
// heap of when each is free again.
type servers []float64

func (s servers) Len() int           { return len(s) }
func (s servers) Less(i, j int) bool { return s[i] < s[j] }
func (s servers) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s servers) Push(any)           { panic("there are as many servers as there are") }
func (s servers) Pop() any           { panic("there are as many servers as there are") }

// take gives work to the one that is free first, and returns when it is done.
func (s servers) take(at, work float64) (done float64) {
	done = max(s[0], at) + work
	s[0] = done
	heap.Fix(s, 0)
	return done
}

// poisson is a random number of that mean.
func poisson(random *rand.Rand, mean float64) (n int) {
	for limit, product := math.Exp(-mean), random.Float64(); product > limit; product *= random.Float64() {
		n++
	}
	return n
}
