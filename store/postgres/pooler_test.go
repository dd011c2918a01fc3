package postgres_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/store/storetest"
)

// pooler starts a pgbouncer in transaction mode, which gives each transaction whatever
// connection is free, and returns how to reach a database through it. Without one, it
// returns the direct way.
func pooler(t *testing.T, dsn string) string {
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		t.Log("pgbouncer is not installed (Debian: apt-get install pgbouncer): tested without prepared statements only")
		return dsn
	}
	server, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	dir, err := os.MkdirTemp("/tmp", "pooler")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o777))
	file := filepath.Join(dir, "ini")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "[databases]\n* = host=%s port=%d user=%s\n[pgbouncer]\n"+
		"unix_socket_dir = %s\nlisten_port = 6432\nauth_type = any\npool_mode = transaction\nmax_client_conn = 1000\n"+
		"default_pool_size = 20\nlogfile = %s/log\n", server.Host, server.Port, server.User, dir, dir), 0o644))
	args := []string{"-q", file}
	if os.Getuid() == 0 {
		args = append([]string{"-u", "postgres"}, args...) // whose the socket is
	}
	cmd := exec.Command(program, args...)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	through := fmt.Sprintf("host=%s port=6432 user=%s dbname=%s", dir, server.User, server.Database)
	require.Eventually(t, func() bool {
		conn, err := pgx.Connect(t.Context(), through)
		if err != nil {
			return false
		}
		return conn.Close(t.Context()) == nil
	}, time.Minute, 10*time.Millisecond)
	return through
}

// Everything works behind a pooler in transaction mode, if LISTEN has a way
// around it.
func TestStoreBehindAPooler(t *testing.T) {
	dsn := postgrestest.DSN(t)
	through := pooler(t, dsn)
	direct, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	storetest.Run(t, harness(t, through, postgres.Config{Listen: direct}, mode(pgx.QueryExecModeExec)))
}
