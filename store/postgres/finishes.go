package postgres

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/carillon-fhir/carillon/subscription"
)

// claimed is what a subscription was like when this process claimed it. Whatever changes
// it ends the claim: hence it is still so if the claim with this token is. A claim that
// is not known here costs Finish a look at the subscription, no more.
type claimed struct {
	token  int64
	status subscription.Status
	error  string
	spec   []byte
	until  time.Time
}

// claimedMost is how many claims are known before those that ran out are forgotten.
const claimedMost = 1 << 13

// remember keeps what claims were like.
func (s *Store) remember(claims []subscription.Claim, now, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.claimed) > claimedMost {
		for key, c := range s.claimed {
			if c.until.Before(now) {
				delete(s.claimed, key)
			}
		}
	}
	for _, c := range claims {
		s.claimed[c.Key] = claimed{c.Token, c.Status, c.Error, c.Spec, until}
	}
}

// unchanged forgets a claim and reports whether its outcome leaves the subscription as it
// was.
func (s *Store) unchanged(o *subscription.Outcome) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.claimed[o.Key]
	if !known || c.token != o.Token {
		return false
	}
	delete(s.claimed, o.Key)
	return c.status == o.Status && c.error == o.Error && bytes.Equal(c.spec, o.Spec)
}

// finishing is a call of Finish.
type finishing struct {
	subscription.Outcome
	done bool
}

// Finish implements subscription.Store. Nearly always the subscription itself stays as
// it is: then one statement is done for all calls at the same time.
func (s *Store) Finish(ctx context.Context, o subscription.Outcome) error {
	if !s.unchanged(&o) {
		return failed("finishing", s.transact(ctx, func(tx pgx.Tx) error { return s.turn(ctx, tx, &o) }))
	}
	f := &finishing{Outcome: o}
	if err := s.finishes.do(ctx, f); err != nil {
		return failed("finishing", err)
	}
	if !f.done {
		return subscription.ErrLost
	}
	return nil
}

func (s *Store) finishAll(ctx context.Context, calls []*finishing) error {
	n := len(calls)
	calls = slices.Clone(calls)
	slices.SortFunc(calls, func(a, b *finishing) int { return cmp.Compare(a.Key, b.Key) }) // see byIndex
	keys, tokens, at := make([]int64, n), make([]int64, n), make([]int64, n)
	cursors, frozen, attempts := make([]int64, n), make([]int64, n), make([]int64, n)
	failing, sent, due := make([]int64, n), make([]int64, n), make([]*int64, n)
	eager, announce := make([]bool, n), make([]bool, n)
	for i, o := range calls {
		keys[i], tokens[i], at[i] = o.Key, o.Token, micros(o.At)
		cursors[i], frozen[i], attempts[i] = o.Cursor, o.Frozen, int64(o.Attempt)
		failing[i], sent[i], due[i] = micros(o.FailingSince), micros(o.SentAt), nullMicros(o.Due)
		eager[i], announce[i] = o.Eager, o.Announce
	}
	var batch pgx.Batch
	batch.Queue(s.texts[byIndex])
	batch.Queue(s.texts[finishUnchanged], keys, tokens, at, cursors, frozen, attempts, failing, sent, due, eager, announce).
		Query(func(rows pgx.Rows) error {
			return scanAll(rows, func(row pgx.Row) error {
				var nth int64
				err := row.Scan(&nth)
				if err == nil {
					calls[nth-1].done = true
				}
				return err
			})
		})
	return s.pool.SendBatch(ctx, &batch).Close()
}

// turn writes an outcome that changes the subscription itself.
func (s *Store) turn(ctx context.Context, tx pgx.Tx, o *subscription.Outcome) error {
	tag, err := tx.Exec(ctx, s.texts[lockClaimed], o.Key, o.Token)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return subscription.ErrLost
	}
	var old scannedRecord
	err = tx.QueryRow(ctx, s.texts[selectByKey], o.Key).Scan(&old.Tenant, &old.Revision, &old.updatedAt,
		(*string)(&old.Status), &old.Error, &old.Spec)
	if err != nil {
		return err
	}
	if old.Status != o.Status || old.Error != o.Error {
		old.Revision++
		old.updatedAt = micros(o.At)
	}
	var batch pgx.Batch
	batch.Queue(s.texts[updateOutcome], o.Key, old.Revision, old.updatedAt, string(o.Status), o.Error, o.Spec)
	batch.Queue(s.texts[finishDelivery], o.Key, micros(o.At), o.Cursor, o.Frozen, o.Attempt, micros(o.FailingSince),
		micros(o.SentAt), nullMicros(o.Due), o.Eager, o.Announce)
	if !bytes.Equal(old.Spec, o.Spec) {
		s.queueControl(&batch, subscription.Change{Tenant: old.Tenant, Subscription: o.Key, Spec: o.Spec})
	}
	return tx.SendBatch(ctx, &batch).Close()
}
