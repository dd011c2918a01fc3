package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/carillon-fhir/carillon/internal/bench/bare"
	"github.com/carillon-fhir/carillon/internal/bench/chart"
	"github.com/carillon-fhir/carillon/internal/bench/report"
	"github.com/carillon-fhir/carillon/subscription"
)

// measuredReceivers are the numbers of receivers that take the notifications; the budget
// is held to the second. One alone gets eight notifications at once, which is
// the engine's default.
var measuredReceivers = []int{1, 8, 64}

// measurePipelineOn measures the whole way of changes over a kind of store, with
// 100,000 subscriptions in force.
func measurePipelineOn(kind storeKind) func(options) (report.Result, error) {
	return func(o options) (r report.Result, err error) {
		db, err := kind.open()
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, db.close()) }()
		p, err := newPipelines(db, o)
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, p.close()) }()
		r.Machine.PostgreSQL = db.version
		return r, p.measure(kind, o, &r)
	}
}

// pipelines are the engine and its ceiling over one database.
type pipelines struct {
	db            *database
	subscriptions int
	audience      *audience
	host          *host
	log           bare.Log
	bare          *bare.Pipeline
	next          int // number of the next change
}

func newPipelines(db *database, o options) (p *pipelines, err error) {
	ctx := context.Background()
	p = &pipelines{db: db, subscriptions: o.of(640, 100_000, 100_000)}
	if p.audience, err = newAudience(); err != nil {
		return nil, err
	}
	if err := subscribe(ctx, db, p.subscriptions, p.audience.urls[0], ""); err != nil {
		return nil, err
	}
	if p.host, err = newHost(db, p.subscriptions); err != nil {
		return nil, err
	}
	if p.log, err = db.log(ctx); err != nil {
		return nil, errors.Join(err, p.host.stop())
	}
	p.bare = bare.Start(p.log, p.subscriptions, p.audience.urls, deliveries)
	return p, nil
}

func (p *pipelines) close() error {
	return errors.Join(p.host.stop(), p.bare.Close(), p.log.Close(), p.audience.server.Close())
}

// inTurns puts a load on both, one after the other, and again.
func (p *pipelines) inTurns(runs int, l load) (ours, ceiling figures, err error) {
	l.subscriptions = p.subscriptions
	for range runs {
		for _, s := range []struct {
			system  system
			figures *figures
		}{
			{p.host.change, &ours},
			{func(_ int, resource []byte, acknowledged func()) error { return p.bare.Change(resource, acknowledged) }, &ceiling},
		} {
			l.first = p.next
			p.next += l.changes
			ran, err := l.run(s.system, p.db)
			if err != nil {
				return ours, ceiling, err
			}
			s.figures.add(ran)
		}
	}
	return ours, ceiling, nil
}

