package subscription

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestTurnsAreTakenOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all turns[string]
		first, err := all.take(t.Context(), "a")
		require.NoError(t, err)
		other, err := all.take(t.Context(), "b")
		require.NoError(t, err, "another key")
		other()

		ctx, cancel := context.WithCancel(t.Context())
		impatient := make(chan error)
		go func() {
			_, err := all.take(ctx, "a")
			impatient <- err
		}()
		second := make(chan struct{})
		go func() {
			done, err := all.take(t.Context(), "a")
			if err == nil {
				close(second)
				done()
			}
		}()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-impatient, context.Canceled)
		synctest.Wait()
		select {
		case <-second:
			t.Fatal("two have the turn")
		default:
		}
		first()
		<-second
		synctest.Wait()
		require.Empty(t, all.of, "nothing is kept")
	})
}
