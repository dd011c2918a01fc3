// Package modernc opens a SQLite file for store/sqlite with modernc.org/sqlite, a
// driver in pure Go. Hosts that have a driver of their own leave this package out
// and give store/sqlite their *sql.DB.
//
// The *sql.DB may hold the host's own tables, too:
//
//	db, err := modernc.Open("host.db")
//	store := sqlite.New(db, sqlite.Config{})
package modernc

import (
	"database/sql"
	sqldriver "database/sql/driver"
	"fmt"
	"io"
	"net/url"
	"path/filepath"

	driver "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/carillon-fhir/carillon/store/sqlite/filelock"
)

// connections is the size of the pool. One of them writes at a time; the others
// read meanwhile.
const connections = 8

// connector gives the lock back when the *sql.DB is closed.
type connector struct {
	sqldriver.Connector
	io.Closer
}

// Open opens or creates a SQLite file. Every connection has
//
//   - the write-ahead log, so that readers and the writer don't wait for each other,
//   - synchronous=FULL: a commit survives a loss of power,
//   - busy_timeout=10 s, the longest wait for another transaction,
//   - foreign keys enforced, for the host's tables,
//   - transactions that take the write lock when they begin (BEGIN IMMEDIATE): they
//     wait for each other in turn, and never fail halfway for having read too early.
//     A *sql.Tx that only reads should be avoided for that reason; plain queries
//     need none.
//
// The file is then the process's own, until the *sql.DB is closed or the process ends:
// a second Open fails with filelock.ErrInUse. A file name of ":memory:"
// is refused, since each connection would have its own database.
func Open(file string) (*sql.DB, error) {
	if file == "" || file == ":memory:" {
		return nil, fmt.Errorf("modernc: a file name is needed; use store/memory for a store in memory")
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("modernc: %w", err)
	}
	dsn := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"},
	}.Encode()}
	to, err := driver.NewConnector(dsn.String())
	if err != nil {
		return nil, fmt.Errorf("modernc: %w", err)
	}
	lock, err := filelock.Lock(path)
	if err != nil {
		return nil, fmt.Errorf("modernc: %w", err)
	}
	db := sql.OpenDB(connector{to, lock})
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections) // a connection that is closed takes its statements with it
	if err := db.Ping(); err != nil {
		db.Close()
		return nil, fmt.Errorf("modernc: opening the file: %w", err)
	}
	return db, nil
}
