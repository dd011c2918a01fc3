package fhirserver

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/fhirpath"
)

// querier is what a *sql.DB and a *sql.Tx have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// view shows the resources of one tenant, within a transaction or outside.
type view struct {
	db     querier
	tenant string

	elements string // as database has it
	release  fhirpath.Release
}

func (d *database) view(in querier, tenant string) view {
	return view{in, tenant, d.elements, d.release}
}

// version is one version of a resource.
type version struct {
	seq          int64
	resourceType string
	id           string
	number       int64
	updated      time.Time
	method       string
	status       string
	body         []byte // nil: the resource was deleted
}

const versionColumns = "v.seq, v.type, v.id, v.number, v.updated, v.method, v.status, v.body"

// reference returns Type/id.
func (v *version) reference() string { return v.resourceType + "/" + v.id }

// etag returns the version as an entity tag.
func (v *version) etag() string { return `W/"` + strconv.FormatInt(v.number, 10) + `"` }

func (v *version) scan(row interface{ Scan(...any) error }) error {
	var updated int64
	err := row.Scan(&v.seq, &v.resourceType, &v.id, &v.number, &updated, &v.method, &v.status, &v.body)
	v.updated = time.UnixMilli(updated).UTC()
	return err
}

// newest returns a resource's newest version, which may be a deletion, or
// errNotFound.
func (s view) newest(ctx context.Context, resourceType, id string) (*version, error) {
	return s.one(ctx, `SELECT `+versionColumns+` FROM server_current c JOIN server_version v ON v.seq = c.seq
		WHERE c.tenant = $1 AND c.type = $2 AND c.id = $3`, s.tenant, resourceType, id)
}

// numbered returns one version of a resource, or errNotFound.
func (s view) numbered(ctx context.Context, resourceType, id string, number int64) (*version, error) {
	return s.one(ctx, `SELECT `+versionColumns+` FROM server_version v
		WHERE v.tenant = $1 AND v.type = $2 AND v.id = $3 AND v.number = $4`, s.tenant, resourceType, id, number)
}

func (s view) one(ctx context.Context, query string, args ...any) (*version, error) {
	v := new(version)
	err := v.scan(s.db.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, host.Failed("reading a version", err)
	}
	return v, nil
}

// each calls f for every version that the query finds until f returns false. v is
// f's to keep.
func (s view) each(ctx context.Context, f func(v *version) (more bool, err error), query string, args ...any) error {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return host.Failed("reading versions", err)
	}
	defer rows.Close()
	for rows.Next() {
		v := new(version)
		if err := v.scan(rows); err != nil {
			return host.Failed("reading versions", err)
		}
		if more, err := f(v); err != nil || !more {
			return err
		}
	}
	return host.Failed("reading versions", rows.Err())
}

// eachBySeq is each for an f that reads the database itself, and for a query that
// finds seqs only: each version is read when it is its turn, so that no connection
// waits for another and no two bodies are in memory. Versions don't change: f sees
// what there was when the query began.
func (s view) eachBySeq(ctx context.Context, f func(v *version) (more bool, err error), query string, args ...any) error {
	all, err := s.seqs(ctx, query, args...)
	if err != nil {
		return host.Failed("reading versions", err)
	}
	for _, seq := range all {
		v, err := s.one(ctx, `SELECT `+versionColumns+` FROM server_version v WHERE v.seq = $1`, seq)
		if err != nil {
			return err
		}
		if more, err := f(v); err != nil || !more {
			return err
		}
	}
	return nil
}

func (s view) seqs(ctx context.Context, query string, args ...any) (all []int64, err error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return nil, err
		}
		all = append(all, seq)
	}
	return all, rows.Err()
}
