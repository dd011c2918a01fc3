package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/due"
	"github.com/carillon-fhir/carillon/subscription"
)

// eager is a subscription that is due from the first microsecond on.
func eager(id string) subscription.Record {
	return subscription.Record{Tenant: "t", ID: id, Status: subscription.StatusActive, MaxCount: 1, Eager: true, Due: time.UnixMicro(1)}
}

func (s *Store) put(t *testing.T, r subscription.Record) subscription.Record {
	r, err := s.PutSubscription(t.Context(), r, r.Revision)
	require.NoError(t, err)
	return r
}

func (s *Store) claimAt(t *testing.T, now int64) []subscription.Claim {
	claims, _, err := s.Claim(t.Context(), "n", time.UnixMicro(now), time.UnixMicro(now+100), 9)
	require.NoError(t, err)
	return claims
}

// unchanged is an outcome that makes a subscription due at a time.
func unchanged(c subscription.Claim, at int64) subscription.Outcome {
	return subscription.Outcome{Key: c.Key, Token: c.Token, At: time.UnixMicro(1), Status: c.Status, Error: c.Error, Spec: c.Spec, Cursor: c.Cursor, Eager: true, Due: time.UnixMicro(at)}
}

// requireMirror requires that what is due in memory is what is due in the file.
func (s *Store) requireMirror(t *testing.T) {
	t.Helper()
	if !s.work.ready(0) {
		return
	}
	rows, err := s.db.Query(`SELECT subscription, due FROM carillon_delivery`)
	require.NoError(t, err)
	defer rows.Close()
	n := 0
	for rows.Next() {
		var key int64
		var at sql.NullInt64
		require.NoError(t, rows.Scan(&key, &at))
		s.work.mu.Lock()
		require.Equal(t, fromNullMicros(at), s.work.queue.Due(key), "subscription %d", key)
		s.work.mu.Unlock()
		n++
	}
	require.NoError(t, rows.Err())
}

// A claim whose subscription is written or deleted between the moment in which it is
// claimed and that in which it is read is given to nobody, and what was written is due as
// it says.
func TestWrittenWhileClaimed(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	written, deleted, kept := s.put(t, eager("written")), s.put(t, eager("deleted")), s.put(t, eager("kept"))
	require.NoError(t, s.fill(ctx, 9))
	for _, late := range []bool{false, true} { // before it is read, and after
		picked, _ := s.work.claim("n", time.UnixMicro(2), time.UnixMicro(100), 9)
		require.Len(t, picked, 3)
		read, err := s.readClaimed(ctx, picked)
		require.NoError(t, err)
		written.Error, written.Due = written.Error+"x", time.UnixMicro(3)
		written = s.put(t, written)
		require.NoError(t, s.DeleteSubscription(ctx, "t", "deleted", 0))
		if !late {
			read, err = s.readClaimed(ctx, picked)
			require.NoError(t, err)
		}
		given := s.work.give(picked, read)
		require.Len(t, given, 1)
		require.Equal(t, kept.Key, given[0].Key)
		s.work.giveBack(picked)
		s.requireMirror(t)
		again := s.claimAt(t, 2)
		require.Len(t, again, 1, "the written one is not due yet, the deleted one is gone")
		again = append(again, s.claimAt(t, 3)...)
		require.Len(t, again, 2)
		require.Equal(t, written, again[1].Record)
		for i, due := range []int64{1, 1} {
			require.NoError(t, s.Finish(ctx, unchanged(again[i], due)))
		}
		deleted = s.put(t, eager("deleted"))
	}
	require.NotZero(t, deleted.Key)
}

// ending is a context that ends when it has been asked for the first time.
type ending struct {
	context.Context
	asked bool
}

func (c *ending) Err() error {
	if !c.asked {
		c.asked = true
		return nil
	}
	return c.Context.Err()
}

// What could not be read is given back at once, and so is what nobody gets because it is
// being written, even if nothing comes of that.
func TestUnreadClaimsAreGivenBack(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	r := s.put(t, eager("s"))
	require.NoError(t, s.fill(ctx, 9))
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, _, err := s.Claim(&ending{Context: ended}, "n", time.UnixMicro(2), time.UnixMicro(100), 9)
	require.ErrorIs(t, err, context.Canceled)
	claims := s.claimAt(t, 2)
	require.Len(t, claims, 1)
	require.NoError(t, s.Release(ctx, "n"))

	picked, _ := s.work.claim("n", time.UnixMicro(2), time.UnixMicro(100), 9)
	read, err := s.readClaimed(ctx, picked)
	require.NoError(t, err)
	s.work.hold(r.Key)
	require.Empty(t, s.work.give(picked, read))
	s.work.resume([]int64{r.Key}, nil)
	require.Len(t, s.claimAt(t, 2), 1)
}

