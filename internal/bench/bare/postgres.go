package bare

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Postgres is a Log in tables of its own.
type Postgres struct{ pool *pgxpool.Pool }

// NewPostgres makes its tables.
func NewPostgres(ctx context.Context, pool *pgxpool.Pool) (*Postgres, error) {
	_, err := pool.Exec(ctx, `
		CREATE TABLE bare_change (id bigint PRIMARY KEY, resource bytea NOT NULL);
		ALTER TABLE bare_change ALTER resource SET STORAGE EXTERNAL;
		CREATE TABLE bare_delivery (subscriber bigint, number bigint, change bigint, PRIMARY KEY (subscriber, number));
		CREATE TABLE bare_row (a bigint, b bigint, c bigint, PRIMARY KEY (a, b))`)
	return &Postgres{pool}, err
}

// Commit implements Log: each list is one statement.
func (p *Postgres) Commit(ctx context.Context, added, done []*Event) error {
	if n := len(added); n > 0 {
		ids, subscribers, numbers, resources := make([]int64, n), make([]int64, n), make([]int64, n), make([][]byte, n)
		for i, e := range added {
			ids[i], subscribers[i], numbers[i], resources[i] = e.ID, e.Subscriber, e.Number, e.Resource
		}
		if _, err := p.pool.Exec(ctx, `
			WITH change AS (INSERT INTO bare_change SELECT * FROM unnest($1::bigint[], $2::bytea[]))
			INSERT INTO bare_delivery SELECT * FROM unnest($3::bigint[], $4::bigint[], $1)`, ids, resources, subscribers, numbers); err != nil {
			return err
		}
	}
	if n := len(done); n > 0 {
		subscribers, numbers := make([]int64, n), make([]int64, n)
		for i, e := range done {
			subscribers[i], numbers[i] = e.Subscriber, e.Number
		}
		if _, err := p.pool.Exec(ctx, `
			DELETE FROM bare_delivery d USING unnest($1::bigint[], $2::bigint[]) AS ended (subscriber, number)
			WHERE d.subscriber = ended.subscriber AND d.number = ended.number`, subscribers, numbers); err != nil {
			return err
		}
	}
	return nil
}

// Separate implements Log: what is added and what is done commit side by side.
func (p *Postgres) Separate() bool { return true }

// Close implements Log. It leaves the pool to whoever opened it.
func (p *Postgres) Close() error { return nil }

// Rows inserts rows of three integers in one statement.
func (p *Postgres) Rows(ctx context.Context, round int64, keys []int64) error {
	_, err := p.pool.Exec(ctx, `INSERT INTO bare_row SELECT key, $2, $2 FROM unnest($1::bigint[]) AS k (key)`, keys, round)
	return err
}
