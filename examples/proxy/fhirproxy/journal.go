package fhirproxy

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/subscription"
)

// tables: proxy_intent are the writes that were begun and of which nothing is recorded
// yet; proxy_seen the versions that are; proxy_state how far the history was followed.
const tables = `
CREATE TABLE IF NOT EXISTS proxy_intent (
	id       TEXT   PRIMARY KEY,
	node     TEXT   NOT NULL,
	type     TEXT   NOT NULL,
	resource TEXT   NOT NULL, -- its id; empty: the upstream gives it
	before   BLOB,            -- its state before; NULL: there was none
	since    BIGINT NOT NULL, -- microseconds by the upstream's clock: the write is not older
	due      BIGINT NOT NULL, -- microseconds: when to find out what came of it
	tries    BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS proxy_intent_due ON proxy_intent (due, type, resource);
CREATE TABLE IF NOT EXISTS proxy_seen (version TEXT PRIMARY KEY, at BIGINT NOT NULL);
CREATE INDEX IF NOT EXISTS proxy_seen_at ON proxy_seen (at);
CREATE TABLE IF NOT EXISTS proxy_state (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
`

func schema() host.Schema {
	return host.Schema{SQLite: tables, Postgres: strings.ReplaceAll(tables, "BLOB", "bytea")}
}

// journal remembers writes over a crash. A write is entered before it is sent, and taken
// out in the transaction that records what came of it: so there is no moment at which
// the proxy may die and not know, when it is back, where to look.
type journal struct {
	db     *host.Database
	node   string
	engine *subscription.Engine
}

// intent is a write of one resource.
type intent struct {
	key              string
	resourceType, id string
	before           *version
	since            time.Time
	tries            int
}

// begin enters writes that must have been sent within the given time.
func (j *journal) begin(ctx context.Context, within time.Duration, intents []intent) error {
	if len(intents) == 0 {
		return nil
	}
	due := time.Now().Add(within).UnixMicro()
	return j.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for i := range intents {
			in := &intents[i]
			var before []byte
			if in.before != nil {
				before = in.before.raw
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO proxy_intent (id, node, type, resource, before, since, due, tries) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`,
				in.key, j.node, in.resourceType, in.id, before, in.since.UnixMicro(), due); err != nil {
				return host.Failed("entering a write", err)
			}
		}
		return nil
	})
}

func newKey() string { return uuid.NewString() }

// record records changes that were not recorded before and takes the intents out: all of
// it or, with an error, nothing. What the engine can't read is passed over, and its error
// returned in unreadable.
func (j *journal) record(ctx context.Context, keys []string, changes []change) (unreadable, err error) {
	err = j.write(ctx, keys, changes)
	if !errors.Is(err, subscription.ErrInvalidChange) {
		return nil, err
	}
	for i := range changes {
		c := changes[i]
		err := j.write(ctx, nil, changes[i:i+1])
		if errors.Is(err, subscription.ErrInvalidChange) && c.Interaction == subscription.Update && len(c.Previous) == 0 {
			// Failure policy: an update whose former state nobody may see is taken as a
			// creation, rather than lost.
			c.Interaction = subscription.Create
			err = j.write(ctx, nil, []change{c})
		}
		switch {
		case errors.Is(err, subscription.ErrInvalidChange):
			unreadable = err
		case err != nil:
			return nil, err
		}
	}
	return unreadable, j.write(ctx, keys, nil)
}

func (j *journal) write(ctx context.Context, keys []string, changes []change) error {
	if len(keys)+len(changes) == 0 {
		return nil
	}
	return j.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var fresh []subscription.ResourceChange
		for i := range changes {
			done, err := tx.ExecContext(ctx, `INSERT INTO proxy_seen (version, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, changes[i].seen, time.Now().UnixMicro())
			if err != nil {
				return host.Failed("noting a version", err)
			}
			if n, err := done.RowsAffected(); err != nil || n > 0 {
				fresh = append(fresh, changes[i].ResourceChange)
			}
		}
		for _, key := range keys {
			if _, err := tx.ExecContext(ctx, `DELETE FROM proxy_intent WHERE id = $1`, key); err != nil {
				return host.Failed("taking a write out", err)
			}
		}
		if j.db.Tx == nil { // in memory, where nothing survives
			return j.engine.OnResourceChange(ctx, fresh...)
		}
		return j.engine.OnResourceChangeTx(ctx, j.db.Tx(tx), fresh...)
	})
}

// reclaim makes due what this node had begun when it died.
func (j *journal) reclaim(ctx context.Context) error {
	return j.exec(ctx, "reclaiming", `UPDATE proxy_intent SET due = 0 WHERE node = $1`, j.node)
}

// postpone says when to look again at what came of a write.
func (j *journal) postpone(ctx context.Context, key string, tries int, wait time.Duration) error {
	return j.exec(ctx, "postponing", `UPDATE proxy_intent SET due = $1, tries = $2 WHERE id = $3`, time.Now().Add(wait).UnixMicro(), tries, key)
}

// due returns writes to look at, of this node or of one that is no more: of a type and an
// id, or of any if both are "".
func (j *journal) due(ctx context.Context, resourceType, id string, limit int) (list []intent, err error) {
	rows, err := j.db.QueryContext(ctx, `SELECT id, type, resource, before, since, tries FROM proxy_intent
		WHERE due <= $1 AND ($2 = '' OR type = $2 AND resource IN ($3, '')) ORDER BY due, id LIMIT $4`, time.Now().UnixMicro(), resourceType, id, limit)
	if err != nil {
		return nil, host.Failed("reading the journal", err)
	}
	defer rows.Close()
	for rows.Next() {
		var in intent
		var before []byte
		var since int64
		if err := rows.Scan(&in.key, &in.resourceType, &in.id, &before, &since, &in.tries); err != nil {
			return nil, host.Failed("reading the journal", err)
		}
		in.since = time.UnixMicro(since)
		if in.before, err = restored(before); err != nil {
			return nil, err
		}
		list = append(list, in)
	}
	return list, host.Failed("reading the journal", rows.Err())
}

// restored reads a state that was entered; nil if there was none.
func restored(raw json.RawMessage) (*version, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	return parseVersion(raw)
}

// known reports whether a version was recorded.
func (j *journal) known(ctx context.Context, seen string) (known bool, err error) {
	err = j.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM proxy_seen WHERE version = $1)`, seen).Scan(&known)
	return known, host.Failed("reading versions", err)
}

// state returns a time that was kept under a name; zero if there is none.
func (j *journal) state(ctx context.Context, name string) (time.Time, error) {
	var micros int64
	err := j.db.QueryRowContext(ctx, `SELECT value FROM proxy_state WHERE name = $1`, name).Scan(&micros)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return time.UnixMicro(micros), host.Failed("reading the state", err)
}

func (j *journal) keep(ctx context.Context, name string, at time.Time) error {
	return j.exec(ctx, "keeping the state", `INSERT INTO proxy_state (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, at.UnixMicro())
}

// prune forgets versions that were recorded before a time.
func (j *journal) prune(ctx context.Context, before time.Time) error {
	return j.exec(ctx, "forgetting versions", `DELETE FROM proxy_seen WHERE at < $1`, before.UnixMicro())
}

// exec writes in a transaction that shares its commit with the engine's.
func (j *journal) exec(ctx context.Context, doing, query string, args ...any) error {
	return j.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return host.Failed(doing, err)
	})
}
