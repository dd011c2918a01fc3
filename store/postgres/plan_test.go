package postgres

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
)

func newStore(t *testing.T) *Store {
	pool, err := pgxpool.New(t.Context(), postgrestest.DSN(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s := New(pool, Config{})
	require.NoError(t, s.Migrate(t.Context()))
	return s
}

// C12 of the delivery contract's tests: no statement on the way of an event reads a
// table as a whole, whose cost would grow with the history.
func TestPlansUseIndexes(t *testing.T) {
	s := newStore(t)
	ctx := t.Context()
	conn, err := s.pool.Acquire(ctx)
	require.NoError(t, err)
	defer conn.Release()
	_, err = conn.Exec(ctx, `
		INSERT INTO carillon.change SELECT p, 't', p, 0, '', '', '', '', '', '', '', '', '', '', 0, '' FROM generate_series(1, 20000) p;
		INSERT INTO carillon.subscription (tenant, id, owner, revision, updated_at, status, error, max_count)
			SELECT 'tenant ' || k % 10, k, '', 1, 0, 'active', '', 1 FROM generate_series(1, 10000) k;
		INSERT INTO carillon.delivery SELECT k, 'tenant ' || k % 10, 1, 1, 0, 0, 0, 0, 0, 0, CASE WHEN k % 2 = 0 THEN k END,
			0, CASE WHEN k % 100 = 0 THEN k END, true, false FROM generate_series(1, 10000) k;
		INSERT INTO carillon.event SELECT k, 1, k, false FROM generate_series(1, 20000) k;
		INSERT INTO carillon.lease (name, node, until, cursor) VALUES ('sequencer', 'n', 0, 100);
		ANALYZE carillon.change, carillon.subscription, carillon.delivery, carillon.event;
		SET plan_cache_mode = force_generic_plan; SET max_parallel_workers_per_gather = 0`)
	require.NoError(t, err)
	whole := map[query]string{
		releaseClaims:  "once in the life of a process, and narrow rows",
		passDeliveries: "a command of the operator for all subscriptions",
		measureEvents:  "narrow rows, now and then",
	}
	scan := regexp.MustCompile(`Seq Scan on (change|subscription|delivery|event)\b`)
	parameter := regexp.MustCompile(`\$(\d+)::(\w+(\[\])?)`)
	for q, text := range s.texts {
		if q := query(q); q == insertValues || q == lockTable || q == numberChanges {
			continue // a fragment, and what can't be explained
		}
		types := map[string]string{}
		for _, m := range parameter.FindAllStringSubmatch(text, -1) {
			types[m[1]] = m[2]
		}
		execute := fmt.Sprintf("q%d", q)
		if len(types) > 0 {
			execute += "(" + strings.Repeat("NULL, ", len(types)-1) + "NULL)"
		}
		if query(q) == pruneEvents { // and what comes after it: as in Prune
			_, err := conn.Exec(ctx, strings.ReplaceAll(s.texts[lookUp], "true", "false"))
			require.NoError(t, err)
		}
		_, err := conn.Exec(ctx, fmt.Sprintf("PREPARE q%d AS %s", q, text))
		require.NoError(t, err, text)
		rows, err := conn.Query(ctx, "EXPLAIN EXECUTE "+execute)
		require.NoError(t, err, text)
		var plan strings.Builder
		for rows.Next() {
			var line string
			require.NoError(t, rows.Scan(&line))
			plan.WriteString(line + "\n")
		}
		require.NoError(t, rows.Err())
		if _, ok := whole[query(q)]; !ok {
			require.NotRegexp(t, scan, plan.String(), text)
		}
	}
}
