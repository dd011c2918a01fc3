package fhirserver

import (
	"context"
	"database/sql"
	_ "embed"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/fhirpath"
)

//go:embed sqlite.sql
var sqliteSchema string

//go:embed postgres.sql
var postgresSchema string

// database keeps the resources beside the engine's store.
type database struct {
	*host.Database
	release fhirpath.Release // of the resources

	// hold keeps others from writing a resource until the transaction ends or, with
	// the id "", from writing any resource of the type that is there already. It is nil
	// if transactions take turns anyway.
	hold func(ctx context.Context, tx *sql.Tx, tenant, resourceType, id string) error

	elements string // selects the texts of a JSON array, given the placeholder for it
}

// openDatabase opens or creates what Config.Store names, with the server's tables.
func openDatabase(ctx context.Context, store string, r fhirpath.Release) (*database, error) {
	opened, err := host.Open(ctx, store, host.Schema{SQLite: sqliteSchema, Postgres: postgresSchema})
	if err != nil {
		return nil, err
	}
	d := &database{Database: opened, release: r, elements: `SELECT value FROM json_each(%s)`}
	if opened.Shared {
		d.hold, d.elements = hold, `SELECT json_array_elements_text(%s::json)`
	}
	return d, nil
}

// hold takes locks that end with the transaction: who writes one resource shares that
// on the type, whose sole holder is a conditional write, between its search and its
// write. Names that fall together only wait for each other in vain.
func hold(ctx context.Context, tx *sql.Tx, tenant, resourceType, id string) (err error) {
	name := tenant + "/" + resourceType
	if id == "" {
		_, err = tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))`, name)
	} else {
		_, err = tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock_shared(hashtextextended($1::text, 0)),
			pg_advisory_xact_lock(hashtextextended($2::text, 0))`, name, name+"/"+id)
	}
	return host.Failed("waiting for other writers", err)
}
