// Package postgres is a subscription.Store in a PostgreSQL database (13 or later): for
// hosts of several nodes, and for those whose resources are in PostgreSQL already.
//
//	pool, err := pgxpool.New(ctx, "postgres://...")
//	store := postgres.New(pool, postgres.Config{})
//	err = store.Migrate(ctx)
//
// Migrate creates and updates the tables, which are in a schema of their own called
// carillon. It is never run unasked; any number of nodes may run it at their start. Nodes
// of an earlier release that run meanwhile go on working, and refuse to start again:
// theirs fails with ErrNewerSchema. They know nothing of subscribers who connect, so let
// those connect when the last old node is gone.
//
// # Transactions of the host
//
// Resources and changes belong into one transaction. Tx wraps one of pgx, also a
// savepoint; SQLTx one of database/sql, and so of anything built on it:
//
//	tx, err := pool.Begin(ctx)
//	// ... write the resource ...
//	err = engine.OnResourceChangeTx(ctx, store.Tx(tx), change)
//	err = tx.Commit(ctx)
//
// The transaction grows by one statement, and one row for each change. It waits for
// nobody, and its commit for none but the disk: no NOTIFY is in it and no lock that
// others share. Its role, if it is not the store's, needs USAGE on the schema and on the
// sequence append, and INSERT on the table change. It may stay open for as long as it likes. A change's place in the log
// is given after it was committed, in the order in which changes were written if they
// are seen at once: write the resource first and the change after it, so that those of
// one resource come in the order of its versions.
//
// # Several nodes
//
// Give every engine a store on the same database and a name of its own. Each delivers;
// one sequences for each shard, of which Migrate makes one. If the node that holds a
// lease dies, another goes on when the lease has run out; if it was only asleep, what
// it still writes is refused. Nodes tell each other of work by NOTIFY, with at most a
// few hints a second and outside of any transaction, and look by themselves every
// subscription.Config.Poll as well. Their clocks need agree only to a fraction of
// subscription.Config.Lease.
//
// When one sequencer keeps a processor busy, Reshard lets several nodes sequence, while
// all of them run.
//
// # What is durable when
//
// A write that returned nil has been committed: with synchronous_commit on, as is
// PostgreSQL's default, it survives a crash of the server and a loss of power, and with
// a synchronous standby the loss of the server. Do not switch it off for this store's
// connections: a position or a number could then be given a second time after a crash,
// while a node still remembers the first. The same is true if a standby that has
// replicated asynchronously takes over; restart the nodes then.
//
// One thing does not wait for the disk: the claim of a single event. If the server
// crashes within a second of it, the claim may be gone; then the event is claimed again,
// under another token, and what the first one still writes is refused. A batch of several
// events that was fixed stays so.
//
// Calls that many goroutines make at the same time share a statement and a commit.
// This is done by goroutines that live only while there is something to do; nothing
// needs closing but the pool.
//
// # The pool
//
// All calls of Append together take one connection of the pool at a time, as do those of
// ReadEvents and those of Finish; any other call takes one. Listen keeps one
// for itself that is no longer the pool's. A goroutine that holds a
// transaction must not call the Store itself if the pool may be exhausted: the call
// would wait for a connection, and the transaction for the call.
//
// default_transaction_isolation must be read committed, as is PostgreSQL's default; the
// host's own transactions may have any.
//
// Through a pooler in transaction mode (PgBouncer), set DefaultQueryExecMode of the
// pool to pgx.QueryExecModeExec, unless the pooler tracks prepared statements, and
// give Config.Listen a way around it, or set Config.PollOnly.
//
// # Watching it
//
// These say how much waits, in the order of its way:
//
//	SELECT count(*) FROM carillon.change WHERE position < 0      -- to be put into the log: a few
//	SELECT h.position - l.cursor FROM carillon.head h, carillon.lease l  -- to be sequenced
//	SELECT count(*), to_timestamp(min(due) / 1e6) FROM carillon.delivery
//		WHERE until IS NULL AND due <= extract(epoch FROM now()) * 1e6   -- to be delivered, since when
//	SELECT n_dead_tup, last_autovacuum FROM pg_stat_user_tables WHERE schemaname = 'carillon'
//
// The rows of delivery are rewritten all the time, and each of change once, without its
// resource. Both tables ask autovacuum for more than the default; under a steady load of
// thousands of events a second, also let it look more often than once a minute
// (autovacuum_naptime). What hinders it hinders them: a transaction that stays open for
// hours anywhere in the database makes them slower, as it does every table that is used
// as a queue.
//
// Errors have a fixed text and the SQLSTATE. errors.As finds the *pgconn.PgError, whose
// own text may quote values of rows: don't log it.
package postgres
