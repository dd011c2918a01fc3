package embed_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/subscription"
)

// ofPgx is a host whose resources are in PostgreSQL, by pgx.
type ofPgx struct {
	pool   *pgxpool.Pool
	store  *postgres.Store
	engine *subscription.Engine
}

// open is what each node does at its start.
func open(ctx context.Context, dsn, node string, channels []subscription.Channel) (*ofPgx, error) {
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return nil, err
	}
	store := postgres.New(pool, postgres.Config{})
	if err := store.Migrate(ctx); err != nil {
		return nil, err
	}
	offered, err := topics()
	if err != nil {
		return nil, err
	}
	engine, err := subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
		Store: store, Channels: channels, Topics: offered, Authorizer: policy{},
		Node: node, // a name that no other running node has
	})
	if err != nil {
		return nil, err
	}
	return &ofPgx{pool, store, engine}, nil
}

// save writes the resource first and its change after it, in one transaction.
func (h *ofPgx) save(ctx context.Context, id string, resource json.RawMessage) error {
	return pgx.BeginFunc(ctx, h.pool, func(tx pgx.Tx) error {
		change := subscription.ResourceChange{Interaction: subscription.Update, Resource: resource}
		switch err := tx.QueryRow(ctx, `SELECT json FROM patient WHERE id = $1 FOR UPDATE`, id).Scan(&change.Previous); {
		case errors.Is(err, pgx.ErrNoRows):
			change.Interaction = subscription.Create
		case err != nil:
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO patient (id, json) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET json = $2`, id, resource)
		if err != nil {
			return err
		}
		return h.engine.OnResourceChangeTx(ctx, h.store.Tx(tx), change)
	})
}

// TestPgx runs what is in this file; it needs a server.
func TestPgx(t *testing.T) {
	dsn := postgrestest.DSN(t) // skips where there is none
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	endpoint, arrived := subscriber()
	defer endpoint.Close()
	var ended []chan error
	var nodes []*ofPgx
	for _, name := range []string{"n1", "n2"} {
		h, err := open(ctx, dsn, name, localChannels())
		require.NoError(t, err)
		defer h.pool.Close()
		done := make(chan error, 1)
		go func() { done <- h.engine.Run(ctx) }()
		nodes, ended = append(nodes, h), append(ended, done)
	}
	_, err := nodes[0].pool.Exec(ctx, `CREATE TABLE patient (id text PRIMARY KEY, json jsonb)`)
	require.NoError(t, err)
	_, err = nodes[0].engine.Create(context.WithValue(ctx, userKey{}, "practice-7"), "", json.RawMessage(subscriptionTo(endpoint.URL)))
	require.NoError(t, err)
	require.Equal(t, "handshake", <-arrived)
	for i, h := range nodes { // any node takes any write
		require.NoError(t, h.save(ctx, "1", json.RawMessage(`{"resourceType":"Patient","id":"1","managingOrganization":{"reference":"Organization/practice-7"}}`)))
		require.Equal(t, []string{"event-notification 1 ", "event-notification 2 "}[i]+"https://fhir.example.org/r4/Patient/1", <-arrived)
	}
	stop()
	for _, done := range ended {
		require.NoError(t, <-done)
	}
}
