// Package sqlite is a subscription.Store in a SQLite file, for a host that is one
// process. It takes the host's *sql.DB and imports no driver; store/sqlite/modernc
// opens a file with a driver in pure Go and the settings that this page asks for.
//
//	db, err := modernc.Open("carillon.db")
//	store := sqlite.New(db, sqlite.Config{})
//	err = store.Migrate(ctx)
//
// Migrate creates and updates the tables, whose names begin with carillon_. It is
// never run unasked.
//
// # Transactions of the host
//
// Resources and changes belong into one transaction. Tx wraps whatever executes
// statements in it:
//
//	tx, err := db.BeginTx(ctx, nil)
//	// ... write the resource ...
//	err = engine.OnResourceChangeTx(ctx, store.Tx(tx), change)
//	err = tx.Commit()
//
// SQLite has one writer at a time. From its first write to its end, a host's
// transaction keeps this store's writes waiting, so keep it short. While a
// goroutine holds a transaction, it must not call a method of the Store itself
// that writes: that call would wait for the transaction, and the transaction for
// the call. Other goroutines may call anything.
//
// # Durability
//
// A write that returned nil survives the process, and a loss of power if the
// connections run with synchronous=FULL, as modernc.Open sets it. With NORMAL, a
// loss of power may take the last commits with it. The journal should be the WAL:
// then reads wait for nobody.
//
// # Group commit
//
// What many goroutines write at the same time goes into one transaction, for the
// price of one write to the disk. A write that fails doesn't harm the others. The
// work is done by a goroutine that lives only while there is something to write;
// nothing needs closing but the *sql.DB.
//
// If another transaction holds the file for longer than the connection's
// busy_timeout, what waits fails with ErrBusy.
package sqlite
