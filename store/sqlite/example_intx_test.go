package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"

	"github.com/carillon-fhir/carillon/subscription"
)

// InTx runs a host's writes in one transaction with what others write at the same time, the
// engine among them: one commit to the disk for all.
func ExampleStore_InTx() {
	ctx := context.Background()
	store, done := exampleStore(ctx)
	defer done()
	err := store.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `CREATE TABLE resource (id TEXT)`); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO resource VALUES ('p1')`); err != nil {
			return err
		}
		return store.Tx(tx).Append(ctx, []subscription.Change{{ResourceType: "Patient", ResourceID: "p1"}})
	})
	if err != nil {
		log.Fatal(err)
	}
	changes, err := store.ReadChanges(ctx, 0, 10)
	fmt.Println(len(changes), err)
	// Output: 1 <nil>
}
