package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// limited is a store with one connection, so that a PRAGMA holds for all it does,
// with a subscription that has been given an event and is claimed.
func limited(t *testing.T) (*Store, subscription.Lease, subscription.Claim) {
	s, ctx := newStore(t), t.Context()
	s.db.SetMaxOpenConns(1)
	r, err := s.PutSubscription(ctx, subscription.Record{
		Tenant: "t", ID: "s", Status: subscription.StatusActive, MaxCount: 1, Eager: true,
	}, 0)
	require.NoError(t, err)
	l, err := s.Acquire(ctx, "sequencer", "n", time.UnixMicro(0), time.UnixMicro(1))
	require.NoError(t, err)
	require.NoError(t, s.Append(ctx, []subscription.Change{named("first")}))
	require.NoError(t, s.CommitEvents(ctx, l, subscription.Commit{
		Cursor: 1, At: time.UnixMicro(1), Events: []subscription.NewEvent{{Key: r.Key, Number: 1, Position: 1}},
	}))
	l.Cursor = 1
	claims, _, err := s.Claim(ctx, "n", time.UnixMicro(1), time.UnixMicro(2), 1)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	return s, l, claims[0]
}

func (s *Store) pragma(t *testing.T, text string) {
	s.waitIdle()
	_, err := s.db.Exec("PRAGMA " + text)
	require.NoError(t, err)
}

// C9: when the disk is full, a write fails whole and tells its caller; what was there
// can still be read; and with room again all goes on by itself.
func TestFullDisk(t *testing.T) {
	s, l, claim := limited(t)
	ctx := t.Context()
	big := named("big")
	big.Resource = []byte(`"` + strings.Repeat("x", 20_000) + `"`)
	for round := range 3 {
		var pages int
		require.NoError(t, s.db.QueryRow("PRAGMA page_count").Scan(&pages))
		s.pragma(t, fmt.Sprint("max_page_count = ", pages+12))
		written := s.ids(t)
		var err error
		for err == nil {
			if err = s.Append(ctx, []subscription.Change{big, big}); err == nil {
				written = append(written, "big", "big")
			}
		}
		require.ErrorContains(t, err, "full")
		require.Equal(t, written, s.ids(t), "half an Append was written")

		// Events for a thousand subscriptions don't fit either.
		wide := subscription.Commit{Cursor: l.Cursor + 1, At: time.UnixMicro(3)}
		for n := range int64(20_000) {
			wide.Events = append(wide.Events, subscription.NewEvent{Key: claim.Key, Number: claim.Count + 1 + n, Position: 1})
		}
		require.ErrorContains(t, s.CommitEvents(ctx, l, wide), "full")
		r, err := s.GetSubscription(ctx, "t", "s")
		require.NoError(t, err)
		require.Equal(t, int64(1), r.Count)
		events, err := s.ReadEvents(ctx, r.Key, 1, 1000, 1000)
		require.NoError(t, err)
		require.Len(t, events, 1)

		s.pragma(t, "max_page_count = 1000000")
		require.NoError(t, s.Append(ctx, []subscription.Change{named(fmt.Sprint("room ", round))}))
		require.NoError(t, s.CommitEvents(ctx, l, subscription.Commit{Cursor: l.Cursor + 1, At: time.UnixMicro(3)}))
		l.Cursor++
	}
	require.NoError(t, s.Finish(ctx, subscription.Outcome{
		Key: claim.Key, Token: claim.Token, Status: claim.Status, Cursor: 1, Eager: true,
	}), "the claim has outlived it")
}

// C9: on a database that can't be written, every write says so and reads go on.
func TestReadOnly(t *testing.T) {
	s, l, claim := limited(t)
	ctx := t.Context()
	writes := map[string]func() error{
		"Append":  func() error { return s.Append(ctx, []subscription.Change{named("second")}) },
		"Commit":  func() error { return s.CommitEvents(ctx, l, subscription.Commit{Cursor: 2}) },
		"Release": func() error { return s.Release(ctx, "nobody") },
		"Finish": func() error {
			return s.Finish(ctx, subscription.Outcome{Key: claim.Key, Token: claim.Token, Status: claim.Status, Cursor: 1})
		},
	}
	s.pragma(t, "query_only = 1")
	for name, write := range writes {
		require.ErrorContains(t, write(), "readonly", name)
	}
	require.Equal(t, []string{"first"}, s.ids(t))
	require.ErrorContains(t, s.Release(ctx, "n"), "readonly")
	events, err := s.ReadEvents(ctx, claim.Key, 1, 1, 1)
	require.NoError(t, err)
	require.Len(t, events, 1)
	s.pragma(t, "query_only = 0")
	for name, write := range writes {
		require.NoError(t, write(), name)
	}
}