// No batch is fixed for who has lost the claim.
func TestLostClaimsFreezeNothing(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	r := eager("s")
	r.MaxCount = 2
	r = s.put(t, r)
	l, err := s.Acquire(ctx, "sequencer", "n", time.UnixMicro(0), time.UnixMicro(1))
	require.NoError(t, err)
	require.NoError(t, s.Append(ctx, []subscription.Change{named("a")}))
	require.NoError(t, s.CommitEvents(ctx, l, subscription.Commit{Cursor: 1, At: time.UnixMicro(1), Events: []subscription.NewEvent{{Key: r.Key, Number: 1, Position: 1}}}))
	require.NoError(t, s.fill(ctx, 9))
	picked, _ := s.work.claim("n", time.UnixMicro(2), time.UnixMicro(100), 9)
	read, err := s.readClaimed(ctx, picked)
	require.NoError(t, err)
	r.Status = subscription.StatusOff
	r = s.put(t, r)
	require.NoError(t, s.freeze(ctx, picked, read))
	require.Empty(t, s.work.give(picked, read))
	got, err := s.GetSubscription(ctx, "t", "s")
	require.NoError(t, err)
	require.Equal(t, r.Revision, got.Revision)
	require.Zero(t, got.Frozen)
}

// During the commit of a write, and until memory has followed it, what it writes can't be
// claimed as it was, nor finished; afterwards it is as written.
func TestNobodyClaimsWhatIsBeingWritten(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	r := s.put(t, eager("s"))
	l, err := s.Acquire(ctx, "sequencer", "n", time.UnixMicro(0), time.UnixMicro(1))
	require.NoError(t, err)
	require.NoError(t, s.Append(ctx, []subscription.Change{named("a")}))
	changes, err := s.ReadChanges(ctx, 0, 9)
	require.NoError(t, err)
	position := changes[len(changes)-1].Position
	var claim subscription.Claim
	for _, c := range []struct {
		name    string
		prepare func()
		write   func() error
		due     int64 // afterwards; 0: never
	}{
		{"Finish", func() { claim = s.claimAt(t, 2)[0] }, func() error { return s.Finish(ctx, unchanged(claim, 1)) }, 1},
		{"Put", func() {}, func() (err error) { r, err = s.PutSubscription(ctx, eager("s"), 1); return err }, 1},
		{"Put of a claimed one", func() { claim = s.claimAt(t, 2)[0] }, func() (err error) { r, err = s.PutSubscription(ctx, eager("s"), 2); return err }, 1},
		{"CommitEvents", func() {
			claim = s.claimAt(t, 2)[0]
			o := unchanged(claim, 1)
			o.Due = time.Time{}
			require.NoError(t, s.Finish(ctx, o))
		}, func() error {
			return s.CommitEvents(ctx, l, subscription.Commit{Cursor: position, At: time.UnixMicro(2), Events: []subscription.NewEvent{{Key: r.Key, Number: 1, Position: position}}})
		}, 2},
		{"Delete", func() { claim = s.claimAt(t, 2)[0] }, func() error { return s.DeleteSubscription(ctx, "t", "s", 0) }, 0},
	} {
		c.prepare()
		held := s.hold(t)
		var all sync.WaitGroup
		var probed []subscription.Claim
		all.Go(func() { // in the same transaction, and the first to know that it has committed
			require.NoError(t, s.write(ctx, func(tx *transaction) error {
				tx.then(func() {
					probed = s.claimAt(t, 2)
					require.False(t, s.work.current(claim.Key, claim.Token))
				})
				return nil
			}))
		})
		s.waitQueued(1)
		all.Go(func() { require.NoError(t, c.write(), c.name) })
		s.waitQueued(2)
		require.NoError(t, held.Commit())
		all.Wait()
		require.Empty(t, probed, c.name)
		s.requireMirror(t)
		if got := s.claimAt(t, 3); c.due > 0 {
			require.Len(t, got, 1, c.name)
			require.Equal(t, time.UnixMicro(c.due).UTC(), got[0].Due)
		} else {
			require.Empty(t, got)
		}
		require.NoError(t, s.Release(ctx, "n"))
		l, err = s.Acquire(ctx, "sequencer", "n", time.UnixMicro(0), time.UnixMicro(1))
		require.NoError(t, err)
	}
}

