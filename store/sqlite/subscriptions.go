package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// PutSubscription implements subscription.Store.
func (s *Store) PutSubscription(ctx context.Context, r subscription.Record, revision int64) (subscription.Record, error) {
	var put subscription.Record
	err := s.write(ctx, func(tx *transaction) error {
		old, found, err := tx.readRecord(r.Tenant, r.ID)
		switch {
		case err != nil:
			return err
		case !found && revision != 0:
			return subscription.ErrNotFound
		case found && old.Revision != revision:
			return subscription.ErrConflict
		case found:
			tx.hold(old.Key)
			err = tx.replace(&old, &r)
		default:
			old.Key, err = tx.create(&r)
		}
		if err != nil {
			return err
		}
		if !bytes.Equal(old.Spec, r.Spec) {
			if err := tx.control(old.Key, r.Tenant, r.Spec); err != nil {
				return err
			}
		}
		put, _, err = tx.readRecord(r.Tenant, r.ID)
		tx.then(func() { s.work.set(put.Key, put.Tenant, put.Due) })
		return err
	})
	if err != nil {
		return subscription.Record{}, err
	}
	return put, nil
}

func (t *transaction) create(r *subscription.Record) (key int64, err error) {
	key, err = t.insert(insertSubscription, r.Tenant, r.ID, r.Owner, []byte(r.Resource), micros(r.UpdatedAt),
		string(r.Status), r.Error, r.Spec, r.MaxCount)
	if err != nil {
		return 0, err
	}
	return key, t.exec(insertDelivery, key, r.Tenant, r.Attempt, micros(r.FailingSince), nullMicros(r.Due), r.Eager, r.Announce,
		micros(time.Time{}))
}

func (t *transaction) replace(old, r *subscription.Record) error {
	err := t.exec(updateSubscription, old.Revision+1, r.Owner, []byte(r.Resource), micros(r.UpdatedAt), string(r.Status), r.Error,
		r.Spec, r.MaxCount, old.Key)
	if err != nil {
		return err
	}
	frozen := old.Frozen
	if old.MaxCount <= 1 && r.MaxCount > 1 && frozen == 0 && old.Count > old.Cursor {
		frozen = old.Cursor + 1 // it may have been sent: freeze has not written it
	}
	return t.exec(updateDelivery, r.Attempt, micros(r.FailingSince), nullMicros(r.Due), r.Eager, r.Announce, frozen, old.Key)
}

// control appends the change that tells the sequencer of a subscription's Spec.
func (t *transaction) control(key int64, tenant string, spec []byte) error {
	_, err := t.append(&subscription.Change{Tenant: tenant, Subscription: key, Spec: spec})
	return err
}

// GetSubscription implements subscription.Store.
func (s *Store) GetSubscription(ctx context.Context, tenant, id string) (subscription.Record, error) {
	list, err := s.list(ctx, 1, selectSubscription, tenant, id)
	if err != nil {
		return subscription.Record{}, err
	}
	if len(list) == 0 {
		return subscription.Record{}, subscription.ErrNotFound
	}
	return list[0], nil
}

// ListSubscriptions implements subscription.Store.
func (s *Store) ListSubscriptions(ctx context.Context, q subscription.ListQuery) ([]subscription.Record, error) {
	if q.AllTenants && q.Sequenced {
		return s.listSequenced(ctx, q)
	}
	if q.AllTenants {
		return s.list(ctx, q.Limit, selectAll, q.After, max(q.Limit, 0))
	}
	return s.list(ctx, q.Limit, selectOfTenant, q.Tenant, q.After, max(q.Limit, 0))
}

// list reads records, of which there are hardly more than the given number.
func (s *Store) list(ctx context.Context, most int, q query, args ...any) ([]subscription.Record, error) {
	var list []subscription.Record
	var scanned scannedRecord
	dest := scanned.dest()
	err := s.rows(ctx, q, args, func(r row) error {
		if err := r.Scan(dest...); err != nil {
			return err
		}
		if list == nil {
			list = make([]subscription.Record, 0, min(most, roomOfList))
		}
		list = append(list, scanned.record())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// DeleteSubscription implements subscription.Store.
func (s *Store) DeleteSubscription(ctx context.Context, tenant, id string, revision int64) error {
	return s.write(ctx, func(tx *transaction) error {
		r, found, err := tx.readRecord(tenant, id)
		switch {
		case err != nil:
			return err
		case !found:
			return subscription.ErrNotFound
		case revision != 0 && r.Revision != revision:
			return subscription.ErrConflict
		}
		tx.hold(r.Key)
		for _, q := range []query{deleteSubscription, deleteDelivery, deleteEvents} {
			if err := tx.exec(q, r.Key); err != nil {
				return err
			}
		}
		tx.then(func() { s.recent.deleted(r.Key); s.work.set(r.Key, tenant, time.Time{}) })
		_, err = tx.append(&subscription.Change{Tenant: tenant, Subscription: r.Key, Interaction: topic.Delete})
		return err
	})
}

func (t *transaction) readRecord(tenant, id string) (r subscription.Record, found bool, err error) {
	var scanned scannedRecord
	found, err = t.read(selectSubscription, []any{tenant, id}, scanned.dest()...)
	if !found || err != nil {
		return subscription.Record{}, false, err
	}
	return scanned.record(), true, nil
}

// scannedRecord takes a row of recordColumns.
type scannedRecord struct {
	subscription.Record
	updatedAt, failingSince, sentAt int64
	due                             sql.NullInt64
}

func (r *scannedRecord) dest() []any {
	return []any{
		&r.Key, &r.Tenant, &r.ID, &r.Owner, &r.Revision, (*[]byte)(&r.Resource), &r.updatedAt, (*string)(&r.Status), &r.Error,
		&r.Spec, &r.Sequenced, &r.MaxCount,
		&r.Count, &r.Cursor, &r.Frozen, &r.Attempt, &r.failingSince, &r.sentAt, &r.due, &r.Eager, &r.Announce,
	}
}

func (r *scannedRecord) record() subscription.Record {
	r.UpdatedAt, r.FailingSince = fromMicros(r.updatedAt), fromMicros(r.failingSince)
	r.SentAt, r.Due = fromMicros(r.sentAt), fromNullMicros(r.due)
	return r.Record
}
