// Package egress makes the requests of channels that send over HTTP: one attempt to
// POST a message to an endpoint that a stranger named. The channels rest-hook and
// message are built on it, and so can be one of a host's own:
//
//	type Chat struct{ sender *egress.Sender }
//
//	func (c *Chat) Type() string { return "https://example.org/channels|chat" }
//
//	func (c *Chat) Check(ctx context.Context, t subscription.Target) error {
//		return c.sender.Check(ctx, t)
//	}
//
//	func (c *Chat) Send(ctx context.Context, t subscription.Target, m subscription.Message) error {
//		m.ContentType, m.Body = "application/json", c.text(m)
//		if err := c.sender.Send(ctx, t, m); err != nil {
//			return fmt.Errorf("chat: %w", err)
//		}
//		return nil
//	}
//
// [New] takes a [Config], whose zero value is safe on the open internet: only https is
// spoken, every address is checked when it is dialled, after its name was resolved, and
// refused if it is of a special-purpose range and not within AllowNetworks; a proxy of
// the environment is not used; redirects are not followed; an answer is read up to a
// limit and never unpacked. It is done with what the Subscription and the host give:
// headers, secrets, certificates, access tokens and signatures. Each tenant has
// connections and tokens of its own.
//
// A [Sender] has the methods of subscription.Channel but for Type, and
// [Sender.Ask] for endpoints who say in the answer's body what became of the message.
// Its errors are of the classes that the engine knows, such as subscription.Permanent.
// Their texts name the class of what went wrong, such as "status 500" or "blocked
// address", and nothing of the endpoint, its answer or the request; the channel says
// whose they are.
package egress