// A write that is taken back leaves the claim as it was, and one that is done again in a
// transaction of its own finds it.
func TestRolledBackWritesKeepTheClaim(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	s.put(t, eager("s"))
	claim := s.claimAt(t, 2)[0]
	boom := errors.New("boom")
	require.ErrorIs(t, s.write(ctx, func(tx *transaction) error {
		tx.hold(claim.Key)
		return boom
	}), boom)
	require.Empty(t, s.claimAt(t, 2))
	held := s.hold(t)
	var all sync.WaitGroup
	all.Go(func() { require.NoError(t, s.Finish(ctx, unchanged(claim, 3))) })
	s.waitQueued(1)
	all.Go(func() {
		require.ErrorIs(t, s.write(ctx, func(*transaction) error { return boom }), boom)
	})
	s.waitQueued(2)
	require.NoError(t, held.Commit())
	all.Wait()
	s.requireMirror(t)
	require.Len(t, s.claimAt(t, 3), 1)
}

// After a commit that says it has failed, whatever came of it, what is due is what the
// file says. Who had claimed what it finished keeps the claim, lest it be delivered
// again and again to a disk that is full; who had claimed what it wrote has lost it.
func TestCommitOfUnknownOutcome(t *testing.T) {
	for _, end := range []string{"COMMIT", "ROLLBACK"} {
		s, ctx := newStore(t), t.Context()
		finished, written := s.put(t, eager("finished")), s.put(t, eager("written"))
		claims := s.claimAt(t, 2)
		require.Len(t, claims, 2)
		held := s.hold(t)
		var all sync.WaitGroup
		all.Go(func() { require.Error(t, s.Finish(ctx, unchanged(claims[0], 50))) })
		all.Go(func() {
			r := written
			r.Due = time.UnixMicro(60)
			_, err := s.PutSubscription(ctx, r, r.Revision)
			require.Error(t, err)
		})
		s.waitQueued(2)
		all.Go(func() {
			require.Error(t, s.write(ctx, func(tx *transaction) error {
				_, err := tx.tx.Exec(end) // behind the back of the driver, whose own then fails
				return err
			}))
		})
		s.waitQueued(3)
		require.NoError(t, held.Commit())
		all.Wait()
		require.False(t, s.work.ready(0))
		require.True(t, s.work.current(finished.Key, claims[0].Token), end)
		require.ErrorIs(t, s.Finish(ctx, unchanged(claims[1], 1)), subscription.ErrLost, end)
		got := s.claimAt(t, 10)
		s.requireMirror(t)
		if end == "COMMIT" {
			require.Empty(t, got, "it is due at 60")
			require.Len(t, s.claimAt(t, 61), 1)
		} else {
			require.Len(t, got, 1)
		}
	}
}

