package memory_test

import (
	"context"
	"fmt"
	"log"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

func Example() {
	ctx := context.Background()
	store := memory.New()
	err := store.Append(ctx, []subscription.Change{{Interaction: topic.Update, ResourceType: "Patient", ResourceID: "p"}})
	if err != nil {
		log.Fatal(err)
	}
	changes, err := store.ReadChanges(ctx, 0, 10)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(changes[0].Position, changes[0].Interaction, changes[0].ResourceType)
	// Output: 1 update Patient
}

// A test of a host's write path appends in a transaction, as it would in a
// database.
func ExampleStore_Begin() {
	ctx := context.Background()
	store := memory.New()
	tx := store.Begin()
	if err := tx.Append(ctx, []subscription.Change{{ResourceType: "Patient", ResourceID: "p"}}); err != nil {
		log.Fatal(err)
	}
	before, _ := store.ReadChanges(ctx, 0, 10)
	if err := tx.Commit(); err != nil {
		log.Fatal(err)
	}
	after, _ := store.ReadChanges(ctx, 0, 10)
	fmt.Println(len(before), len(after))
	// Output: 0 1
}

func ExampleTx_Rollback() {
	ctx := context.Background()
	store := memory.New()
	tx := store.Begin()
	if err := tx.Append(ctx, []subscription.Change{{ResourceType: "Patient", ResourceID: "p"}}); err != nil {
		log.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		log.Fatal(err)
	}
	changes, _ := store.ReadChanges(ctx, 0, 10)
	fmt.Println(len(changes), tx.Commit() != nil)
	// Output: 0 true
}
