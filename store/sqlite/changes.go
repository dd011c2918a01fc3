package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// Append implements subscription.Tx in a transaction of its own.
func (s *Store) Append(ctx context.Context, changes []subscription.Change) error {
	return s.write(ctx, func(tx *transaction) error {
		appended := make([]*subscription.Change, len(changes))
		for i := range changes {
			position, err := tx.append(&changes[i])
			if err != nil {
				return err
			}
			appended[i] = asRead(position, &changes[i])
		}
		tx.then(func() { s.recent.appended(appended) })
		return nil
	})
}

func (t *transaction) append(c *subscription.Change) (position int64, err error) {
	return t.insert(insertChange, changeArgs(make([]any, 0, changeArguments), c)...)
}

// asRead is a copy of a change as it is read from the database.
func asRead(position int64, c *subscription.Change) *subscription.Change {
	read := cloneChange(c)
	read.Position, read.At = position, fromMicros(micros(c.At))
	if len(read.Topics) == 0 {
		read.Topics = nil
	}
	if len(read.Undecided) == 0 {
		read.Undecided = nil
	}
	return &read
}

// ReadChanges implements subscription.Store. Positions follow the order of commits
// because SQLite has one writer, which holds the lock from before a position is
// given until after it is committed. Most are remembered since they were appended: then
// only their positions are read, since a host's transaction may have others between.
func (s *Store) ReadChanges(ctx context.Context, after int64, limit int) ([]subscription.Change, error) {
	var positions []int64
	err := s.rows(ctx, selectLogged, []any{after, max(limit, 0)}, func(r row) error {
		var position int64
		err := r.Scan(&position)
		positions = append(positions, position)
		return err
	})
	if err != nil || len(positions) == 0 {
		return nil, err
	}
	if read, ok := s.recent.logged(positions); ok {
		return read, nil
	}
	var read []subscription.Change
	prunes, bytes := s.recent.pruned(), 0
	err = s.rows(ctx, selectChanges, []any{after, max(limit, 0)}, func(r row) error {
		var c scannedChange
		if err := r.Scan(c.dest()...); err != nil {
			return err
		}
		change, err := c.change()
		read = append(read, change)
		if bytes += len(change.Resource); err == nil && bytes > subscription.ReadBytes {
			return errEnough
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.recent.read(read, prunes)
	return read, nil
}

// Execer executes statements in a transaction of the host: a *sql.Tx, a *sql.Conn
// on which one was begun, or the transaction of a library on top of database/sql.
type Execer interface {
	// ExecContext executes one statement with its arguments, as *sql.Tx has it.
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Tx wraps a transaction of the host on the store's database. Its Append is safe
// for concurrent use if tx is, and valid until tx ends. If it fails, the host must
// roll back: some of the changes may have been written.
func (s *Store) Tx(tx Execer) subscription.Tx { return hostTx{tx} }

type hostTx struct{ tx Execer }

// hostRows is the most changes in a statement: SQLite allows 32766 parameters.
const hostRows = 500

// Append implements subscription.Tx.
func (h hostTx) Append(ctx context.Context, changes []subscription.Change) error {
	for len(changes) > 0 {
		n := min(len(changes), hostRows)
		var args []any
		for i := range changes[:n] {
			args = changeArgs(args, &changes[i])
		}
		query := insertIntoChange + changeValues + strings.Repeat(", "+changeValues, n-1)
		if _, err := h.tx.ExecContext(ctx, query, args...); err != nil {
			return fmt.Errorf("sqlite: appending to the host's transaction: %w", err)
		}
		changes = changes[n:]
	}
	return nil
}

// changeArguments is how many values changeArgs appends.
const changeArguments = 15

// changeArgs appends the values of changeValues.
func changeArgs(args []any, c *subscription.Change) []any {
	return append(args, c.Tenant, micros(c.At), int64(c.Interaction), c.ResourceType, c.ResourceID, []byte(c.Resource),
		[]byte(c.Previous), list(c.Topics), list(c.Undecided), c.Events, c.Method, c.URL, c.ResultStatus, c.Subscription,
		c.Spec)
}

// list is a list of canonicals as JSON, or "" if it is empty.
func list(of []string) string {
	if len(of) == 0 {
		return ""
	}
	text, _ := json.Marshal(of) // strings can't fail
	return string(text)
}

// scannedChange takes a row of changeColumns.
type scannedChange struct {
	subscription.Change
	at                int64
	interaction       int64
	topics, undecided string
}

func (c *scannedChange) dest() []any {
	return []any{
		&c.Position, &c.Tenant, &c.at, &c.interaction, &c.ResourceType, &c.ResourceID, (*[]byte)(&c.Resource),
		(*[]byte)(&c.Previous), &c.topics, &c.undecided, &c.Events, &c.Method, &c.URL, &c.ResultStatus, &c.Subscription, &c.Spec,
	}
}

func (c *scannedChange) change() (subscription.Change, error) {
	c.At, c.Interaction = fromMicros(c.at), topic.Interaction(c.interaction)
	for _, l := range []struct {
		text string
		into *[]string
	}{{c.topics, &c.Topics}, {c.undecided, &c.Undecided}} {
		if l.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(l.text), l.into); err != nil {
			return subscription.Change{}, err
		}
	}
	return c.Change, nil
}
