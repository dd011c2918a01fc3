package sqlite_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// exampleStore opens and migrates a file, as a host does at its start.
func exampleStore(ctx context.Context) (store *sqlite.Store, done func()) {
	dir, err := os.MkdirTemp("", "carillon")
	if err != nil {
		log.Fatal(err)
	}
	db, err := modernc.Open(filepath.Join(dir, "carillon.db"))
	if err != nil {
		log.Fatal(err)
	}
	store = sqlite.New(db, sqlite.Config{})
	if err := store.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	return store, func() { db.Close(); os.RemoveAll(dir) }
}

func Example() {
	ctx := context.Background()
	store, done := exampleStore(ctx)
	defer done()
	err := store.Append(ctx, []subscription.Change{{
		At: time.Now(), Interaction: topic.Create, ResourceType: "Observation", ResourceID: "o1",
	}})
	if err != nil {
		log.Fatal(err)
	}
	changes, err := store.ReadChanges(ctx, 0, 10)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(changes[0].Position, changes[0].Interaction, changes[0].ResourceType)
	// Output: 1 create Observation
}

func ExampleStore_Migrate() {
	ctx := context.Background()
	store, done := exampleStore(ctx)
	defer done()
	fmt.Println(store.Migrate(ctx)) // a second time: nothing is left to do
	// Output: <nil>
}

// A change is written in the transaction of the resource: both are there, or
// neither.
func ExampleStore_Tx() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "carillon")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := modernc.Open(filepath.Join(dir, "host.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	store := sqlite.New(db, sqlite.Config{})
	if err := store.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, `CREATE TABLE resource (id TEXT)`); err != nil {
		log.Fatal(err)
	}

	save := func(id string, keep bool) {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			log.Fatal(err)
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, `INSERT INTO resource VALUES (?)`, id); err != nil {
			log.Fatal(err)
		}
		err = store.Tx(tx).Append(ctx, []subscription.Change{{ResourceType: "Patient", ResourceID: id}})
		if err != nil {
			log.Fatal(err)
		}
		if keep {
			if err := tx.Commit(); err != nil {
				log.Fatal(err)
			}
		}
	}
	save("p1", true)
	save("p2", false)
	changes, err := store.ReadChanges(ctx, 0, 10)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range changes {
		fmt.Println(c.ResourceType, c.ResourceID)
	}
	// Output: Patient p1
}
