package sqlite

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/subscription"
)

// firstSchema is a file as 0001 left it in the middle of work: two tenants; three
// events, of which "late" was delivered the first and has claimed the second;
// "waiting" is due; node "n" sequences.
const firstSchema = `
	CREATE TABLE carillon_schema (version INTEGER NOT NULL);
	INSERT INTO carillon_schema VALUES (1);
	INSERT INTO carillon_change VALUES
		(1, 'north', 1, 1, '', '', NULL, NULL, '', '', '', '', '', 1, x'01'),
		(2, 'south', 1, 1, '', '', NULL, NULL, '', '', '', '', '', 2, x'02'),
		(3, 'north', 2, 1, 'Observation', 'a', x'7b7d', NULL, '["http://example.org/t"]', '', 'POST', 'Observation', '201', 0, NULL),
		(4, 'north', 3, 1, 'Observation', 'b', x'7b7d', NULL, '["http://example.org/t"]', '', 'POST', 'Observation', '201', 0, NULL),
		(5, 'south', 4, 1, 'Observation', 'c', x'7b7d', NULL, '["http://example.org/t"]', '', 'POST', 'Observation', '201', 0, NULL);
	INSERT INTO carillon_subscription VALUES
		(1, 'north', 'late', 1, x'7b7d', 1, 'active', '', x'01', x'01', 1),
		(2, 'south', 'waiting', 1, x'7b7d', 1, 'active', '', x'02', x'02', 1);
	INSERT INTO carillon_delivery VALUES
		(1, 2, 1, 2, 0, -62135596800000000, 2, 3, 1, 0, 7, 'n', 1000000),
		(2, 1, 0, 0, 0, -62135596800000000, -62135596800000000, 4, 1, 0, 0, NULL, NULL);
	INSERT INTO carillon_event VALUES (1, 1, 3, 0), (1, 2, 4, 0), (2, 1, 4, 0);
	INSERT INTO carillon_lease VALUES ('sequencer', 'n', 5, 1000000, 4);`

// C10: what is under way in a file of an earlier schema goes on after the upgrade.
func TestMigrateWithWorkInFlight(t *testing.T) {
	for version := 1; version <= 4; version++ {
		t.Run(fmt.Sprint("schema ", version), func(t *testing.T) { migrateWithWorkInFlight(t, version) })
	}
}

func migrateWithWorkInFlight(t *testing.T, version int) {
	db, err := modernc.Open(filepath.Join(t.TempDir(), "old.db"))
	require.NoError(t, err)
	defer db.Close()
	first, err := migrations.ReadFile("migrations/0001_create.sql")
	require.NoError(t, err)
	_, err = db.Exec(string(first) + firstSchema)
	require.NoError(t, err)
	names, err := fs.Glob(migrations, "migrations/*.sql")
	require.NoError(t, err)
	for _, name := range names[1:version] {
		text, err := migrations.ReadFile(name)
		require.NoError(t, err)
		_, err = db.Exec(string(text))
		require.NoError(t, err)
	}
	_, err = db.Exec(`UPDATE carillon_schema SET version = ?`, version)
	require.NoError(t, err)
	s, ctx := New(db, Config{}), t.Context()
	defer s.waitIdle()
	require.NoError(t, s.Migrate(ctx))
	at := time.UnixMicro

	log, err := s.ReadChanges(ctx, 4, 9)
	require.NoError(t, err)
	require.Len(t, log, 1)
	require.Equal(t, []string{"c", "http://example.org/t"}, []string{log[0].ResourceID, log[0].Topics[0]})
	require.Empty(t, log[0].Events)

	// The claim has ended with its process: its events are due, the same batch of them. The
	// sequencer's lease goes on.
	outcome := subscription.Outcome{
		Key: 1, Token: 7, At: at(6), Status: subscription.StatusActive, Spec: []byte{1}, Cursor: 2, SentAt: at(6), Eager: true,
	}
	require.ErrorIs(t, s.Finish(ctx, outcome), subscription.ErrLost)
	claims, next, err := s.Claim(ctx, "n", at(3), at(9), 1)
	require.NoError(t, err)
	require.Len(t, claims, 1, "the other is not due")
	require.Equal(t, []int64{1, 2}, []int64{claims[0].Key, claims[0].Frozen})
	require.Greater(t, claims[0].Token, int64(7))
	require.Equal(t, at(4).UTC(), next)
	require.ErrorIs(t, s.Finish(ctx, outcome), subscription.ErrLost)
	outcome.Token = claims[0].Token
	require.NoError(t, s.CommitEvents(ctx, subscription.Lease{Name: "sequencer", Token: 5, Cursor: 4}, subscription.Commit{
		Cursor: 5, At: at(5), Events: []subscription.NewEvent{{Key: 1, Number: 3, Position: 5}, {Key: 2, Number: 2, Position: 5}},
	}))
	require.NoError(t, s.Finish(ctx, outcome))

	// Both have tenants, who take turns; the numbers go on.
	other, err := s.PutSubscription(ctx, subscription.Record{Tenant: "south", ID: "new", MaxCount: 1, Due: at(5)}, 0)
	require.NoError(t, err)
	require.Equal(t, int64(3), other.Key)
	claims, _, err = s.Claim(ctx, "n", at(7), at(9), 2)
	require.NoError(t, err)
	require.Len(t, claims, 2)
	require.Equal(t, []int64{2, 1}, []int64{claims[0].Key, claims[1].Key}, "south has two, but north has waited for its turn")
	require.Equal(t, []int64{1, 3}, []int64{claims[0].Frozen, claims[1].Frozen})
	events, err := s.ReadEvents(ctx, 1, 1, 3, 9)
	require.NoError(t, err)
	require.Len(t, events, 3)
	require.Equal(t, []int64{3, 4, 5}, []int64{events[0].Change.Position, events[1].Change.Position, events[2].Change.Position})
}
