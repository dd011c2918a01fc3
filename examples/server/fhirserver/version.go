package fhirserver

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"time"
)

//go:embed schema.sql
var schema string

// querier is what a *sql.DB and a *sql.Tx have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// view shows the resources of one tenant, within a transaction or outside.
type view struct {
	db     querier
	tenant string
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
		WHERE c.tenant = ? AND c.type = ? AND c.id = ?`, s.tenant, resourceType, id)
}

// numbered returns one version of a resource, or errNotFound.
func (s view) numbered(ctx context.Context, resourceType, id string, number int64) (*version, error) {
	return s.one(ctx, `SELECT `+versionColumns+` FROM server_version v
		WHERE v.tenant = ? AND v.type = ? AND v.id = ? AND v.number = ?`, s.tenant, resourceType, id, number)
}

func (s view) one(ctx context.Context, query string, args ...any) (*version, error) {
	v := new(version)
	err := v.scan(s.db.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("fhirserver: reading a version: %w", err)
	}
	return v, nil
}

// each calls f for every version that the query finds until f returns false. v is
// f's to keep.
func (s view) each(ctx context.Context, f func(v *version) (more bool, err error), query string, args ...any) error {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("fhirserver: reading versions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		v := new(version)
		if err := v.scan(rows); err != nil {
			return fmt.Errorf("fhirserver: reading versions: %w", err)
		}
		if more, err := f(v); err != nil || !more {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("fhirserver: reading versions: %w", err)
	}
	return nil
}

// eachLater is each for an f that reads the database itself: it is called when all
// rows are read, so that no connection waits for another.
func (s view) eachLater(ctx context.Context, f func(v *version) (more bool, err error), query string, args ...any) error {
	var all []*version
	err := s.each(ctx, func(v *version) (bool, error) {
		all = append(all, v)
		return true, nil
	}, query, args...)
	for _, v := range all {
		if err != nil {
			break
		}
		var more bool
		if more, err = f(v); !more {
			break
		}
	}
	return err
}
