package subscription_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// hangingStore does not answer Claim while it is told so.
type hangingStore struct {
	subscription.Store
	hang    atomic.Bool
	hanging chan struct{} // closed by the first Claim that hangs
}

func (s *hangingStore) Claim(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
	if s.hang.CompareAndSwap(true, false) {
		close(s.hanging)
		<-ctx.Done()
	}
	return s.Store.Claim(ctx, node, now, until, limit)
}

// A client that gives up gets its answer, though the store does not answer the claim
// that this process is making.
func TestWriteEndsWithItsContextWhileAClaimHangs(t *testing.T) {
	store := &hangingStore{Store: memory.New(), hanging: make(chan struct{})}
	w := newWorld(t, func(c *subscription.Config) { c.Store = store })
	store.hang.Store(true)
	<-store.hanging
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	answered := make(chan error, 1)
	go func() {
		_, err := w.Create(ctx, "", json.RawMessage(subscriptionJSON(anyPatient)))
		answered <- err
	}()
	select {
	case <-answered:
	case <-time.After(10 * time.Second):
		t.Error("the write hangs with the claim")
	}
	require.NoError(t, w.stop())
}
