package main

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/carillon-fhir/carillon/internal/bench/report"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// heartbeatPeriod is one that does not end while it is measured.
const heartbeatPeriod = `"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-heartbeat-period","valueUnsignedInt":86400}],`

// measureHeartbeat runs an engine with 100,000 Subscriptions whose heartbeats are pending
// and not due, and measures what the store has to do with one that comes due.
func measureHeartbeat(o options) (r report.Result, err error) {
	n := o.of(1000, 100_000, 100_000)
	share, err := idleShare(n, heartbeatPeriod, o)
	if err != nil {
		return r, err
	}
	without, err := idleShare(n, "", o)
	if err != nil {
		return r, err
	}
	// What one takes while it waits for 10 s, which is the shortest period by default.
	each := max(share.Median()-without.Median(), 0) * 10 / float64(n)
	ours, err := comeDue(n)
	if err != nil {
		return r, err
	}
	ceiling := heapOf(n)
	if err := takeTurnsAt(o.runs()+2, time.Duration(o.of(5, 200, 500))*time.Millisecond, ours, ceiling); err != nil {
		return r, err
	}
	r.Rows = []report.Row{
		{What: fmt.Sprintf("%s heartbeats pending, none due, memory", report.Count(float64(n))),
			Ours:    fmt.Sprintf("%.2f %% of a core; %s of processor time more for each in 10 s", 100*share.Median(), report.Seconds(each)),
			Ceiling: fmt.Sprintf("as many Subscriptions without: %.2f %%", 100*without.Median()),
			Budget:  "< 1 % of a core, ≤ 100 ns each", Verdict: report.Judge(share.Median() < 0.01, each <= 100e-9), Headline: true},
		{What: fmt.Sprintf("a heartbeat of %s that comes due: its claim and its outcome, memory", report.Count(float64(n))),
			Ours: report.Seconds(ours.time()), Ceiling: "a heap of as many times: " + report.Seconds(ceiling.time()), Ratio: ours.times.Over(ceiling.times).Ratio()},
	}
	r.Figures = map[string]float64{"heartbeat.idle.share": share.Median(), "heartbeat.due.seconds": ours.time()}
	return r, nil
}

// idleShare is what an engine with n Subscriptions takes of a core.
func idleShare(n int, extension string, o options) (share report.Sample, err error) {
	db, err := openMemory()
	if err != nil {
		return nil, err
	}
	a, err := newAudience()
	if err != nil {
		return nil, err
	}
	defer a.server.Close()
	ctx := context.Background()
	if err := subscribe(ctx, db, n, a.urls[0], extension); err != nil {
		return nil, err
	}
	h, err := newHost(db, n)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.stop()) }()
	if err := h.deliverOne(n-1, 0); err != nil { // then it has sequenced all that was before
		return nil, err
	}
	return idle(o), nil
}

// deliverOne waits until a change has been delivered to a subscriber.
func (h *host) deliverOne(subscriber, n int) error {
	delivered := make(chan struct{})
	if err := h.change(subscriber, resourceFor(subscriber, n), func() { close(delivered) }); err != nil {
		return err
	}
	select {
	case <-delivered:
		return nil
	case <-time.After(patience):
		return errors.New("bench: a change was not delivered in time")
	}
}

// idle measures which share of a core this process takes while nothing is asked of it.
func idle(o options) (share report.Sample) {
	debug.FreeOSMemory() // what was before leaves garbage, and the runtime would give its memory back meanwhile
	for range o.runs() {
		begin, used := time.Now(), processorTime()
		time.Sleep(time.Duration(o.of(200, 3000, 10_000)) * time.Millisecond)
		share = append(share, (processorTime()-used).Seconds()/time.Since(begin).Seconds())
	}
	return share
}

// comeDue claims the first heartbeat of n that are pending and puts it off again, as the
// engine does around sending it.
func comeDue(n int) (*operation, error) {
	m, ctx, now := memory.New(), context.Background(), time.Now()
	for i := range n {
		r := subscription.Record{ID: fmt.Sprint(i), MaxCount: 1, Status: subscription.StatusActive, Due: now.Add(time.Duration(i) * time.Millisecond)}
		if _, err := m.PutSubscription(ctx, r, 0); err != nil {
			return nil, err
		}
	}
	var claims []subscription.Claim
	return &operation{run: func() (err error) {
		if len(claims) == 0 {
			now = now.Add(deliveries * time.Millisecond)
			if claims, _, err = m.Claim(ctx, "n", now, now.Add(time.Hour), deliveries); err != nil {
				return err
			}
		}
		c := claims[0]
		claims = claims[1:]
		return m.Finish(ctx, subscription.Outcome{Key: c.Key, Token: c.Token, At: now, Status: c.Status, Eager: true,
			Due: c.Due.Add(time.Duration(n) * time.Millisecond)})
	}}, nil
}

type times []time.Time

func (t times) Len() int           { return len(t) }
func (t times) Less(i, j int) bool { return t[i].Before(t[j]) }
func (t times) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *times) Push(x any)        { *t = append(*t, x.(time.Time)) }
func (t *times) Pop() any          { last := (*t)[len(*t)-1]; *t = (*t)[:len(*t)-1]; return last }

// heapOf puts the first of n times off, which is the cheapest that tells what is due
// next.
func heapOf(n int) *operation {
	now := time.Now()
	all := make(times, n)
	for i := range all {
		all[i] = now.Add(time.Duration(i) * time.Millisecond)
	}
	heap.Init(&all)
	return &operation{run: func() error {
		all[0] = all[0].Add(time.Hour)
		heap.Fix(&all, 0)
		return nil
	}}
}
