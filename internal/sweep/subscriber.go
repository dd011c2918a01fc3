package sweep

import (
	"context"
	"sync"

	"github.com/carillon-fhir/carillon/internal/invariant"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// subscriber is who receives the notifications of all Subscriptions, as a channel.
type subscriber struct {
	answer func(subscription string, n int) error

	mu    sync.Mutex
	ears  map[string]*ear // by id of Subscription
	order []string
}

// ear is where the notifications of one Subscription arrive.
type ear struct {
	batch    int // most events in one of them
	matches  func(patient string) bool
	checker  invariant.Checker
	owed     int
	arrived  int
	received int // events, repetitions left out
	highest  int64
	deaf     bool   // the Subscription was deleted or is off: what it has not got yet, it won't get
	key      int64  // of the Subscription
	json     string // the Subscription
}

func newSubscriber(answer func(string, int) error) *subscriber {
	return &subscriber{answer: answer, ears: map[string]*ear{}}
}

// listen opens an ear.
func (s *subscriber) listen(id string, batch int, matches func(string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ears[id] = &ear{batch: batch, matches: matches}
	s.order = append(s.order, id)
}

// excuse: at each of n faults, the outcome of one notification for each Subscription
// at most was not recorded.
func (s *subscriber) excuse(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.ears {
		e.checker.Excuse(n * e.batch)
	}
}

// deaf closes an ear.
func (s *subscriber) deaf(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ears[id].deaf = true
}

// complete reports whether everybody has received as many events as are owed.
func (s *subscriber) complete() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.ears {
		if e.received < e.owed && !e.deaf {
			return false
		}
	}
	return true
}

// report is the verdict on all, and says who has reason to complain.
func (s *subscriber) report() (total invariant.Report, problems []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.order {
		r := s.ears[id].checker.Report()
		if s.ears[id].deaf {
			r.Lost = 0
		}
		if err := r.Err(); err != nil {
			problems = append(problems, id+": "+err.Error())
		}
		total.Add(r)
	}
	return total, problems
}

// Type implements subscription.Channel.
func (*subscriber) Type() string { return "rest-hook" }

// Check implements subscription.Channel.
func (*subscriber) Check(context.Context, subscription.Target) error { return nil }

// Send implements subscription.Channel.
func (s *subscriber) Send(ctx context.Context, t subscription.Target, m subscription.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.take(t.Subscription, m.Body)
}

// take is what a subscriber does with a notification.
func (s *subscriber) take(id string, body []byte) error {
	s.mu.Lock()
	e := s.ears[id]
	e.arrived++
	n := e.arrived
	s.mu.Unlock()
	if s.answer != nil {
		if err := s.answer(id, n); err != nil {
			return err
		}
	}
	return s.receive(e, body)
}

func (s *subscriber) receive(e *ear, body []byte) error {
	n, err := notification.Parse(body)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, event := range n.Events {
		if event.Number > e.highest {
			e.highest = event.Number
			e.received++
		}
	}
	return e.checker.Receive("", body)
}
