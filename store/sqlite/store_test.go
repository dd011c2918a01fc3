package sqlite_test

import (
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
)

// host is a store with the database that a host has beside it.
type host struct {
	*sqlite.Store
	db   *sql.DB
	file string
}

func open(t testing.TB, file string) host {
	db, err := modernc.Open(file)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	store := sqlite.New(db, sqlite.Config{})
	require.NoError(t, store.Migrate(t.Context()))
	return host{store, db, file}
}

func newHost(t testing.TB) host { return open(t, filepath.Join(t.TempDir(), "carillon.db")) }

func TestStore(t *testing.T) {
	storetest.Run(t, harness)
}

var harness = storetest.Harness{
	OneWriter:     true,
	ForgetsClaims: true,
	New: func(t testing.TB) subscription.Store {
		h := newHost(t)
		_, _, err := h.Claim(t.Context(), "n", time.Time{}, time.Time{}, 0) // from now on it knows what is due
		require.NoError(t, err)
		return h
	},
	// The files as they are between two calls are what a killed process leaves.
	Reopen: func(t testing.TB, s subscription.Store) subscription.Store {
		file := filepath.Join(t.TempDir(), "reopened.db")
		for _, suffix := range []string{"", "-wal"} {
			copyFile(t, s.(host).file+suffix, file+suffix)
		}
		return open(t, file)
	},
	Begin: func(t testing.TB, s subscription.Store) (subscription.Tx, func() error, func() error) {
		h := s.(host)
		tx, err := h.db.Begin()
		require.NoError(t, err)
		t.Cleanup(func() { _ = tx.Rollback() }) // that of a host that died has no other end
		return h.Tx(tx), tx.Commit, tx.Rollback
	},
}

func copyFile(t testing.TB, from, to string) {
	in, err := os.Open(from)
	require.NoError(t, err)
	defer in.Close()
	out, err := os.Create(to)
	require.NoError(t, err)
	defer out.Close()
	_, err = io.Copy(out, in)
	require.NoError(t, err)
}
