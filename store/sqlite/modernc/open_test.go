package modernc_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/store/sqlite/filelock"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Every connection has the settings, not only the first, and in a folder whose name
// needs escaping, too.
func TestEveryConnectionIsSafe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a ?&#%20 folder")
	require.NoError(t, os.Mkdir(dir, 0o700))
	db, err := modernc.Open(filepath.Join(dir, "carillon.db"))
	require.NoError(t, err)
	defer db.Close()
	require.FileExists(t, filepath.Join(dir, "carillon.db"))
	var conns []*sql.Conn
	for range db.Stats().MaxOpenConnections {
		conn, err := db.Conn(t.Context())
		require.NoError(t, err)
		conns = append(conns, conn)
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "busy_timeout": "10000", "foreign_keys": "1",
		} {
			var got string
			require.NoError(t, conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
			require.Equal(t, want, got, pragma)
		}
	}
	for _, conn := range conns {
		require.NoError(t, conn.Close())
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, file := range []string{"", ":memory:", filepath.Join(t.TempDir(), "absent", "carillon.db")} {
		_, err := modernc.Open(file)
		require.Error(t, err)
	}
	text := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(text, []byte("This is no database, whatever its name may be."), 0o600))
	_, err := modernc.Open(text)
	require.Error(t, err)
}

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "carillon")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	db, err := modernc.Open(filepath.Join(dir, "carillon.db"))
	if err != nil {
		panic(err)
	}
	defer db.Close()
	var mode string
	if err := db.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil {
		panic(err)
	}
	fmt.Println(mode)
	// Output: wal
}

// One process has the file at a time, and one *sql.DB in it.
func TestOpenLocks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "carillon.db")
	for range 3 {
		db, err := modernc.Open(file)
		require.NoError(t, err)
		_, err = modernc.Open(file)
		require.ErrorIs(t, err, filelock.ErrInUse)
		require.NoError(t, db.Ping(), "the other Open has done no harm")
		require.NoError(t, db.Close())
	}
	text := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(text, []byte("This is no database, whatever its name may be."), 0o600))
	for range 2 {
		_, err := modernc.Open(text)
		require.Error(t, err)
		require.NotErrorIs(t, err, filelock.ErrInUse, "what can't be opened isn't kept")
	}
}