func (p *pipelines) measure(kind storeKind, o options, r *report.Result) error {
	many := measuredReceivers[1]
	if _, _, err := p.inTurns(1, load{changes: o.of(200, 4000, 4000), receivers: many}); err != nil { // warms up
		return err
	}
	changes := o.of(300, 8000, 40_000)
	throughput := chart.Chart{File: "throughput.svg", Title: "notifications a second, 100,000 subscriptions, as fast as it goes",
		X: chart.Axis{Name: "receivers", At: []string{"1", "8", "64"}}, Y: chart.Axis{}, Series: []chart.Series{
			{Name: kind.title}, {Name: kind.title + ", bare", Kind: kind.title, Bare: true}}}
	var several []string
	for i, n := range measuredReceivers {
		runs := o.runs()
		if n != many { // for the picture
			runs = o.of(1, 2, 5)
		}
		ours, ceiling, err := p.inTurns(runs, load{changes: changes, receivers: n})
		if err != nil {
			return err
		}
		for j, f := range []figures{ours, ceiling} {
			throughput.Series[j].Points = append(throughput.Series[j].Points, chart.Point{X: float64(i), Y: f.perSecond.Median()})
		}
		several = append(several, fmt.Sprintf("%d: %s of %s", n, report.PerSecond(ours.perSecond.Median()), report.PerSecond(ceiling.perSecond.Median())))
		if n != many {
			continue
		}
		share := ours.perSecond.Over(ceiling.perSecond)
		r.Rows = append(r.Rows, report.Row{
			What: fmt.Sprintf("whole pipeline over %s, rest-hook, full-resource, %s subscriptions, %d receivers, as fast as it goes", kind.title, report.Count(float64(p.subscriptions)), n),
			Ours: rate(ours), Ceiling: "bare parse, Go map, the same store, POST: " + rate(ceiling), Ratio: share.Ratio(),
			Budget: "≥ 0.6", Verdict: report.Judge(share.Median() >= 0.6), Headline: true,
		})
		r.Figures = map[string]float64{
			"pipeline." + kind.name + ".persecond":         ours.perSecond.Median(),
			"pipeline." + kind.name + ".processor.seconds": ours.processor.Median(),
			"pipeline." + kind.name + ".server.seconds":    ours.server.Median(),
			"pipeline." + kind.name + ".log.bytes":         ours.written.Median(),
		}
	}
	perSecond := o.of(500, 2000, 2000)
	ours, ceiling, err := p.inTurns(o.runs(), load{changes: o.of(1, 3, 10) * perSecond, receivers: many, rate: perSecond})
	if err != nil {
		return err
	}
	for _, way := range []struct {
		what       string
		ours, bare report.Sample
		times, the []time.Duration
	}{
		{"durable", ours.durable99, ceiling.durable99, ours.durable, ceiling.durable},
		{"acknowledged", ours.acknowledged99, ceiling.acknowledged99, ours.acknowledged, ceiling.acknowledged},
	} {
		ratio := way.ours.Over(way.bare)
		r.Rows = append(r.Rows, report.Row{
			What: fmt.Sprintf("%s over %s at %s changes a second, p50 / p99", way.what, kind.title, report.Count(float64(perSecond))),
			Ours: halves(way.times, way.ours), Ceiling: halves(way.the, way.bare), Ratio: ratio.Ratio(),
			Budget: "p99 ≤ 2", Verdict: report.Judge(ratio.Median() <= 2), Headline: way.what == "acknowledged",
		})
	}
	r.Figures["pipeline."+kind.name+".acknowledged99.seconds"] = ours.acknowledged99.Median()
	alone, err := p.concernNobody(changes)
	if err != nil {
		return err
	}
	r.Figures["change."+kind.name+".processor.seconds"] = alone.processor
	r.Figures["change."+kind.name+".server.seconds"] = alone.server
	r.Figures["change."+kind.name+".log.bytes"] = alone.written
	var one figures
	one.add(alone)
	r.Rows = append(r.Rows, report.Row{
		What: "a change that triggers the topic and concerns nobody, over " + kind.title + ", until it is sequenced", Ours: rate(one)})
	r.Rows = append(r.Rows, report.Row{
		What: "the same by the number of receivers, ours of the ceiling's", Ours: strings.Join(several, "; ")})
	r.Charts = []chart.Chart{throughput, latencies(kind, perSecond, ours, ceiling)}
	return nil
}

// concernNobody records changes of a patient without Subscriptions. The last concerns
// somebody: when its notification is acknowledged, those before it have been sequenced.
func (p *pipelines) concernNobody(changes int) (ran, error) {
	var calls atomic.Int64
	l := load{changes: changes, subscriptions: p.subscriptions, receivers: 1, first: p.next}
	p.next += changes
	return l.run(func(subscriber int, resource []byte, acknowledged func()) error {
		if calls.Add(1) == int64(changes) {
			return p.host.change(subscriber, resource, acknowledged)
		}
		defer acknowledged()
		resource = bytes.Replace(resource, []byte("Patient/p"), []byte("Patient/other"), 1)
		return p.host.engine.OnResourceChange(context.Background(), subscription.ResourceChange{Interaction: subscription.Create, Resource: resource})
	}, p.db)
}

// rate writes how many there were and what they took.
func rate(f figures) string {
	text := fmt.Sprintf("%s, %s of processor time each", report.PerSecond(f.perSecond.Median()), report.Seconds(f.processor.Median()))
	if s := f.server.Median(); s > 0 {
		text += fmt.Sprintf(" and %s of the server's, %s written ahead", report.Seconds(s), report.Bytes(f.written.Median()))
	}
	return text
}

func halves(times []time.Duration, p99 report.Sample) string {
	return report.Seconds(report.Quantile(times, 0.5).Seconds()) + " / " + report.Seconds(p99.Median())
}

// quantiles are the places of the picture of latencies.
var quantiles = []struct {
	name  string
	share float64
}{{"half", 0.5}, {"75 %", 0.75}, {"90 %", 0.9}, {"95 %", 0.95}, {"99 %", 0.99}, {"99.9 %", 0.999}}

func latencies(kind storeKind, perSecond int, ours, ceiling figures) chart.Chart {
	c := chart.Chart{File: "latency.svg", Title: fmt.Sprintf("from the hook to the recorded acknowledgement at %s changes a second", report.Count(float64(perSecond))),
		X: chart.Axis{Name: "share of the changes that took no longer"}, Y: chart.Axis{Unit: "s", Log: true},
		Series: []chart.Series{{Name: kind.title}, {Name: kind.title + ", bare", Kind: kind.title, Bare: true}}}
	for i, q := range quantiles {
		c.X.At = append(c.X.At, q.name)
		for j, f := range []figures{ours, ceiling} {
			c.Series[j].Points = append(c.Series[j].Points, chart.Point{X: float64(i), Y: report.Quantile(f.acknowledged, q.share).Seconds()})
		}
	}
	return c
}
