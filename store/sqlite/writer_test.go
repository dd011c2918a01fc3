package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/subscription"
)

func newStore(t *testing.T) *Store {
	db, err := modernc.Open(filepath.Join(t.TempDir(), "carillon.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	s := New(db, Config{})
	require.NoError(t, s.Migrate(t.Context()))
	return s
}

func (s *Store) ids(t *testing.T) []string {
	ids := []string{}
	all, err := s.ReadChanges(t.Context(), 0, 1000)
	require.NoError(t, err)
	for _, c := range all {
		ids = append(ids, c.ResourceID)
	}
	return ids
}

func named(id string) subscription.Change { return subscription.Change{ResourceID: id} }

// hold begins a transaction of the host that keeps the writer waiting.
func (s *Store) hold(t *testing.T) *sql.Tx {
	tx, err := s.db.Begin()
	require.NoError(t, err)
	require.NoError(t, s.Tx(tx).Append(t.Context(), []subscription.Change{named("host")}))
	return tx
}

// waitQueued returns when n writes are in the queue.
func (s *Store) waitQueued(n int) {
	for {
		s.mu.Lock()
		queued := len(s.queue)
		s.mu.Unlock()
		if queued == n {
			return
		}
		runtime.Gosched()
	}
}

// waitIdle returns when the writer has given its connection back.
func (s *Store) waitIdle() {
	for writing := true; writing; runtime.Gosched() {
		s.mu.Lock()
		writing = s.writing
		s.mu.Unlock()
	}
}

// A write that fails takes no other with it, although they share a transaction.
func TestFailedWriteHarmsNoOther(t *testing.T) {
	s := newStore(t)
	_, err := s.PutSubscription(t.Context(), subscription.Record{Tenant: "t", ID: "s", MaxCount: 1}, 0)
	require.NoError(t, err)
	tx := s.hold(t)
	boom := errors.New("boom")
	runs := 0
	var wg sync.WaitGroup
	var failed, conflicted error
	for i := range 4 {
		wg.Go(func() {
			require.NoError(t, s.Append(t.Context(), []subscription.Change{named(fmt.Sprint(i))}))
		})
	}
	s.waitQueued(4)
	wg.Go(func() {
		failed = s.write(t.Context(), func(tx *transaction) error {
			runs++
			if _, err := tx.append(&subscription.Change{ResourceID: "half"}); err != nil {
				return err
			}
			return boom
		})
	})
	wg.Go(func() {
		_, conflicted = s.PutSubscription(t.Context(), subscription.Record{Tenant: "t", ID: "s"}, 7)
	})
	s.waitQueued(6)
	require.NoError(t, tx.Commit())
	wg.Wait()
	require.ErrorIs(t, failed, boom)
	require.Equal(t, 2, runs, "once in the batch and once by itself")
	require.ErrorIs(t, conflicted, subscription.ErrConflict)
	require.ElementsMatch(t, []string{"host", "0", "1", "2", "3"}, s.ids(t))
}

// Whoever waits for a host's transaction may go away, and has then written nothing.
func TestContextEndsTheWait(t *testing.T) {
	s := newStore(t)
	tx := s.hold(t)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() { gone <- s.Append(ctx, []subscription.Change{named("gone")}) }()
	s.waitQueued(1)
	cancel()
	require.ErrorIs(t, <-gone, context.Canceled)
	require.NoError(t, tx.Commit())
	require.NoError(t, s.Append(t.Context(), []subscription.Change{named("after")}))
	require.Equal(t, []string{"host", "after"}, s.ids(t))
}

// A host that keeps its transaction for longer than busy_timeout is named.
func TestBusy(t *testing.T) {
	s := newStore(t)
	tx := s.hold(t)
	// The timeout is a connection's own: give all that are free a short one.
	var conns []*sql.Conn
	for range 7 {
		conn, err := s.db.Conn(t.Context())
		require.NoError(t, err)
		_, err = conn.ExecContext(t.Context(), "PRAGMA busy_timeout = 5")
		require.NoError(t, err)
		conns = append(conns, conn)
	}
	for _, conn := range conns {
		require.NoError(t, conn.Close())
	}
	require.ErrorIs(t, s.Append(t.Context(), []subscription.Change{named("a")}), ErrBusy)
	require.Empty(t, s.ids(t), "reads wait for nobody")
	require.NoError(t, tx.Rollback())
	require.NoError(t, s.Append(t.Context(), []subscription.Change{named("b")}))
	require.Equal(t, []string{"b"}, s.ids(t))
}

// With one connection for everything, a host's transaction makes others wait, but
// not for ever.
func TestPoolOfOne(t *testing.T) {
	s := newStore(t)
	s.db.SetMaxOpenConns(1)
	for range 5 {
		tx := s.hold(t)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				require.NoError(t, s.Append(t.Context(), []subscription.Change{named(fmt.Sprint(i))}))
			})
			wg.Go(func() {
				_, err := s.ReadChanges(t.Context(), 0, 10)
				require.NoError(t, err)
			})
		}
		require.NoError(t, tx.Commit())
		wg.Wait()
	}
	require.Len(t, s.ids(t), 5*9)
}

