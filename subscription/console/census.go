package console

import (
	"context"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// census counts all Subscriptions a part at a time: each request that wants to know does
// some of the work, and is shown what the last whole count came to. Nobody who looks,
// nobody who counts.
type census struct {
	counting sync.Mutex // held by who does a part

	mu    sync.Mutex
	part  subscription.Tally // of the count that is under way
	spent time.Duration      // on it
	last  counted
}

// counted is a count, and how good it is.
type counted struct {
	subscription.Tally
	At    time.Time     // when it was whole; zero: it is not yet
	Took  time.Duration // all parts together
	Total int
}

// What one request may do, and how old a count may be.
const (
	partsARequest = 20
	timeARequest  = 250 * time.Millisecond
	freshFor      = 10 * time.Second
	shareOfTime   = 20 // a count that took a second is good for so many seconds
)

// look returns the count, after a part of the work if it is not fresh. What has been
// counted so far stands for it until there is a whole one.
func (c *census) look(ctx context.Context, e *subscription.Engine) (counted, error) {
	err := c.work(ctx, e)
	c.mu.Lock()
	defer c.mu.Unlock()
	shown := c.last
	if shown.At.IsZero() {
		shown.Tally = c.part
	}
	for _, n := range shown.Statuses {
		shown.Total += n
	}
	return shown, err
}

func (c *census) work(ctx context.Context, e *subscription.Engine) error {
	if !c.counting.TryLock() {
		return nil // somebody else is at it
	}
	defer c.counting.Unlock()
	c.mu.Lock()
	fresh := !c.last.At.IsZero() && time.Since(c.last.At) < max(freshFor, shareOfTime*c.last.Took)
	part, spent := c.part, c.spent
	c.mu.Unlock()
	if fresh {
		return nil
	}
	began := time.Now()
	for range partsARequest {
		next, err := e.Tally(ctx, part.Next)
		if err != nil {
			return err
		}
		sum := subscription.Tally{}
		sum.Add(part)
		sum.Add(next) // part stays as it is: it may be shown meanwhile
		part = sum
		if part.Next == 0 || time.Since(began) > timeARequest {
			break
		}
	}
	spent += time.Since(began)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.part, c.spent = part, spent
	if part.Next == 0 {
		c.last = counted{Tally: part, At: time.Now(), Took: spent}
		c.part, c.spent = subscription.Tally{}, 0
	}
	return nil
}
