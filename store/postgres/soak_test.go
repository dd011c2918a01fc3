package postgres_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// The tables don't grow with what has passed through them: CARILLON_TEST_CYCLES rounds
// of a thousand changes, each an event of ten subscriptions, delivered and pruned, with
// the server's own autovacuum. It prints the sizes as it goes.
func TestTablesStaySmall(t *testing.T) {
	cycles, err := strconv.Atoi(os.Getenv("CARILLON_TEST_CYCLES"))
	if err != nil {
		t.Skip("set CARILLON_TEST_CYCLES, such as 300, to run this test for some minutes")
	}
	h := newHost(t)
	f := newFleet(t, h, 1000)
	ctx := t.Context()
	var half int64
	for cycle := range cycles {
		now := at(int64(1_000_000 * (cycle + 2)))
		changes := make([]subscription.Change, 1000)
		for i := range changes {
			changes[i] = sample(0)
			changes[i].At = now
		}
		require.NoError(t, h.Append(ctx, changes))
		f.lease, err = h.Acquire(ctx, "sequencer", "n", now, now.Add(time.Minute))
		require.NoError(t, err)
		read, err := h.ReadChanges(ctx, f.lease.Cursor, 2000)
		require.NoError(t, err)
		c := subscription.Commit{Cursor: read[len(read)-1].Position, At: now}
		counts := make([]int64, len(f.keys))
		all, err := h.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, Limit: len(f.keys)})
		require.NoError(t, err)
		for i, r := range all {
			counts[i] = r.Count
		}
		for i, change := range read {
			for k := range 10 {
				n := (i*10 + k) % len(all)
				counts[n]++
				c.Events = append(c.Events, subscription.NewEvent{Key: all[n].Key, Number: counts[n], Position: change.Position})
			}
		}
		require.NoError(t, h.CommitEvents(ctx, f.lease, c))
		f.number = now.UnixMicro()
		f.deliver(t)
		for removed := 1; removed > 0; {
			removed, err = h.Prune(ctx, now.Add(-5*time.Second), now, 5000)
			require.NoError(t, err)
		}
		if cycle%max(cycles/6, 1) == 0 || cycle == cycles-1 {
			text, total := sizes(t, h)
			t.Logf("cycle %d:%s", cycle, text)
			if cycle <= cycles/2 {
				half = total
			}
			require.LessOrEqual(t, total, 2*half, "the tables still grow")
		}
	}
}

// sizes returns how big each table is with its indexes, and all together.
func sizes(t *testing.T, h host) (text string, total int64) {
	rows, err := h.pool.Query(t.Context(), `SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables
		WHERE schemaname = 'carillon' ORDER BY 2 DESC LIMIT 6`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		var size int64
		require.NoError(t, rows.Scan(&name, &size))
		text += fmt.Sprintf(" %s %d KB", name, size/1024)
		total += size
	}
	require.NoError(t, rows.Err())
	return text, total
}
