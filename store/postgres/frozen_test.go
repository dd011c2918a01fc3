package postgres_test

import (
	"bytes"
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/subscription"
)

// freezer makes connections whose other end stops reading once it has read so many
// bytes more, as a process does that is stopped.
type freezer struct {
	left   atomic.Int64
	frozen chan struct{}
	once   sync.Once
	thaw   chan struct{}
}

func (f *freezer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, addr)
	return freezing{c, f}, err
}

type freezing struct {
	net.Conn
	by *freezer
}

func (c freezing) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.by.left.Add(-int64(n)) < 0 {
		c.by.once.Do(func() { close(c.by.frozen) })
		<-c.by.thaw
	}
	return n, err
}

// A node that is stopped while it reads the log holds nothing that others need.
func TestNodeThatStopsWhileItReads(t *testing.T) {
	dsn := postgrestest.DSN(t)
	b := open(t, dsn, postgres.Config{})
	f := &freezer{frozen: make(chan struct{}), thaw: make(chan struct{})}
	f.left.Store(1 << 40)
	a := open(t, dsn, postgres.Config{}, func(c *pgxpool.Config) { c.ConnConfig.DialFunc = f.dial })
	changes := make([]subscription.Change, 20)
	for i := range changes {
		changes[i] = subscription.Change{At: time.Now(), Interaction: subscription.Create, ResourceType: "Patient", Resource: bytes.Repeat([]byte("x"), 1<<20)}
	}
	require.NoError(t, b.Append(t.Context(), changes))
	f.left.Store(300_000)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = a.ReadChanges(context.Background(), 0, 100)
	}()
	<-f.frozen
	require.NoError(t, b.Append(t.Context(), changes[:1]))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	after := int64(0)
	for after < 21 {
		read, err := b.ReadChanges(ctx, after, 100)
		require.NoError(t, err)
		require.NotEmpty(t, read)
		after = read[len(read)-1].Position
	}
	close(f.thaw)
	<-ended
}

// A node that is stopped between two statements of a transaction keeps its locks for
// seconds, not for as long as it is stopped.
func TestNodeThatStopsInATransaction(t *testing.T) {
	dsn := postgrestest.DSN(t)
	b := open(t, dsn, postgres.Config{})
	now := time.Now()
	_, err := b.Acquire(t.Context(), "sequencer", "stopped", now.Add(-time.Minute), now.Add(-time.Second))
	require.NoError(t, err)
	f := &freezer{frozen: make(chan struct{}), thaw: make(chan struct{})}
	f.left.Store(1 << 40)
	a := open(t, dsn, postgres.Config{}, func(c *pgxpool.Config) { c.ConnConfig.DialFunc, c.MaxConns = f.dial, 1 })
	lease, err := a.Acquire(t.Context(), "sequencer", "stopped", now.Add(-time.Minute), now.Add(-time.Second))
	require.NoError(t, err)
	require.NoError(t, a.CommitEvents(t.Context(), lease, subscription.Commit{Cursor: 0, At: now})) // its statements are prepared
	f.left.Store(40)                                                                                // more than BEGIN answers, less than what locks the lease does
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = a.CommitEvents(context.Background(), lease, subscription.Commit{Cursor: 0, At: now})
	}()
	<-f.frozen
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err = b.Acquire(ctx, "sequencer", "other", now, now.Add(time.Minute))
	require.NoError(t, err)
	close(f.thaw)
	<-ended
}
