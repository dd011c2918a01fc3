package fhirserver

import (
	"context"
	"database/sql"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/subscription"
)

// txn is one transaction: what it writes, and the engine's record of it, become
// true together or not at all.
type txn struct {
	view
	server  *Server
	tx      *sql.Tx
	at      time.Time // when it began: meta.lastUpdated of what it writes
	changes []subscription.ResourceChange
	offers  bool // the server itself writes its topics
}

// transact calls f in a transaction that is committed if f returns nil. f may be
// called again, as host.Database.InTx says.
func (s *Server) transact(ctx context.Context, tenant string, f func(context.Context, *txn) error) error {
	var changes []subscription.ResourceChange
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		t := &txn{view: s.db.view(tx, tenant), server: s, tx: tx, at: time.Now().UTC().Truncate(time.Millisecond)}
		if err := f(ctx, t); err != nil {
			return err
		}
		changes = t.changes
		if s.db.Tx == nil {
			return nil
		}
		return s.engine.OnResourceChangeTx(ctx, s.db.Tx(tx), changes...)
	})
	if err == nil && s.db.Tx == nil {
		// Failure policy: with -store memory a crash loses everything anyway, so the
		// change log need not be part of the transaction.
		return s.engine.OnResourceChange(context.WithoutCancel(ctx), changes...)
	}
	return err
}

// hold holds a resource, or with the id "" all that there is of a type, as database.hold
// says.
func (t *txn) hold(ctx context.Context, resourceType, id string) error {
	if t.server.db.hold == nil {
		return nil
	}
	return t.server.db.hold(ctx, t.tx, t.tenant, resourceType, id)
}

// put writes a new version of a resource and notes the change. before is its
// newest version so far, nil if it has none.
func (t *txn) put(ctx context.Context, method string, before *version, resource fhirpath.Node, id string) (*version, error) {
	v := &version{
		resourceType: resource.Get("resourceType").Text(), id: id, number: 1, updated: t.since(before),
		method: method, status: strconv.Itoa(http.StatusOK),
	}
	change := subscription.ResourceChange{Interaction: subscription.Update}
	if before == nil || before.body == nil {
		v.status, change.Interaction = strconv.Itoa(http.StatusCreated), subscription.Create
	} else {
		change.Previous = before.body
	}
	if before != nil {
		v.number = before.number + 1
	}
	if len(resource.Raw()) > t.server.cfg.MaxBytes {
		return nil, errTooLarge
	}
	v.body = stamp(resource, id, v.number, v.updated)
	change.Resource = v.body
	return v, t.append(ctx, v, change)
}

// remove writes a deletion and notes the change.
func (t *txn) remove(ctx context.Context, before *version) (*version, error) {
	v := &version{
		resourceType: before.resourceType, id: before.id, number: before.number + 1, updated: t.since(before),
		method: http.MethodDelete, status: strconv.Itoa(http.StatusNoContent),
	}
	return v, t.append(ctx, v, subscription.ResourceChange{Interaction: subscription.Delete, Previous: before.body})
}

// since returns the time of a version that follows before, which another node, by its
// own clock, or a transaction that began later may have written.
func (t *txn) since(before *version) time.Time {
	if before != nil && before.updated.After(t.at) {
		return before.updated
	}
	return t.at
}

func (t *txn) append(ctx context.Context, v *version, change subscription.ResourceChange) error {
	if err := t.writable(v); err != nil {
		return err
	}
	err := t.tx.QueryRowContext(ctx, insertVersion,
		t.tenant, v.resourceType, v.id, v.number, v.updated.UnixMilli(), v.method, v.status, v.body).Scan(&v.seq)
	if err != nil {
		return host.Failed("writing a version", err)
	}
	if _, err := t.tx.ExecContext(ctx, upsertCurrent, t.tenant, v.resourceType, v.id, v.seq, v.number); err != nil {
		return host.Failed("writing the newest version", err)
	}
	change.Tenant, change.At, change.Method, change.Status = t.tenant, v.updated, v.method, v.status
	change.URL = v.requestURL()
	t.changes = append(t.changes, change)
	return nil
}

const (
	insertVersion = `INSERT INTO server_version (tenant, type, id, number, updated, method, status, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING seq`
	upsertCurrent = `INSERT INTO server_current (tenant, type, id, seq, number) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (tenant, type, id) DO UPDATE SET seq = excluded.seq, number = excluded.number`
)

// requestURL returns what Bundle.entry.request.url says of the request that made v.
func (v *version) requestURL() string {
	if v.method == http.MethodPost {
		return v.resourceType
	}
	return v.reference()
}

func newID() string { return uuid.NewString() }
