package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/carillon-fhir/carillon/subscription"
)

// Wake implements subscription.Waker by NOTIFY on the channel that is called like the
// schema. It has a transaction of its own, since PostgreSQL lets transactions that
// notify commit only one after another.
func (s *Store) Wake(ctx context.Context, node string, w subscription.Work) error {
	if s.config.PollOnly {
		return ctx.Err()
	}
	_, err := s.pool.Exec(ctx, `SELECT pg_notify($1::text, $2::text)`, s.config.Schema, string(w)+" "+node)
	return failed("waking other nodes", err)
}

// Listen implements subscription.Waker with a connection of its own, which is not one
// of the pool's.
func (s *Store) Listen(ctx context.Context, node string, f func(subscription.Work)) error {
	if s.config.PollOnly {
		<-ctx.Done()
		return nil
	}
	err := s.listen(ctx, node, f)
	if ctx.Err() != nil {
		return nil
	}
	return failed("listening", err)
}

func (s *Store) listen(ctx context.Context, node string, f func(subscription.Work)) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{s.config.Schema}.Sanitize()); err != nil {
		return err
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if w, from, ok := strings.Cut(n.Payload, " "); ok && from != node {
			f(subscription.Work(w))
		}
	}
}

// connect takes a connection out of the pool for good, unless there is a way of its
// own to connect for listening.
func (s *Store) connect(ctx context.Context) (*pgx.Conn, error) {
	if s.config.Listen != nil {
		return pgx.ConnectConfig(ctx, s.config.Listen.Copy())
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return conn.Hijack(), nil
}
