package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/bits"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// appending is a call of Append.
type appending struct{ changes []subscription.Change }

// Append implements subscription.Tx in a transaction of its own, which it may share
// with other calls.
func (s *Store) Append(ctx context.Context, changes []subscription.Change) error {
	return failed("appending changes", s.appends.do(ctx, &appending{changes}))
}

func (s *Store) appendAll(ctx context.Context, calls []*appending) error {
	var rows changeRows
	for _, c := range calls {
		rows.add(c.changes)
	}
	_, err := s.pool.Exec(ctx, s.texts[insertChanges], rows.args()...)
	return err
}

// ReadChanges implements subscription.Store. What transactions have committed since
// gets its positions here: so a transaction that commits late
// only comes later, and nothing waits for those that are still open, as it would if
// positions were given at the insert and the log read up to the oldest open
// transaction.
//
// The positions are durable before they are returned. Were they not, a server that
// crashed could give one to another change, while a node still has the first. They are
// given in a transaction of their own, so that a node which stops while it reads holds
// no lock that others need.
func (s *Store) ReadChanges(ctx context.Context, after int64, limit int) ([]subscription.Change, error) {
	if limit <= 0 {
		return nil, ctx.Err()
	}
	if _, err := s.pool.Exec(ctx, s.texts[moveChanges], after, limit); err != nil {
		return nil, failed("moving changes into the log", err)
	}
	var read []subscription.Change
	err := s.each(ctx, s.pool, selectChanges, []any{after, limit}, func(row pgx.Row) error {
		var c scannedChange
		if err := row.Scan(c.dest()...); err != nil {
			return err
		}
		change, err := c.change()
		read = append(read, change)
		return err
	})
	if err != nil {
		return nil, failed("reading changes", err)
	}
	return read, nil
}

