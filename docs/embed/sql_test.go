package embed_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/subscription"
)

// ofSQL is a host whose resources are in SQLite, by database/sql.
type ofSQL struct {
	db     *sql.DB
	store  *sqlite.Store
	engine *subscription.Engine
}

// save writes a resource and what the engine must know in one transaction.
func (h *ofSQL) save(ctx context.Context, id string, resource json.RawMessage) error {
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	change := subscription.ResourceChange{Interaction: subscription.Update, Resource: resource}
	switch err := tx.QueryRowContext(ctx, `SELECT json FROM patient WHERE id = ?`, id).Scan(&change.Previous); {
	case errors.Is(err, sql.ErrNoRows):
		change.Interaction = subscription.Create
	case err != nil:
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO patient (id, json) VALUES (?, ?)`, id, []byte(resource)); err != nil {
		return err
	}
	if err := h.engine.OnResourceChangeTx(ctx, h.store.Tx(tx), change); err != nil {
		return err
	}
	return tx.Commit()
}

// A host by database/sql: the resource and its change are both there, or neither.
func Example_databaseSQL() {
	dir, err := os.MkdirTemp("", "carillon")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(context.Background())
	db, err := modernc.Open(filepath.Join(dir, "fhir.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	store := sqlite.New(db, sqlite.Config{})
	if err := store.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, `CREATE TABLE patient (id TEXT PRIMARY KEY, json BLOB)`); err != nil {
		log.Fatal(err)
	}
	offered, err := topics()
	if err != nil {
		log.Fatal(err)
	}
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
		Store: store, Channels: localChannels(), Topics: offered, Authorizer: policy{},
	})
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- engine.Run(ctx) }()
	endpoint, arrived := subscriber()
	defer endpoint.Close()

	user := context.WithValue(ctx, userKey{}, "practice-7")
	if _, err := engine.Create(user, "", json.RawMessage(subscriptionTo(endpoint.URL))); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-arrived)
	h := &ofSQL{db, store, engine}
	for _, active := range []string{"false", "true"} {
		err := h.save(ctx, "1", json.RawMessage(`{"resourceType":"Patient","id":"1","active":`+active+`,"managingOrganization":{"reference":"Organization/practice-7"}}`))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(<-arrived)
	}
	stop()
	fmt.Println(<-ended)
	// Output:
	// handshake
	// event-notification 1 https://fhir.example.org/r4/Patient/1
	// event-notification 2 https://fhir.example.org/r4/Patient/1
	// <nil>
}
