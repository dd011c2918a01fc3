package faulty

import (
	"context"

	"github.com/carillon-fhir/carillon/subscription"
)

// Channel returns c as the process sees it. A fault of Send after its effect is an
// answer that is lost. The death of the process cuts off what is under way.
func (p *Process) Channel(c subscription.Channel) subscription.Channel {
	return &channel{p, c}
}

type channel struct {
	process *Process
	subscription.Channel
}

func (c *channel) Send(ctx context.Context, t subscription.Target, m subscription.Message) error {
	return c.process.Do(ctx, "Send", func(ctx context.Context) error {
		ctx, cancel := c.process.alive(ctx)
		defer cancel()
		return c.Channel.Send(ctx, t, m)
	})
}

// alive returns a context that also ends when the process dies.
func (p *Process) alive(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(p.ctx, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}
