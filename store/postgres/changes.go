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
	var place int64
	if err := s.pool.QueryRow(ctx, s.texts[appendChanges], rows.args()...).Scan(&place); err != nil {
		return err
	}
	s.recent.mu.Lock()
	defer s.recent.mu.Unlock()
	for _, c := range calls {
		for i := range c.changes {
			s.recent.keep(place, &c.changes[i])
			place++
		}
	}
	return nil
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
	n, err := s.number(ctx, after, limit)
	if err != nil {
		return nil, failed("giving changes their positions", err)
	}
	var read []subscription.Change
	if n.last != after { // others have given positions, too
		read, err = s.readLog(ctx, selectChanges, after, limit)
	} else if len(n.places) > 0 {
		read, err = s.readNumbered(ctx, n)
	}
	return read, failed("reading changes", err)
}

// readNumbered returns the changes that have just got their positions, as many as a
// read may. Those that this process has appended itself it need not read back.
func (s *Store) readNumbered(ctx context.Context, n numbered) ([]subscription.Change, error) {
	known := s.recent.take(n.places)
	var missing []int64
	for i := range known {
		if known[i].Position = n.last + 1 + int64(i); known[i].Change == nil {
			missing = append(missing, known[i].Position)
		}
	}
	var read []subscription.Change
	if len(missing) > 0 {
		var err error
		if read, err = s.readLog(ctx, selectSome, missing); err != nil || len(missing) == len(known) {
			return read, err
		}
	}
	all, bytes := make([]subscription.Change, 0, len(known)), 0
	for _, k := range known {
		if k.Change == nil {
			if len(read) == 0 || read[0].Position != k.Position {
				break // it did not fit in, and comes next time
			}
			k.Change, read = &read[0], read[1:]
		}
		k.Change.Position = k.Position
		all = append(all, *k.Change)
		if bytes += len(k.Change.Resource) + len(k.Change.Previous); bytes > subscription.ReadBytes {
			break
		}
	}
	return all, nil
}

func (s *Store) readLog(ctx context.Context, q query, args ...any) (read []subscription.Change, err error) {
	var c scannedChange
	dest := c.dest()
	err = s.each(ctx, s.pool, q, args, func(row pgx.Row) error {
		if err := row.Scan(dest...); err != nil {
			return err
		}
		change, err := c.change()
		read = append(read, change)
		return err
	})
	return read, err
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
		text.WriteString(") AS c (nth, " + changeRow + ") WHERE tenant IS NOT NULL")
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
	c.Topics, c.Undecided = nil, nil
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
