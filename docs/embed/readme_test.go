package embed_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// TestReadme runs what the README shows.
func TestReadme(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	check := func(err error) {
		t.Helper()
		require.NoError(t, err)
	}
	file, mux, channels := filepath.Join(t.TempDir(), "fhir.db"), http.NewServeMux(), localChannels()
	offered, err := topics()
	check(err)
	after, before := json.RawMessage(`{"resourceType":"Patient","id":"1","active":true}`), json.RawMessage(`{"resourceType":"Patient","id":"1"}`)
	recorded := readme(ctx, check, file, mux, channels, offered, after, before)
	stop()
	require.Equal(t, []string{"1"}, recorded())
}

func readme(ctx context.Context, check func(error), file string, mux *http.ServeMux, channels []subscription.Channel, topics []*topic.Topic, after, before json.RawMessage) (recorded func() []string) {
	var policy policy
	ended := make(chan error, 1)
	db, err := modernc.Open(file) // or your own *sql.DB on SQLite
	check(err)
	store := sqlite.New(db, sqlite.Config{})
	check(store.Migrate(ctx))

	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
		Store: store, Channels: channels, // resthook.New(resthook.Config{}) is one
		Topics: topics, Authorizer: policy, // topic.Parse reads yours; policy decides who sees what
	})
	check(err)
	handler := engine.Handler(subscription.HandlerConfig{})
	mux.Handle("/r4/Subscription", handler)
	mux.Handle("/r4/Subscription/", handler)
	go func() { ended <- engine.Run(ctx) }()

	// in the write path, in your own transaction (or in one that shares the engine's commits: store.InTx)
	tx, err := db.BeginTx(ctx, nil)
	check(err)
	check(engine.OnResourceChangeTx(ctx, store.Tx(tx), subscription.ResourceChange{
		Interaction: subscription.Update, Resource: after, Previous: before}))
	check(tx.Commit())

	return func() (ids []string) {
		check(<-ended)
		defer db.Close()
		check(each(db, func(id string) { ids = append(ids, id) }))
		return ids
	}
}

// each calls f for the id of each change in the log.
func each(db *sql.DB, f func(id string)) error {
	changes, err := sqlite.New(db, sqlite.Config{}).ReadChanges(context.Background(), 0, 10)
	for _, c := range changes {
		f(c.ResourceID)
	}
	return err
}
