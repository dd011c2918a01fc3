package postgres

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/subscription"
)

// firstFinish is what finish was in the release whose schema has version 1.
const firstFinish = `SET cursor = o.cursor, frozen = o.frozen, attempt = o.attempt, failing_since = o.failing_since,
		sent_at = o.sent_at, due = CASE WHEN o.eager AND d.count > o.cursor THEN o.at ELSE o.due END,
		eager = o.eager, announce = o.announce, node = NULL, until = NULL`

// firstInsert is what appended in the releases whose schema has a version up to 3.
const firstInsert = `INSERT INTO carillon.incoming (append, nth, ` + changeRow + `)
	SELECT (SELECT nextval('carillon.append')), nth, ` + changeRow + ` FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[],
		$5::text[], $6::bytea[], $7::bytea[], $8::text[], $9::text[], $10::bytea[], $11::text[], $12::bytea[], $13::text[],
		$14::bigint[], $15::bytea[]) WITH ORDINALITY AS c (` + changeRow + `, nth)`

// newOld returns a store of the release whose schema has a version, on a database of that
// version. Statements that are not replaced here were the same then, or do the same.
func newOld(t *testing.T, version int) (*Store, *pgxpool.Pool) {
	pool, err := pgxpool.New(t.Context(), postgrestest.DSN(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s := New(pool, Config{})
	s.texts[insertChanges] = s.in(firstInsert)
	s.texts[appendChanges] = s.in(`WITH inserted AS (` + firstInsert + `) SELECT 0::bigint`)
	s.texts[numberChanges] = s.in(`SELECT -1::bigint, NULL::bigint[], NULL::bigint, NULL::bigint, NULL::bigint
		FROM (SELECT carillon.move($1::bigint, $2::bigint), $3::bigint) moved`) // then it reads the log
	replace := func(old, first string, in ...query) {
		for _, q := range in {
			text := strings.ReplaceAll(s.texts[q], old, first)
			require.NotEqual(t, s.texts[q], text)
			s.texts[q] = text
		}
	}
	replace("c.position > 0 AND ", "", pruneEvents, pruneChanges)
	replace("greatest(d.claim + 1, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint)", "d.claim + 1", claimDue, claimInTurn)
	if version == 1 {
		replace(finish, firstFinish, finishUnchanged, finishDelivery)
	}
	execute := func(text string) {
		_, err := pool.Exec(t.Context(), text)
		require.NoError(t, err)
	}
	execute(`CREATE SCHEMA carillon`)
	execute(`CREATE TABLE carillon.migration (version bigint NOT NULL)`)
	names, err := fs.Glob(migrations, "migrations/*.sql")
	require.NoError(t, err)
	for i, name := range names[:version] {
		text, err := migrations.ReadFile(name)
		require.NoError(t, err)
		execute(string(text))
		execute(fmt.Sprintf(`INSERT INTO carillon.migration VALUES (%d)`, i+1))
	}
	return s, pool
}

// day is when everything here happens.
var day = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// What goes through the nodes: an event of each subscription for each change.
const firstSubscriptions, firstChanges = 5, 120

// firstNode claims and finishes with a store until deliver, which it tells each event,
// says that all is delivered.
func firstNode(t *testing.T, s *Store, node string, deliver func(key, number int64) (all bool)) {
	for {
		claims, _, err := s.Claim(t.Context(), node, day, day.Add(time.Minute), 2)
		if !assert.NoError(t, err) {
			return
		}
		for _, c := range claims {
			events, err := s.ReadEvents(t.Context(), c.Key, c.Cursor+1, c.Frozen, 100)
			if !assert.NoError(t, err) || !assert.Len(t, events, int(c.Frozen-c.Cursor)) {
				return
			}
			for _, e := range events {
				deliver(c.Key, e.Number)
			}
			o := subscription.Outcome{Key: c.Key, Token: c.Token, At: day, Status: c.Status, Spec: c.Spec, Cursor: c.Frozen, SentAt: day, Eager: true}
			if !assert.NoError(t, s.Finish(t.Context(), o)) {
				return
			}
		}
		if deliver(0, 0) {
			return
		}
	}
}

// C10: what is under way in a database of an earlier version goes on while it is migrated,
// and a node of the old release works beside one of this one. What one of the first release
// does not do is to look at cursors that Advance has raised: subscribers may connect when
// it is gone.
func TestMigrateWithWorkInFlight(t *testing.T) {
	for _, version := range []int{1, 3} {
		t.Run(fmt.Sprint("from ", version), func(t *testing.T) { testMigrateWithWorkInFlight(t, version) })
	}
}

func testMigrateWithWorkInFlight(t *testing.T, version int) {
	old, pool := newOld(t, version)
	ctx := t.Context()
	var keys []int64
	for i := range firstSubscriptions {
		r, err := old.PutSubscription(ctx, subscription.Record{Tenant: fmt.Sprint(i % 2), ID: fmt.Sprint(i), UpdatedAt: day,
			Status: subscription.StatusActive, MaxCount: 3, Eager: true}, 0)
		require.NoError(t, err)
		keys = append(keys, r.Key)
	}
	lease, err := old.Acquire(ctx, "sequencer", "old", day, day.Add(time.Minute))
	require.NoError(t, err)
	counts := map[int64]int64{}
	sequence := func(s *Store, l *subscription.Lease, n int) {
		for i := range n {
			require.NoError(t, s.Append(ctx, []subscription.Change{{Tenant: "0", At: day, ResourceType: "Observation", ResourceID: fmt.Sprint(i)}}))
		}
		for {
			changes, err := s.ReadChanges(ctx, l.Cursor, 7)
			require.NoError(t, err)
			if len(changes) == 0 {
				return
			}
			c := subscription.Commit{At: day}
			for _, change := range changes {
				c.Cursor = change.Position
				for _, key := range keys {
					counts[key]++
					c.Events = append(c.Events, subscription.NewEvent{Key: key, Number: counts[key], Position: change.Position})
				}
			}
			require.NoError(t, s.CommitEvents(ctx, *l, c))
			l.Cursor = c.Cursor
		}
	}
	sequence(old, &lease, firstChanges/3)
	inFlight, _, err := old.Claim(ctx, "old", day, day.Add(time.Minute), 2)
	require.NoError(t, err)
	require.Len(t, inFlight, 2)
	require.NoError(t, old.Append(ctx, []subscription.Change{{Tenant: "0", At: day, ResourceID: "not sequenced"}}))

	var mu sync.Mutex
	delivered, remaining := map[int64][]int64{}, firstSubscriptions*firstChanges
	deliver := func(key, number int64) bool {
		mu.Lock()
		defer mu.Unlock()
		if key != 0 {
			delivered[key] = append(delivered[key], number)
			remaining--
		}
		return remaining == 0
	}
	current := New(pool, Config{})
	var working sync.WaitGroup
	working.Go(func() { firstNode(t, old, "old", deliver) })
	require.NoError(t, current.Migrate(ctx))
	require.NoError(t, current.Migrate(ctx))
	working.Go(func() { firstNode(t, current, "current", deliver) })
	for _, c := range inFlight { // by the node that claimed before
		for n := c.Cursor + 1; n <= c.Frozen; n++ {
			deliver(c.Key, n)
		}
		require.NoError(t, old.Finish(ctx, subscription.Outcome{
			Key: c.Key, Token: c.Token, At: day, Status: c.Status, Spec: c.Spec, Cursor: c.Frozen, SentAt: day, Eager: true}))
	}
	require.NoError(t, current.Append(ctx, []subscription.Change{{Tenant: "0", At: day, ResourceID: "by the new one"}}))
	sequence(old, &lease, firstChanges/3-2) // and what was not sequenced
	_, err = current.Acquire(ctx, "sequencer", "current", day, day.Add(time.Minute))
	require.ErrorIs(t, err, subscription.ErrHeld)
	fenced := lease
	lease, err = current.Acquire(ctx, "sequencer", "current", day.Add(time.Minute), day.Add(time.Hour))
	require.NoError(t, err)
	require.ErrorIs(t, old.CommitEvents(ctx, fenced, subscription.Commit{Cursor: fenced.Cursor}), subscription.ErrFenced)
	sequence(current, &lease, firstChanges/3)
	working.Wait()
	require.Len(t, delivered, firstSubscriptions)
	lost, twice, disorder := 0, 0, 0
	for _, key := range keys {
		lost += firstChanges - len(delivered[key])
		disorder += len(delivered[key])
		if slices.IsSorted(delivered[key]) {
			disorder -= len(delivered[key])
		}
		twice += len(delivered[key]) - len(slices.Compact(slices.Clone(delivered[key])))
	}
	t.Logf("C10 version=%d events=%d lost=%d twice=%d disorder=%d", version, firstSubscriptions*firstChanges, lost, twice, disorder)
	require.Zero(t, lost+twice+disorder)
	require.NoError(t, current.PutToken(ctx, subscription.Token{Hash: "a", Until: day}), "what is new")
	_, err = current.TakeToken(context.Background(), "", "a", day.Add(-time.Second))
	require.NoError(t, err)
}

// An old node that prunes knows nothing of changes that wait for their positions.
func TestOldNodePrunesNothingThatWaits(t *testing.T) {
	old, pool := newOld(t, 3)
	ctx := t.Context()
	current := New(pool, Config{})
	require.NoError(t, current.Migrate(ctx))
	_, err := old.Acquire(ctx, "sequencer", "old", day, day.Add(time.Minute))
	require.NoError(t, err)
	_, err = current.PutSubscription(ctx, subscription.Record{ID: "s", UpdatedAt: day, Spec: []byte("spec")}, 0)
	require.NoError(t, err)
	require.NoError(t, old.Append(ctx, []subscription.Change{{At: day, ResourceID: "old"}}))
	removed, err := old.Prune(ctx, day.Add(time.Hour), day, 100)
	require.NoError(t, err)
	require.Zero(t, removed)
	read, err := current.ReadChanges(ctx, 0, 10)
	require.NoError(t, err)
	require.Len(t, read, 2)
	require.Equal(t, []byte("spec"), read[0].Spec)
	require.Equal(t, "old", read[1].ResourceID)
}

// What an old node's host commits late is found, wherever this one has stopped looking.
func TestOldNodeCommitsLate(t *testing.T) {
	old, pool := newOld(t, 3)
	ctx, after := t.Context(), int64(0)
	current := New(pool, Config{})
	require.NoError(t, current.Migrate(ctx))
	read := func(id string) {
		changes, err := current.ReadChanges(ctx, after, 1)
		require.NoError(t, err)
		require.Len(t, changes, 1)
		require.Equal(t, id, changes[0].ResourceID)
		after = changes[0].Position
	}
	tx, err := pool.Begin(ctx)
	require.NoError(t, err)
	defer tx.Rollback(context.Background())
	_, err = tx.Exec(ctx, `SELECT nextval('carillon.append') FROM generate_series(1, 10)`)
	require.NoError(t, err)
	require.NoError(t, old.Tx(tx).Append(ctx, []subscription.Change{{ResourceID: "a"}, {ResourceID: "b"}, {ResourceID: "c"}}))
	for range 3 {
		require.NoError(t, current.Append(ctx, []subscription.Change{{ResourceID: "before"}}))
		changes, err := current.ReadChanges(ctx, after, 10)
		require.NoError(t, err)
		require.Len(t, changes, 1)
		after = changes[0].Position
	}
	require.NoError(t, tx.Commit(ctx))
	require.NoError(t, current.Append(ctx, []subscription.Change{{ResourceID: "d"}}))
	for _, id := range []string{"a", "b", "c", "d"} {
		read(id)
	}
}

// Nor does it get lost if this one is behind, and the log alone fills what it reads.
func TestOldNodeCommitsLateBehindAFullRead(t *testing.T) {
	_, pool := newOld(t, 3)
	ctx, after := t.Context(), int64(0)
	current := New(pool, Config{})
	require.NoError(t, current.Migrate(ctx))
	var want []string
	pass := func() {
		require.NoError(t, current.Append(ctx, []subscription.Change{{ResourceID: "before"}}))
		changes, err := current.ReadChanges(ctx, after, 10)
		require.NoError(t, err)
		require.Len(t, changes, 1)
		want, after = append(want, "before"), changes[0].Position
	}
	pass()
	pass()
	var tx pgx.Tx
	var place int64
	for numbered := true; numbered; { // the first place of many gives its transaction a number at once
		if tx != nil {
			require.NoError(t, tx.Rollback(ctx))
		}
		var err error
		tx, err = pool.Begin(ctx)
		require.NoError(t, err)
		require.NoError(t, tx.QueryRow(ctx, `SELECT nextval('carillon.append')`).Scan(&place)) // and there it waits
		require.NoError(t, tx.QueryRow(ctx, `SELECT pg_current_xact_id_if_assigned() IS NOT NULL`).Scan(&numbered))
	}
	defer tx.Rollback(context.Background())
	for beyond := int64(math.MinInt64); beyond < math.MinInt64+(place+1)<<20-1; beyond, _ = current.waiting.from() {
		pass()
	}
	_, err := tx.Exec(ctx, `INSERT INTO carillon.incoming SELECT $1, 1, '', 0, 1, '', 'late', NULL, NULL, '', '', NULL, '', '', '', 0, NULL`, place)
	require.NoError(t, err)
	require.NoError(t, tx.Commit(ctx))
	var ids []string
	for after = 0; ; {
		changes, err := current.ReadChanges(ctx, after, 2)
		require.NoError(t, err)
		if len(changes) == 0 {
			break
		}
		for _, c := range changes {
			ids, after = append(ids, c.ResourceID), c.Position
		}
	}
	require.Equal(t, append(want, "late"), ids)
}

// An old node that is started again says why it does not work.
func TestMigrateByAnOldRelease(t *testing.T) {
	s := newStore(t)
	_, err := s.pool.Exec(t.Context(), `INSERT INTO carillon.migration SELECT max(version) + 1 FROM carillon.migration`)
	require.NoError(t, err)
	require.ErrorIs(t, s.Migrate(t.Context()), ErrNewerSchema)
}
