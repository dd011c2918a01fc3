// Package host is what the example hosts have in common: the database that keeps the
// engine's store beside a host's own tables, the channels, metrics and traces, and, for
// their commands, flags and serving.
//
//	cfg, err := host.Config{BaseURL: base, Store: "sqlite:fhir.db"}.Complete()
//	db, err := host.Open(ctx, cfg.Store, host.Schema{SQLite: tables, Postgres: tablesOfPostgres})
//	channels, err := cfg.OpenChannels(nil)
//	config, metrics, err := cfg.Engine(db, channels)
//	config.Authorizer = policy
//	engine, err := subscription.New(config)
//
//	// a write of the host's own, and the engine's record of it, become true together
//	err = db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
//		// ... write ...
//		return engine.OnResourceChangeTx(ctx, db.Tx(tx), change)
//	})
package host
