// Package sqlite is a subscription.Store in a SQLite file, for a host that is one
// process. It takes the host's *sql.DB and imports no driver; store/sqlite/modernc
// opens a file with a driver in pure Go and the settings that this page asks for.
//
//	db, err := modernc.Open("carillon.db")
//	store := sqlite.New(db, sqlite.Config{})
//	err = store.Migrate(ctx)
//
// Migrate creates and updates the tables, whose names begin with carillon_. It is
// never run unasked. Files of every earlier version are brought along in one
// transaction, with what is under way in them: events and leases go on. A file
// that a later release has migrated is refused with ErrNewerSchema. SQLite must be of
// version 3.38 or later.
//
// # One process, one Store
//
// A file belongs to one process, and in it to one Store, which keeps in memory what is due
// when and who has claimed it: a claim writes nothing, but where it fixes a batch that may
// hold several events. Claims end with the process: the next one begins with all
// that is due. The Store also remembers what has just been sequenced, lest each delivery
// read it again. modernc.Open holds a lock as long
// as its *sql.DB is open, and refuses a file that is in use with filelock.ErrInUse. A
// host that opens its file with another driver takes the lock itself: see package
// store/sqlite/filelock. Its *sql.DB should have these settings on every connection:
// journal_mode=WAL, synchronous=FULL, a busy_timeout of some seconds, and transactions
// that begin with BEGIN IMMEDIATE.
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
// busy_timeout, what waits fails with ErrBusy. If the disk is full or the file can't be
// written, a write fails with the driver's error and leaves nothing of itself behind;
// reads go on, and so do writes as soon as they can.
//
// # Cost
//
// Claims and reads cost the same however long the history is. While more is due than
// is claimed at once, and of several tenants, a claim also costs less than a microsecond for
// each tenant that has something due. A subscription that is due at some time, now or
// later, takes about 80 bytes of memory, another one none. The first claim reads what is
// due: for a million subscriptions that takes a second or two if all are, as
// with heartbeats, and a fraction of that if few are.
package sqlite