// Execer executes statements in a transaction of pgx: a pgx.Tx, also one within
// another (a savepoint), or a connection on which one was begun.
type Execer interface {
	// Exec executes one statement with its arguments, as pgx.Tx has it.
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Tx wraps a transaction of the host on the store's database. Its Append is one
// statement, safe for concurrent use if tx is, and valid until tx ends. If it fails,
// PostgreSQL takes nothing more in that transaction or savepoint: roll it back.
func (s *Store) Tx(tx Execer) subscription.Tx { return hostTx{tx, s.texts[insertChanges]} }

type hostTx struct {
	tx     Execer
	insert string
}

// Append implements subscription.Tx.
func (h hostTx) Append(ctx context.Context, changes []subscription.Change) error {
	if len(changes) == 0 {
		return nil
	}
	var rows changeRows
	rows.add(changes)
	_, err := h.tx.Exec(ctx, h.insert, rows.args()...)
	return failed("appending to the host's transaction", err)
}

// SQLExecer executes statements in a transaction of database/sql: a *sql.Tx, a
// *sql.Conn on which one was begun, or the transaction of a library on top of it.
type SQLExecer interface {
	// ExecContext executes one statement with its arguments, as *sql.Tx has it.
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// SQLTx is Tx for database/sql, with any driver for PostgreSQL that numbers its
// parameters ($1), such as pgx/stdlib and lib/pq.
func (s *Store) SQLTx(tx SQLExecer) subscription.Tx { return sqlTx{tx, s.texts[insertValues]} }

type sqlTx struct {
	tx     SQLExecer
	insert string
}

// sqlRows is the most changes in a statement: PostgreSQL allows 65535 parameters.
const sqlRows = 4000

// rowsFor is how many rows the statement for n changes has: powers of two, of which
// those left over are empty, so that there are a dozen texts. Drivers keep each text
// that they see prepared, and the server keeps it for every connection.
func rowsFor(n int) int { return min(1<<bits.Len(uint(n-1)), sqlRows) }

// Append implements subscription.Tx.
func (h sqlTx) Append(ctx context.Context, changes []subscription.Change) error {
	for len(changes) > 0 {
		n := min(len(changes), sqlRows)
		var text strings.Builder
		text.WriteString(h.insert)
		rows := rowsFor(n)
		args := make([]any, 0, rows*len(changeTypes))
		for i := range rows {
			separator := ", "
			if i == 0 {
				separator = " "
			}
			fmt.Fprintf(&text, "%s(%d", separator, i)
			for _, t := range changeTypes {
				args = append(args, nil)
				fmt.Fprintf(&text, ", $%d::%s", len(args), t)
			}
			text.WriteByte(')')
			if i < n {
				values := changeValues(&changes[i])
				copy(args[len(args)-len(values):], values[:])
			}
		}
		text.WriteString(") AS c WHERE c.column2 IS NOT NULL") // the tenant
		if _, err := h.tx.ExecContext(ctx, text.String(), args...); err != nil {
			return failed("appending to the host's transaction", err)
		}
		changes = changes[n:]
	}
	return nil
}

// changeTypes are the types of the columns that insertChanges and insertValues write.
var changeTypes = [15]string{"text", "bigint", "bigint", "text", "text", "bytea", "bytea", "text", "text", "bytea",
	"text", "bytea", "text", "bigint", "bytea"}

// changeValues are a change's values of those columns.
func changeValues(c *subscription.Change) [15]any {
	return [15]any{c.Tenant, micros(c.At), int64(c.Interaction), c.ResourceType, c.ResourceID, []byte(c.Resource),
		[]byte(c.Previous), list(c.Topics), list(c.Undecided), c.Events, c.Method, []byte(c.URL), c.ResultStatus,
		c.Subscription, c.Spec}
}

// changeRows are many changes, a slice for each column.
type changeRows struct {
	at, interaction, subscription                                       []int64
	tenant, resourceType, resourceID, topics, undecided, method, status []string
	resource, previous, events, url, spec                               [][]byte
}

func (r *changeRows) add(changes []subscription.Change) {
	for i := range changes {
		c := &changes[i]
		r.tenant = append(r.tenant, c.Tenant)
		r.at = append(r.at, micros(c.At))
		r.interaction = append(r.interaction, int64(c.Interaction))
		r.resourceType = append(r.resourceType, c.ResourceType)
		r.resourceID = append(r.resourceID, c.ResourceID)
		r.resource = append(r.resource, c.Resource)
		r.previous = append(r.previous, c.Previous)
		r.topics = append(r.topics, list(c.Topics))
		r.undecided = append(r.undecided, list(c.Undecided))
		r.events = append(r.events, c.Events)
		r.method = append(r.method, c.Method)
		r.url = append(r.url, []byte(c.URL))
		r.status = append(r.status, c.ResultStatus)
		r.subscription = append(r.subscription, c.Subscription)
		r.spec = append(r.spec, c.Spec)
	}
}

func (r *changeRows) args() []any {
	return []any{r.tenant, r.at, r.interaction, r.resourceType, r.resourceID, r.resource, r.previous, r.topics,
		r.undecided, r.events, r.method, r.url, r.status, r.subscription, r.spec}
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
	url               []byte
}

func (c *scannedChange) dest() []any {
	return []any{
		&c.Position, &c.Tenant, &c.at, &c.interaction, &c.ResourceType, &c.ResourceID, (*[]byte)(&c.Resource),
		(*[]byte)(&c.Previous), &c.topics, &c.undecided, &c.Events, &c.Method, &c.url, &c.ResultStatus, &c.Subscription, &c.Spec,
	}
}

func (c *scannedChange) change() (subscription.Change, error) {
	c.At, c.Interaction, c.URL = fromMicros(c.at), topic.Interaction(c.interaction), string(c.url)
	for _, l := range []struct {
		text string
		into *[]string
	}{{c.topics, &c.Topics}, {c.undecided, &c.Undecided}} {
		if l.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(l.text), l.into); err != nil {
			return subscription.Change{}, &ownError{"a change in the log is damaged"}
		}
	}
	return c.Change, nil
}
