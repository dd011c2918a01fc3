package websocket

import (
	"context"
	"errors"
	"sync"

	"github.com/carillon-fhir/carillon/subscription"
)

// errUnanswered: nobody has said that the message arrived.
var errUnanswered = errors.New("websocket: no connection has confirmed the message")

// Send sends m to all connections of this node that are bound to the Subscription now,
// beside what their sessions bring, and returns nil as soon as one of them has confirmed
// it by a pong.
//
// Failure policy: who does not confirm in time is not cut off for it; its own session
// finds out whether it is alive.
func (c *Channel) Send(ctx context.Context, t subscription.Target, m subscription.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	var to []*socket
	for s := range c.holders[holding{t.Tenant, t.Subscription}] {
		if s.session.IsBound(t.Subscription) {
			to = append(to, s)
		}
	}
	c.mu.Unlock()
	if len(to) == 0 {
		return subscription.NotConnected()
	}
	// What is half written when the first one has answered goes on.
	each, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.Timeout)
	answers := make(chan error, len(to))
	var under sync.WaitGroup
	for _, s := range to {
		under.Go(func() {
			err := s.conn.write(each, textOf(&subscription.Delivery{Target: t, Message: m}))
			if err == nil {
				err = s.conn.ping(each)
			}
			answers <- err
		})
	}
	go func() {
		under.Wait()
		cancel()
	}()
	for range to {
		select {
		case err := <-answers:
			if err == nil {
				return nil
			}
		case <-ctx.Done():
			return errUnanswered
		}
	}
	return errUnanswered
}