// Whatever is done at once, and whatever of it fails, what is due in memory is what is due
// in the file, and no claim is had by two.
func TestQueueIsWhatTheFileSays(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	const subscriptions = 8
	for i := range subscriptions {
		s.put(t, eager(fmt.Sprint(i)))
	}
	require.NoError(t, s.fill(ctx, 9))
	var sequencing sync.Mutex
	lease, err := s.Acquire(ctx, "sequencer", "s", time.UnixMicro(0), time.UnixMicro(1))
	require.NoError(t, err)
	counts := map[int64]int64{}
	boom := errors.New("boom")
	for round := range 12 {
		var all sync.WaitGroup
		for worker := range 6 {
			random := rand.New(rand.NewPCG(uint64(round), uint64(worker)))
			all.Go(func() {
				for range 15 {
					id, now := fmt.Sprint(random.IntN(subscriptions)), time.UnixMicro(int64(10+10*round+random.IntN(10)))
					switch random.IntN(9) {
					case 0:
						r, err := s.GetSubscription(ctx, "t", id)
						if err == nil {
							r.Due, r.Eager, r.MaxCount = now, random.IntN(2) == 0, 1+random.IntN(3)
							_, err = s.PutSubscription(ctx, r, r.Revision)
						}
						require.True(t, err == nil || errors.Is(err, subscription.ErrConflict) || errors.Is(err, subscription.ErrNotFound), err)
					case 1:
						if err := s.DeleteSubscription(ctx, "t", id, 0); err == nil {
							s.put(t, eager(id))
						}
					case 2:
						require.ErrorIs(t, s.write(ctx, func(tx *transaction) error {
							tx.hold(1 + random.Int64N(subscriptions))
							return boom
						}), boom)
					case 3:
						keys := make([]int64, 200) // all that there are, and have been
						for i := range keys {
							keys[i] = int64(i) + 1
						}
						require.NoError(t, s.Hasten(ctx, keys, now))
					case 4, 5:
						sequencing.Lock()
						require.NoError(t, s.Append(ctx, []subscription.Change{named("x")}))
						changes, err := s.ReadChanges(ctx, lease.Cursor, 100)
						require.NoError(t, err)
						c := subscription.Commit{Cursor: changes[len(changes)-1].Position, At: now}
						if r, err := s.GetSubscription(ctx, "t", id); err == nil {
							counts[r.Key] = max(counts[r.Key], r.Count) + 1
							c.Events = []subscription.NewEvent{{Key: r.Key, Number: counts[r.Key], Position: c.Cursor}}
						}
						require.NoError(t, s.CommitEvents(ctx, lease, c))
						lease.Cursor = c.Cursor
						sequencing.Unlock()
					default:
						claims, _, err := s.Claim(ctx, fmt.Sprint("n", worker), now, now.Add(5*time.Microsecond), 3)
						require.NoError(t, err)
						for _, c := range claims {
							o := unchanged(c, now.UnixMicro()+random.Int64N(10))
							o.Cursor, o.At, o.Eager = max(c.Frozen, c.Cursor), now, random.IntN(3) > 0
							if random.IntN(4) == 0 {
								o.Error = "other"
							}
							err := s.Finish(ctx, o)
							require.True(t, err == nil || errors.Is(err, subscription.ErrLost), err)
						}
					}
				}
			})
		}
		all.Wait()
		s.requireMirror(t)
		require.Empty(t, heldKeys(&s.work.queue), "nothing is held when nothing is written")
	}
}

// heldKeys are those of a few keys that nobody can claim.
func heldKeys(q *due.Queue) (held []int64) {
	for key := range int64(200) {
		before := q.Due(key)
		if before.IsZero() {
			continue
		}
		q.End(key)
	}
	claims, _ := q.Claim("check", time.UnixMicro(1e9), time.UnixMicro(2e9), 1000)
	claimed := map[int64]bool{}
	for _, c := range claims {
		claimed[c.Key] = true
	}
	for key := range int64(200) {
		if !q.Due(key).IsZero() && !claimed[key] {
			held = append(held, key)
		}
	}
	q.Release("check")
	return held
}

// Tokens go on when those that were reserved have been given, and are reserved by one
// write for very many.
func TestTokensAreReserved(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	s.put(t, eager("s"))
	first := s.claimAt(t, 2)[0].Token
	require.NoError(t, s.Release(ctx, "n"))
	stored := func() (n int64) {
		require.NoError(t, s.db.QueryRow(`SELECT token FROM carillon_claim`).Scan(&n))
		return n
	}
	require.Equal(t, int64(1), first)
	require.Equal(t, int64(tokens), stored())
	s.work.reserved = first
	require.Equal(t, int64(tokens)+1, s.claimAt(t, 2)[0].Token)
	require.Equal(t, int64(2*tokens), stored())
}

// What Claim freezes is written where it does not follow from Cursor, and nowhere else.
func TestClaimWritesOnlyLargerBatches(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	l, err := s.Acquire(ctx, "sequencer", "n", time.UnixMicro(0), time.UnixMicro(1))
	require.NoError(t, err)
	one, many := s.put(t, eager("one")), eager("many")
	many.MaxCount = 2
	many = s.put(t, many)
	require.NoError(t, s.Append(ctx, []subscription.Change{named("a")}))
	require.NoError(t, s.CommitEvents(ctx, l, subscription.Commit{Cursor: 1, At: time.UnixMicro(1), Events: []subscription.NewEvent{
		{Key: one.Key, Number: 1, Position: 1}, {Key: many.Key, Number: 1, Position: 1},
	}}))
	claims := s.claimAt(t, 2)
	require.Len(t, claims, 2)
	for i, stored := range []int64{0, 1} {
		require.Equal(t, int64(1), claims[i].Frozen)
		r, err := s.GetSubscription(ctx, "t", claims[i].ID)
		require.NoError(t, err)
		require.Equal(t, stored, r.Frozen, claims[i].ID)
	}
}
