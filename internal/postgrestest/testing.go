package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// shared starts the server of this test binary. Nobody stops it: it ends with the
// process. Its fsync is off, which a killed server survives, and only a loss of power
// would not.
var shared = sync.OnceValues(func() (*Cluster, error) {
	return Start("", "fsync=off", "full_page_writes=off")
})

var databases atomic.Int64

// DSN returns the connection string of a new, empty database, which is dropped when
// t ends. It skips t if there is no server.
func DSN(t testing.TB) string {
	t.Helper()
	admin := os.Getenv("CARILLON_TEST_POSTGRES")
	if admin == "" {
		c, err := shared()
		if errors.Is(err, ErrNotInstalled) {
			t.Skip(err)
		} else if err != nil {
			t.Fatal(err)
		}
		admin = c.DSN("postgres")
	}
	name := fmt.Sprintf("carillon_test_%d_%d", os.Getpid(), databases.Add(1))
	execute(t, admin, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, admin, "DROP DATABASE "+name+" WITH (FORCE)") })
	config, err := pgx.ParseConfig(admin)
	if err != nil {
		t.Fatal("CARILLON_TEST_POSTGRES is not a connection string")
	}
	if config.Password != "" {
		return fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s", config.Host, config.Port, config.User, config.Password, name)
	}
	return fmt.Sprintf("host=%s port=%d user=%s dbname=%s", config.Host, config.Port, config.User, name)
}

func execute(t testing.TB, dsn, statement string) {
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal("postgrestest: connecting:", err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), statement); err != nil {
		t.Fatal("postgrestest:", err)
	}
}

// New starts a server of t's own, for tests that stop or kill it; it is removed when t
// ends. It skips t if there is none to start.
func New(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	c, err := Start("", settings...)
	if errors.Is(err, ErrNotInstalled) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}
