package sqlite

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
)

// C12 of the delivery contract's tests: no query on the way of an event scans a
// table, whose cost would grow with the history.
func TestPlansUseIndexes(t *testing.T) {
	db, err := modernc.Open(filepath.Join(t.TempDir(), "plan.db"))
	require.NoError(t, err)
	defer db.Close()
	store := New(db, Config{})
	require.NoError(t, store.Migrate(t.Context()))
	scans := map[query]string{
		lockDatabase:  "one row, and false",
		releaseLeases: "a lease for each shard",
		selectDue:     "once in the life of a process, and narrow rows",
		lastToken:     "one row",
		reserveTokens: "one row",
		pruneChanges:  "the least of the leases' cursors",

		measureChanges: "the least of the leases' cursors",
		measureEvents:  "narrow rows, now and then",

		advanceDeliveries: "the parameter is grouped, no table",
	}
	placeholder := regexp.MustCompile(`\?\d*`)
	for q, text := range texts {
		rows, err := db.Query("EXPLAIN QUERY PLAN " + placeholder.ReplaceAllString(text, "1"))
		require.NoError(t, err, text)
		for rows.Next() {
			var id, parent, unused int
			var detail string
			require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
			if strings.HasPrefix(detail, "SCAN carillon_") || strings.HasPrefix(detail, "SCAN e") ||
				strings.HasPrefix(detail, "SCAN c") || strings.HasPrefix(detail, "SCAN d") ||
				strings.HasPrefix(detail, "SCAN s") || strings.Contains(detail, "TEMP B-TREE") {
				require.Contains(t, scans, query(q), "%s\n%s", detail, text)
			}
		}
		require.NoError(t, rows.Err())
	}
}
