package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// transaction is a write transaction with the prepared queries.
type transaction struct {
	tx       *sql.Tx
	prepared *[queries]*sql.Stmt
	bound    [queries]*sql.Stmt // to tx, as needed
	after    []func()           // to be called when it is committed
	work     *work              // the store's
	held     []int64            // of work: nobody may claim them until it's known what came of it
	written  []int64            // those of them whose claims have ended if it is committed
}

// begin starts a transaction and takes the database's write lock, so that nothing
// which is read in it can be outdated. A host's driver may begin transactions
// without the lock (BEGIN DEFERRED), hence the write that changes nothing.
func (s *Store) begin(ctx context.Context, conn *sql.Conn, prepared *[queries]*sql.Stmt) (*transaction, error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, busy(err)
	}
	t := &transaction{tx: tx, prepared: prepared, work: &s.work}
	if _, err := t.stmt(lockDatabase).ExecContext(ctx); err != nil {
		t.rollback(ctx, conn)
		return nil, busy(err)
	}
	return t, nil
}

func (t *transaction) commit(ctx context.Context, conn *sql.Conn) error {
	if err := t.tx.Commit(); err != nil {
		t.work.resume(nil, t.written)
		t.work.doubt()
		t.rollback(ctx, conn)
		return fmt.Errorf("sqlite: committing: %w", err)
	}
	for _, f := range t.after {
		f()
	}
	t.resume()
	return nil
}

// hold keeps a subscription that the transaction writes from being claimed until it is
// known what came of it.
func (t *transaction) hold(key int64) {
	t.work.hold(key)
	t.held, t.written = append(t.held, key), append(t.written, key)
}

func (t *transaction) resume() {
	if len(t.held) > 0 {
		t.work.resume(t.held, nil)
		t.held, t.written = nil, nil
	}
}

// then has f called by the writer when the transaction is committed, before anyone
// learns of it.
func (t *transaction) then(f func()) { t.after = append(t.after, f) }

// rollback leaves conn without a transaction. SQLite may have ended it by itself,
// and after a failed COMMIT it may be open though database/sql thinks it is not:
// hence the second attempt, whose error says only that there was nothing to do.
func (t *transaction) rollback(ctx context.Context, conn *sql.Conn) {
	if t.tx.Rollback() != nil {
		conn.ExecContext(ctx, "ROLLBACK")
	}
	t.resume()
}

func (t *transaction) stmt(q query) *sql.Stmt {
	if t.bound[q] == nil {
		t.bound[q] = t.tx.Stmt(t.prepared[q])
	}
	return t.bound[q]
}

func (t *transaction) exec(q query, args ...any) error {
	_, err := t.affect(q, args...)
	return err
}

// affect executes q and returns how many rows it wrote.
func (t *transaction) affect(q query, args ...any) (int, error) {
	result, err := t.stmt(q).ExecContext(context.Background(), args...)
	if err != nil {
		return 0, fmt.Errorf("sqlite: writing: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("sqlite: writing: %w", err)
	}
	return int(n), nil
}

// insert executes q and returns the new row's key.
func (t *transaction) insert(q query, args ...any) (int64, error) {
	result, err := t.stmt(q).ExecContext(context.Background(), args...)
	if err != nil {
		return 0, fmt.Errorf("sqlite: writing: %w", err)
	}
	return result.LastInsertId()
}

// read scans the single row of q into dest. found is false if there is none.
func (t *transaction) read(q query, args []any, dest ...any) (found bool, err error) {
	err = each(context.Background(), t.stmt(q), args, func(r row) error {
		found = true
		return r.Scan(dest...)
	})
	return found, err
}
