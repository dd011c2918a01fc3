package postgres

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// PutSubscription implements subscription.Store.
func (s *Store) PutSubscription(ctx context.Context, r subscription.Record, revision int64) (subscription.Record, error) {
	var put subscription.Record
	err := s.transact(ctx, func(tx pgx.Tx) error {
		old, found, err := s.lockRecord(ctx, tx, r.Tenant, r.ID)
		switch {
		case err != nil:
			return err
		case !found && revision != 0:
			return subscription.ErrNotFound
		case found && old.Revision != revision:
			return subscription.ErrConflict
		case !found:
			if old.Key, err = s.create(ctx, tx, &r); err != nil {
				return err
			}
		}
		var batch pgx.Batch
		if found {
			s.queueReplace(&batch, &old, &r)
		} else {
			batch.Queue(s.texts[insertDelivery], old.Key, r.Tenant, r.Attempt, micros(r.FailingSince), nullMicros(r.Due),
				r.Eager, r.Announce, micros(time.Time{}))
		}
		if !bytes.Equal(old.Spec, r.Spec) {
			s.queueControl(&batch, subscription.Change{Tenant: r.Tenant, Subscription: old.Key, Spec: r.Spec})
		}
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
			return err
		}
		put, _, err = s.readRecord(ctx, tx, r.Tenant, r.ID)
		return err
	})
	if err != nil {
		return subscription.Record{}, failed("writing a subscription", err)
	}
	return put, nil
}

// create returns the key of a new subscription, or ErrConflict if another transaction
// was faster.
func (s *Store) create(ctx context.Context, tx pgx.Tx, r *subscription.Record) (key int64, err error) {
	err = tx.QueryRow(ctx, s.texts[insertSubscription], r.Tenant, r.ID, []byte(r.Resource), micros(r.UpdatedAt),
		string(r.Status), r.Error, r.Spec, r.MaxCount, r.Owner).Scan(&key)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, subscription.ErrConflict
	}
	return key, err
}

func (s *Store) queueReplace(batch *pgx.Batch, old, r *subscription.Record) {
	batch.Queue(s.texts[updateSubscription], old.Key, old.Revision+1, []byte(r.Resource), micros(r.UpdatedAt), string(r.Status),
		r.Error, r.Spec, r.MaxCount, r.Owner)
	batch.Queue(s.texts[updateDelivery], old.Key, old.Revision+1, r.Attempt, micros(r.FailingSince), nullMicros(r.Due), r.Eager,
		r.Announce, old.MaxCount <= 1 && r.MaxCount > 1)
}

// queueControl appends the change that tells the sequencer of a subscription's Spec.
func (s *Store) queueControl(batch *pgx.Batch, c subscription.Change) {
	var rows changeRows
	rows.add([]subscription.Change{c})
	batch.Queue(s.texts[insertChanges], rows.args()...)
}

// GetSubscription implements subscription.Store.
func (s *Store) GetSubscription(ctx context.Context, tenant, id string) (subscription.Record, error) {
	r, found, err := s.readRecord(ctx, s.pool, tenant, id)
	if err != nil {
		return subscription.Record{}, failed("reading a subscription", err)
	}
	if !found {
		return subscription.Record{}, subscription.ErrNotFound
	}
	return r, nil
}

// ListSubscriptions implements subscription.Store.
func (s *Store) ListSubscriptions(ctx context.Context, q subscription.ListQuery) ([]subscription.Record, error) {
	if q.AllTenants && q.Sequenced {
		return s.listSequenced(ctx, q)
	}
	text, args := selectOfTenant, []any{q.Tenant, q.After, max(q.Limit, 0)}
	if q.AllTenants {
		text, args = selectAll, args[1:]
	}
	var list []subscription.Record
	err := s.each(ctx, s.pool, text, args, func(row pgx.Row) error {
		var scanned scannedRecord
		if err := row.Scan(scanned.dest()...); err != nil {
			return err
		}
		list = append(list, scanned.record())
		return nil
	})
	if err != nil {
		return nil, failed("listing subscriptions", err)
	}
	return list, nil
}

// DeleteSubscription implements subscription.Store.
func (s *Store) DeleteSubscription(ctx context.Context, tenant, id string, revision int64) error {
	return failed("deleting a subscription", s.transact(ctx, func(tx pgx.Tx) error {
		r, found, err := s.lockRecord(ctx, tx, tenant, id)
		switch {
		case err != nil:
			return err
		case !found:
			return subscription.ErrNotFound
		case revision != 0 && r.Revision != revision:
			return subscription.ErrConflict
		}
		var batch pgx.Batch
		for _, q := range []query{deleteSubscription, deleteDelivery, deleteEvents} {
			batch.Queue(s.texts[q], r.Key)
		}
		s.queueControl(&batch, subscription.Change{Tenant: tenant, Subscription: r.Key, Interaction: topic.Delete})
		return tx.SendBatch(ctx, &batch).Close()
	}))
}

// lockRecord locks a subscription for all that write it, and reads it afterwards. While
// it waits for the lock, the subscription may be deleted and created anew: then it is
// the new one that must be locked.
func (s *Store) lockRecord(ctx context.Context, tx pgx.Tx, tenant, id string) (subscription.Record, bool, error) {
	for {
		var locked int64
		err := s.each(ctx, tx, lockSubscription, []any{tenant, id}, func(row pgx.Row) error { return row.Scan(&locked) })
		if err != nil {
			return subscription.Record{}, false, err
		}
		r, found, err := s.readRecord(ctx, tx, tenant, id)
		if err != nil || !found || r.Key == locked {
			return r, found, err
		}
	}
}

func (s *Store) readRecord(ctx context.Context, in querier, tenant, id string) (r subscription.Record, found bool, err error) {
	err = s.each(ctx, in, selectSubscription, []any{tenant, id}, func(row pgx.Row) error {
		var scanned scannedRecord
		if err := row.Scan(scanned.dest()...); err != nil {
			return err
		}
		r, found = scanned.record(), true
		return nil
	})
	return r, found, err
}

// scannedRecord takes a row of recordColumns.
type scannedRecord struct {
	subscription.Record
	updatedAt, failingSince, sentAt int64
	due                             *int64
}

func (r *scannedRecord) dest() []any {
	return []any{
		&r.Key, &r.Tenant, &r.ID, &r.Owner, &r.Revision, (*[]byte)(&r.Resource), &r.updatedAt, (*string)(&r.Status), &r.Error,
		&r.Spec, &r.Sequenced, &r.MaxCount, &r.SequencedTo, &r.Count, &r.Cursor, &r.Frozen, &r.Attempt,
		&r.failingSince, &r.sentAt, &r.due, &r.Eager, &r.Announce,
	}
}

func (r *scannedRecord) record() subscription.Record {
	r.UpdatedAt, r.FailingSince = fromMicros(r.updatedAt), fromMicros(r.failingSince)
	r.SentAt, r.Due = fromMicros(r.sentAt), fromNullMicros(r.due)
	return r.Record
}
