package subscription

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		parent, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
		defer cancel()

		looked := newWithin(parent, time.Second)
		require.Equal(t, "value", looked.Value(key{}))
		require.NoError(t, looked.Err())
		require.Nil(t, looked.timed, "no timer for that")
		child, release := context.WithCancel(looked) // would cost a goroutine if package context did not know the parent
		defer release()
		until, ok := looked.Deadline()
		require.True(t, ok)
		require.Equal(t, time.Second, time.Until(until))
		time.Sleep(time.Second)
		<-child.Done()
		require.ErrorIs(t, child.Err(), context.DeadlineExceeded)
		require.ErrorIs(t, looked.Err(), context.DeadlineExceeded)
		require.Equal(t, "value", looked.Value(key{}))
		looked.end()

		late := newWithin(parent, time.Second)
		time.Sleep(time.Minute)
		require.ErrorIs(t, late.Err(), context.DeadlineExceeded, "the time runs before anybody waits")
		<-late.Done()
		require.ErrorIs(t, late.Err(), context.DeadlineExceeded)

		kept := newWithin(parent, time.Second)
		kept.end()
		require.ErrorIs(t, kept.Err(), context.Canceled, "who keeps it finds it ended")
		<-kept.Done()
		require.ErrorIs(t, kept.Err(), context.Canceled)

		sooner, release := context.WithTimeout(parent, time.Millisecond)
		defer release()
		until, _ = newWithin(sooner, time.Second).Deadline()
		require.Equal(t, time.Millisecond, time.Until(until))

		cancelled := newWithin(parent, time.Second)
		waits := cancelled.Done()
		cancel()
		<-waits
		require.ErrorIs(t, cancelled.Err(), context.Canceled)
	})
}

func TestGraceIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := grace{ctx: t.Context(), lasts: 10 * time.Second}
		first := g.context()
		time.Sleep(time.Second)
		require.Same(t, first, g.context())
		time.Sleep(time.Nanosecond)
		next := g.context()
		require.NotSame(t, first, next)
		time.Sleep(9 * time.Second)
		require.ErrorIs(t, first.Err(), context.DeadlineExceeded)
		require.NoError(t, next.Err(), "which has most of a second more")
		g.end()
		require.ErrorIs(t, next.Err(), context.Canceled)
	})
}
