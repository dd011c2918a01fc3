package subscription

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// wallOf is a machine's clock that somebody sets.
type wallOf struct{ off time.Duration }

func (w *wallOf) at(now time.Time) time.Time { return now.Round(0).Add(w.off) }

func TestClockGoesOnEvenly(t *testing.T) { // R22
	synctest.Test(t, func(t *testing.T) {
		c, wall := newClock(nil, 10*time.Second), &wallOf{}
		c.setWall(wall.at)
		last := c.now()
		for _, off := range []time.Duration{time.Hour, -time.Hour, 5 * time.Minute, -23 * time.Hour, 0} {
			wall.off = off
			for range 100 {
				time.Sleep(time.Second)
				now := c.now()
				require.InDelta(t, time.Second, now.Sub(last), float64(10*time.Millisecond), "at %v", off)
				last = now
			}
		}
		wall.off = time.Hour
		time.Sleep(200 * time.Hour)
		require.Equal(t, wall.at(time.Now()), c.now(), "it comes near")
		wall.off = 50 * 365 * 24 * time.Hour // a machine that knew no time when it was started
		require.Equal(t, wall.at(time.Now()), c.now())
	})
}

// timekeeper is a Store that tells the time, or fails to.
type timekeeper struct {
	Store
	wallOf
	asked int
	takes time.Duration
	err   error
}

func (s *timekeeper) Now(context.Context) (time.Time, error) {
	s.asked++
	at := s.at(time.Now().Add(s.takes / 2))
	time.Sleep(s.takes)
	return at, s.err
}

func TestClockIsKeptByTheStore(t *testing.T) { // R22
	synctest.Test(t, func(t *testing.T) {
		store, wall := &timekeeper{takes: 20 * time.Millisecond}, &wallOf{off: 5 * time.Minute}
		c := newClock(store, 10*time.Second)
		c.setWall(wall.at)
		keep := func() { t.Helper(); require.NoError(t, c.keep(t.Context())) }
		exact := func() {
			t.Helper()
			require.InDelta(t, 0, c.now().Sub(store.at(time.Now())), float64(20*time.Millisecond))
		}
		keep()
		exact()
		for range 100 {
			time.Sleep(time.Second)
			keep()
			exact()
		}
		require.Equal(t, 11, store.asked, "at first, and once in ten seconds")
		wall.off = -time.Hour // somebody sets the machine's clock, or it was asleep
		keep()
		require.Equal(t, 12, store.asked)
		exact()
		store.off = time.Hour
		time.Sleep(10 * time.Second)
		keep()
		exact()
		time.Sleep(10 * time.Second)
		store.err = errors.New("away")
		require.ErrorIs(t, c.keep(t.Context()), store.err)
	})
}
