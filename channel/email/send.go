package email

import (
	"context"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// Send makes one mail of m and gives it to the server; nil means that the server has
// taken it. It returns Gone if there is no such mailbox; Permanent if the server refuses
// the recipient or the mail for good, and for a Target that Check would refuse;
// RetryAfter of ErrTooMany if the address has got its share; and for everything else an
// error that counts as transient: codes from 400 to 499, and whatever the server says
// before it hears of the recipient.
//
// A StatusError, ErrTooMany, context.DeadlineExceeded or context.Canceled can be found
// in the error with errors.As and errors.Is. It holds no address, and nothing that the
// server said.
//
// Failure policy: an attempt whose answer does not come fails, though the server may
// have the mail; the engine sends it again after its wait, with the same Message-ID.
// What the server could not deliver later is known to nobody but to Config.From.
func (c *Channel) Send(ctx context.Context, t subscription.Target, m subscription.Message) error {
	to, p, subject, err := c.read(t)
	if err != nil || m.Confirmation != "" && c.config.ConfirmationURL == "" {
		return subscription.Permanent(errTarget)
	}
	timeout := t.Timeout
	if timeout <= 0 {
		timeout = c.config.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return classify(ctx, connecting, err)
	}
	limit := c.notices
	if m.Confirmation != "" {
		limit = c.questions
	}
	wait, giveBack := limit.take(to, time.Now())
	if wait > 0 {
		return subscription.RetryAfter(errTooMany, wait)
	}
	mail, err := c.write(ctx, t, m, to, p, subject)
	if err != nil {
		giveBack()
		return err
	}
	at := connecting
	var failed error
	err = c.pool.with(ctx, func(conn *connection) (again bool) {
		at, again, failed = conn.send(ctx, c.from.Address, to, mail)
		return again
	})
	if err == nil {
		err = failed
	}
	if err == nil {
		return nil
	}
	if at < content {
		giveBack()
	}
	return outcome(ctx, at, err)
}
