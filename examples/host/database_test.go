package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
)

func TestFailuresShowNoData(t *testing.T) {
	for text, err := range map[string]error{
		"host: reading: SQLSTATE 23505":                &pgconn.PgError{Code: "23505", Message: "canary", Detail: "canary", Where: "canary"},
		"host: reading: no connection, or it was lost": fmt.Errorf("dial canary: %w", io.ErrUnexpectedEOF),
		"host: reading: context canceled":              fmt.Errorf("canary: %w", context.Canceled),
		"host: reading: context deadline exceeded":     fmt.Errorf("canary: %w", context.DeadlineExceeded),
	} {
		got := Failed("reading", err)
		require.EqualError(t, got, text)
		require.ErrorIs(t, got, err)
	}
	require.NoError(t, Failed("reading", nil))
}

func TestTransactionsAreTriedAgain(t *testing.T) {
	for _, c := range []struct {
		err   error
		tries int
	}{
		{nil, 1},
		{&pgconn.PgError{Code: "40001"}, attempts},
		{&pgconn.PgError{Code: "40P01"}, attempts},
		{&pgconn.PgError{Code: "23505"}, attempts},
		{&pgconn.PgError{Code: "57P01"}, 1}, // the server is shut down: perhaps behind the commit
		{io.ErrUnexpectedEOF, 1},
		{errors.New("the host's own"), 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			err := again(t.Context(), func() error {
				tries++
				return Failed("writing", c.err)
			})
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.tries, tries, "%v", c.err)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tries := 0
		require.Error(t, again(ctx, func() error {
			tries++
			cancel()
			return &pgconn.PgError{Code: "40001"}
		}))
		require.Equal(t, 1, tries, "nobody waits for it any more")
	})
}

// TestStoreNames opens each kind of database by each form of its name.
func TestStoreNames(t *testing.T) {
	dsn := postgrestest.DSN(t)
	config, err := pgconn.ParseConfig(dsn)
	require.NoError(t, err)
	url := fmt.Sprintf("//%s:%s@/%s?host=%s&port=%d", config.User, config.Password, config.Database, config.Host, config.Port)
	for _, store := range []string{
		"", "memory", "sqlite:" + filepath.Join(t.TempDir(), "fhir.db"),
		"postgres:" + dsn, "postgres:" + dsn + " pool_max_conns=4", "postgres:postgres:" + url, "postgres:" + url, "postgresql:" + url,
	} {
		d, err := Open(t.Context(), store, Schema{})
		require.NoError(t, err)
		_, err = d.Store.ReadChanges(t.Context(), 0, 1)
		require.NoError(t, err)
		require.NoError(t, d.Close())
	}
}

// TestStandingStill checks that the database ends transactions that stand still.
func TestStandingStill(t *testing.T) {
	d, err := openPostgres(t.Context(), postgrestest.DSN(t), Schema{})
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close()) }()
	tx, err := d.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	var limit string
	require.NoError(t, tx.QueryRow(`SHOW idle_in_transaction_session_timeout`).Scan(&limit))
	require.Equal(t, "5s", limit)
	require.NoError(t, tx.Rollback())
}
