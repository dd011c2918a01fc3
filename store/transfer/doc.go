// Package transfer moves subscriptions from one store to another, such as from a
// SQLite file to PostgreSQL when a server gets more nodes:
//
//	report, err := transfer.Copy(ctx, postgresStore, sqliteStore, time.Now())
//
// Numbers go on: what a subscriber has had stays had, what it has not had is delivered
// from the new store under the same numbers and the same Bundle.id, and $events shows
// what the old store still held. Only the versions of the Subscriptions begin again at 1.
//
// No engine may use either store meanwhile. A store whose engine was stopped, by its
// Run returning, is ready if all its changes have been sequenced; else Copy fails with
// ErrUnsequenced, and the engine has to run for another moment, without new changes.
//
// The host's own resources are not the engine's: the host moves them. Tokens that clients
// were given to show once are not copied: they last for moments, and a client that shows
// one in vain asks for another.
package transfer
