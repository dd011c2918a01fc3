package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Prune implements subscription.Store. It waits for nobody and nobody waits for it;
// rows that another Prune is removing are passed over.
func (s *Store) Prune(ctx context.Context, before, now time.Time, limit int) (int, error) {
	removed := 0
	var batch pgx.Batch
	batch.Queue(s.texts[lookUp])
	for _, old := range []struct {
		query
		until time.Time
	}{{pruneEvents, before}, {pruneChanges, before}, {pruneTokens, now}} {
		batch.Queue(s.texts[old.query], micros(old.until), max(limit, 0)).Exec(func(tag pgconn.CommandTag) error {
			removed += int(tag.RowsAffected())
			return nil
		})
	}
	if err := s.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return 0, failed("pruning", err)
	}
	return removed, nil
}
