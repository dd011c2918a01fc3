// Package host is what the example hosts have in common: the database that keeps the
// engine's store beside a host's own tables, the channels, and, for their commands,
// flags and serving.
//
//	db, err := host.Open(ctx, "sqlite:fhir.db", host.Schema{SQLite: tables, Postgres: tablesOfPostgres})
//	channels, err := host.OpenChannels(host.ChannelConfig{BaseURL: base})
//	engine, err := subscription.New(subscription.Config{Store: db.Store, Channels: channels.List, ...})
//
//	// a write of the host's own, and the engine's record of it, become true together
//	err = db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
//		// ... write ...
//		return engine.OnResourceChangeTx(ctx, db.Tx(tx), change)
//	})
package host
