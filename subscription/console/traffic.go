package console

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// Traffic counts what is delivered and what fails, of the last 24 hours: as a whole by
// quarters of an hour, and for each Subscription by hours. It is an Observer for
// the Engine's Config; its zero value is ready. It takes half a microsecond for each
// attempt, about 450 bytes for each Subscription that had any, and at most 16 MB: of more
// than 32768 Subscriptions within a day, those are counted one by one that came first.
//
// Failure policy: it is this process's own, and forgotten when it ends.
type Traffic struct {
	mu      sync.Mutex
	all     [quarters]tick
	allTill int64 // quarter of an hour, since 1970, up to which all is kept
	single  map[name]*single
	swept   time.Time
	began   time.Time
}

const (
	quarters    = 96
	hours       = 24
	quarter     = 15 * time.Minute
	mostSingles = 1 << 15
)

type name struct{ tenant, id string }

// tick is what happened in a part of the day.
type tick struct {
	Events   uint32 // delivered
	Messages uint32 // notifications of any kind that were taken
	Failed   uint32 // attempts
}

func (t *tick) add(o tick) {
	t.Events += o.Events
	t.Messages += o.Messages
	t.Failed += o.Failed
}

// single is a Subscription's day.
type single struct {
	ticks  [hours]tick
	till   int64 // hour since 1970
	failed time.Time
	result subscription.Result
	code   string
}

// forward makes room for the time now in a ring of which the newest tick is till, and
// returns its place and the new till. What comes late counts as the newest.
func forward(ring []tick, till, now int64) (int64, *tick) {
	n := int64(len(ring))
	for i := max(till+1, now-n+1); i <= now; i++ {
		ring[i%n] = tick{}
	}
	till = max(till, now)
	return till, &ring[till%n]
}

// Observe counts an attempt to notify. It is for the Engine to call.
func (t *Traffic) Observe(_ context.Context, o subscription.Observation) {
	n, ok := o.(subscription.NotificationAttempted)
	if !ok || n.Result == subscription.ResultCut {
		return
	}
	a := attempt{tenant: n.Tenant, id: n.Subscription, at: n.Began.Add(n.Duration), result: n.Result}
	if n.Result == subscription.ResultOK {
		a.tick = tick{Events: uint32(n.Events), Messages: 1}
	} else {
		a.tick.Failed, a.code = 1, codeOf(n)
	}
	t.note(a)
}

// codeOf is the standard's code for why an attempt failed. The error itself is not kept.
func codeOf(n subscription.NotificationAttempted) string {
	switch n.Result {
	case subscription.ResultGone:
		return "endpoint-gone"
	case subscription.ResultNotConnected:
		return "not-connected"
	}
	var coded interface{ SubscriptionError() string }
	if errors.As(n.Err, &coded) && reasons[coded.SubscriptionError()] != "" {
		return coded.SubscriptionError()
	}
	return "no-response"
}

// note counts.
func (t *Traffic) note(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.began.IsZero() {
		t.began = a.at
	}
	var place *tick
	t.allTill, place = forward(t.all[:], t.allTill, a.at.Unix()/int64(quarter/time.Second))
	place.add(a.tick)
	s := t.single[name{a.tenant, a.id}]
	if s == nil {
		if !t.room(a.at) {
			return
		}
		s = new(single)
		t.single[name{a.tenant, a.id}] = s
	}
	s.till, place = forward(s.ticks[:], s.till, a.at.Unix()/3600)
	place.add(a.tick)
	if a.tick.Failed > 0 {
		s.failed, s.result, s.code = a.at, a.result, a.code
	}
}

// attempt is what is noted of one.
type attempt struct {
	tenant, id string
	at         time.Time
	tick       tick
	result     subscription.Result
	code       string
}

// room reports whether another Subscription can be counted, after letting go, once an
// hour, of those that have had nothing for a day.
func (t *Traffic) room(now time.Time) bool {
	if t.single == nil {
		t.single = map[name]*single{}
	}
	if len(t.single) < mostSingles {
		return true
	}
	if now.Sub(t.swept) < time.Hour {
		return false
	}
	t.swept = now
	for of, s := range t.single {
		if s.till <= now.Unix()/3600-hours {
			delete(t.single, of)
		}
	}
	return len(t.single) < mostSingles
}

// ordered returns the ticks of a ring from the oldest to that of now.
func ordered(ring []tick, till, now int64) []tick {
	n := int64(len(ring))
	list := make([]tick, n)
	for i := range n {
		if at := now - n + 1 + i; at <= till && at > till-n {
			list[i] = ring[at%n]
		}
	}
	return list
}

// wholeView is the day of all Subscriptions.
type wholeView struct {
	Chart chart
	tick  // of the whole day
	Hour  tick
	Began time.Time // zero: there was nothing yet
}

func (t *Traffic) whole(now time.Time) *wholeView {
	t.mu.Lock()
	defer t.mu.Unlock()
	ticks := ordered(t.all[:], t.allTill, now.Unix()/int64(quarter/time.Second))
	v := &wholeView{Chart: chartOf(ticks, quarter, now), Began: t.began}
	for i, one := range ticks {
		v.add(one)
		if i >= len(ticks)-4 {
			v.Hour.add(one)
		}
	}
	return v
}

// singleView is the day of one Subscription.
type singleView struct {
	Chart  chart
	tick             // of the whole day
	Last   time.Time // when an attempt last failed; zero: none has
	Result subscription.Result
	Code   string
	Known  bool // it had any attempt, or there would be room for it
}

func (t *Traffic) of(tenant, id string, now time.Time) *singleView {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.single[name{tenant, id}]
	if s == nil {
		return &singleView{Known: len(t.single) < mostSingles}
	}
	ticks := ordered(s.ticks[:], s.till, now.Unix()/3600)
	v := &singleView{Chart: chartOf(ticks, time.Hour, now), Last: s.failed, Result: s.result, Code: s.code, Known: true}
	for _, one := range ticks {
		v.add(one)
	}
	return v
}

// failures returns the codes of the last failures of Subscriptions, "" where there is none.
func (t *Traffic) failures(of []subscription.Overview) (codes []string) {
	codes = make([]string, len(of))
	if t == nil {
		return codes
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range of {
		if s := t.single[name{of[i].Tenant, of[i].ID}]; s != nil {
			codes[i] = s.code
		}
	}
	return codes
}

// Outcome says what became of the attempt that failed last.
func (v *singleView) Outcome() string { return results[v.Result] }
