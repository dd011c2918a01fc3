package postgrestest

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// holder makes this binary a process that starts a cluster and waits to be killed.
const holder = "CARILLON_TEST_HOLDER"

func TestMain(m *testing.M) {
	if os.Getenv(holder) != "" {
		c, err := Start("", "fsync=off")
		if err != nil {
			panic(err)
		}
		os.Stdout.WriteString(c.dir + "\n")
		select {}
	}
	os.Exit(m.Run())
}

func query(t *testing.T, dsn, text string) (n int) {
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	require.NoError(t, conn.QueryRow(t.Context(), text).Scan(&n))
	return n
}

func TestDatabasesAreApart(t *testing.T) {
	a, b := DSN(t), DSN(t)
	execute(t, a, "CREATE TABLE only_in_a (n int)")
	const tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'only_in_a'"
	require.Equal(t, 1, query(t, a, tables))
	require.Zero(t, query(t, b, tables))
}

func TestStopKillRestart(t *testing.T) {
	c := New(t)
	dsn := c.DSN("postgres")
	execute(t, dsn, "CREATE TABLE kept (n int)")
	for i, end := range []func() error{c.Stop, c.Kill} {
		execute(t, dsn, "INSERT INTO kept VALUES (1)")
		require.NoError(t, end())
		require.NoError(t, end(), "a second time")
		_, err := pgx.Connect(t.Context(), dsn)
		require.Error(t, err)
		require.NoError(t, c.Restart())
		require.Error(t, c.Restart(), "it runs")
		require.Equal(t, i+1, query(t, dsn, "SELECT count(*) FROM kept"))
	}
}

// A server does not outlive the process that has started it.
func TestEndsWithItsProcess(t *testing.T) {
	if _, err := binaries(); err != nil {
		t.Skip(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holder+"=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line := make([]byte, 200)
	n, err := out.Read(line)
	require.NoError(t, err)
	dir := string(line[:n-1])
	require.DirExists(t, dir)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.Eventually(t, func() bool {
		_, err := os.Stat(dir)
		return os.IsNotExist(err)
	}, 20*time.Second, 10*time.Millisecond)
}
