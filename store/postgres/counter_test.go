package postgres_test

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

// counter counts what a host's transaction is asked to do.
type counter struct {
	h          host
	statements int
	rows       int64
}

func (c *counter) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	tag, err := c.h.pool.Exec(ctx, sql, args...)
	c.statements++
	c.rows += tag.RowsAffected()
	return tag, err
}
