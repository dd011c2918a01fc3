package postgres

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/carillon-fhir/carillon/subscription"
)

// Shards implements subscription.Sharded.
func (s *Store) Shards(ctx context.Context) (int, error) {
	n, err := s.shards(ctx, s.pool, selectShards)
	return n, failed("reading the number of shards", err)
}

func (s *Store) shards(ctx context.Context, in querier, q query) (n int, err error) {
	err = s.each(ctx, in, q, nil, func(row pgx.Row) error { return row.Scan(&n) })
	if err == nil && n < 1 {
		err = &ownError{"the number of shards is missing"}
	}
	return n, err
}

// Reshard sets how many shards there are, so that so many nodes can sequence at the
// same time. It is a command for an operator, not for every start: Migrate makes one
// shard, which is right until a processor of its own no longer keeps up.
//
// Nodes may run meanwhile. Those that sequence lose their leases, and whatever they
// commit under them is refused. The new shards begin where the last of the old ones
// stood, and each subscription remembers how far it was sequenced, so that no change
// is numbered twice or left out. All writes of subscriptions and deliveries wait
// until it is done, which rewrites a narrow row of each subscription.
func (s *Store) Reshard(ctx context.Context, n int) error {
	if n < 1 {
		return &ownError{"the number of shards must be at least 1"}
	}
	return failed("changing the number of shards", s.transact(ctx, func(tx pgx.Tx) error {
		old, err := s.shards(ctx, tx, lockShards)
		if err != nil || old == n {
			return err
		}
		cursors := map[string]int64{}
		err = s.each(ctx, tx, lockLeases, nil, func(row pgx.Row) error {
			var name string
			var cursor int64
			err := row.Scan(&name, &cursor)
			cursors[name] = cursor
			return err
		})
		if err != nil {
			return err
		}
		return s.reshard(ctx, tx, old, n, cursors)
	}))
}

// reshard replaces the leases of old shards, whose cursors are given by name, by those
// of n.
func (s *Store) reshard(ctx context.Context, tx pgx.Tx, old, n int, cursors map[string]int64) error {
	if _, err := tx.Exec(ctx, s.texts[lockTable]); err != nil {
		return err
	}
	var batch pgx.Batch
	names, passed := make([]string, old), make([]int64, old)
	for shard := range old {
		names[shard] = subscription.LeaseName(shard, old)
		passed[shard] = cursors[names[shard]]
	}
	last := slices.Min(passed)
	batch.Queue(s.texts[passDeliveries], passed)
	batch.Queue(s.texts[deleteLeases], names)
	for shard := range n {
		batch.Queue(s.texts[insertLease], subscription.LeaseName(shard, n), last)
	}
	batch.Queue(s.texts[updateShards], n)
	return tx.SendBatch(ctx, &batch).Close()
}

// requireShard returns ErrFenced if name is the lease of a shard that there is not (all
// names that begin like theirs are taken for such), and otherwise keeps the number of
// shards as it is until tx ends.
func (s *Store) requireShard(ctx context.Context, tx pgx.Tx, name string) error {
	if !strings.HasPrefix(name, subscription.LeaseName(0, 1)) {
		return nil
	}
	n, err := s.shards(ctx, tx, holdShards)
	if err != nil {
		return err
	}
	for shard := range n {
		if name == subscription.LeaseName(shard, n) {
			return nil
		}
	}
	return subscription.ErrFenced
}