// A store whose database is closed or not migrated says so, and hangs nobody.
func TestNoDatabase(t *testing.T) {
	db, err := modernc.Open(filepath.Join(t.TempDir(), "carillon.db"))
	require.NoError(t, err)
	s := New(db, Config{})
	require.ErrorContains(t, s.Append(t.Context(), nil), "Migrate")
	require.NoError(t, s.Migrate(t.Context()))
	require.NoError(t, s.Append(t.Context(), nil))
	s.waitIdle() // until then the writer has a connection that outlives Close
	require.NoError(t, db.Close())
	require.ErrorContains(t, s.Append(t.Context(), nil), "closed")
	require.Error(t, s.Migrate(t.Context()))
}

func TestMigrate(t *testing.T) {
	s := newStore(t)
	require.NoError(t, s.Append(t.Context(), []subscription.Change{named("a")}))
	require.NoError(t, s.Migrate(t.Context()), "a second time")
	require.Equal(t, []string{"a"}, s.ids(t))
	_, err := s.db.Exec(`UPDATE carillon_schema SET version = version + 1`)
	require.NoError(t, err)
	require.ErrorIs(t, s.Migrate(t.Context()), ErrNewerSchema)
	require.Equal(t, []string{"a"}, s.ids(t))
}

// A savepoint of the host that is rolled back takes its changes with it (C5), and
// any executor of statements will do as a transaction.
func TestHostSavepointOnAConn(t *testing.T) {
	s := newStore(t)
	conn, err := s.db.Conn(t.Context())
	require.NoError(t, err)
	exec := func(text string) {
		_, err := conn.ExecContext(t.Context(), text)
		require.NoError(t, err)
	}
	many := make([]subscription.Change, 2*hostRows+1)
	exec("BEGIN IMMEDIATE")
	require.NoError(t, s.Tx(conn).Append(t.Context(), []subscription.Change{named("before")}))
	exec("SAVEPOINT s")
	require.NoError(t, s.Tx(conn).Append(t.Context(), many))
	exec("ROLLBACK TO s")
	require.NoError(t, s.Tx(conn).Append(t.Context(), []subscription.Change{named("after")}))
	exec("COMMIT")
	require.NoError(t, conn.Close())
	require.Equal(t, []string{"before", "after"}, s.ids(t))
	tx, err := s.db.Begin()
	require.NoError(t, err)
	require.NoError(t, s.Tx(tx).Append(t.Context(), many))
	require.NoError(t, s.Tx(tx).Append(t.Context(), nil))
	require.NoError(t, tx.Commit())
	all, err := s.ReadChanges(t.Context(), 0, 10_000)
	require.NoError(t, err)
	require.Len(t, all, 2+len(many))
}

// The lock is taken even if the driver begins transactions without it, so that
// what a write has read is still so when it writes.
func TestBeginTakesTheLock(t *testing.T) {
	file := filepath.Join(t.TempDir(), "carillon.db")
	db, err := sql.Open("sqlite", file+"?_pragma=journal_mode(WAL)")
	require.NoError(t, err)
	defer db.Close()
	s := New(db, Config{})
	require.NoError(t, s.Migrate(t.Context()))
	stmts, err := s.statements(t.Context())
	require.NoError(t, err)
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	tx, err := s.begin(t.Context(), conn, stmts)
	require.NoError(t, err)
	_, err = db.Exec("BEGIN IMMEDIATE")
	require.ErrorContains(t, err, "locked")
	tx.rollback(t.Context(), conn)
	require.NoError(t, s.Append(t.Context(), []subscription.Change{named("a")}))
}
