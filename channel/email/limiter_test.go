package email

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

func TestOneAddressGetsItsShare(t *testing.T) { // docs/delivery-rows.md E4
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, true, true)
		c := newMails(t, p, func(c *Config) { c.PerAddress = 60 })
		var refused atomic.Int64
		var wg sync.WaitGroup
		for i := range 1000 { // as many Subscriptions, under names that lead to one mailbox
			wg.Go(func() {
				to := target(fmt.Sprintf("Nurse+%d@clinic.example", i))
				to.Tenant, to.Subscription = fmt.Sprint(i%7), fmt.Sprint(i)
				err := c.Send(t.Context(), to, event(1))
				if err == nil {
					return
				}
				if errors.Is(err, ErrTooMany) && err.Error() == "email: too many mails to one address" {
					refused.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 940, refused.Load())
		require.Len(t, p.received(), 60)
		require.NoError(t, c.Send(t.Context(), target("doctor@clinic.example"), event(1)), "others are not held up")

		// It is told when to come again, and then it is taken.
		to := target("nurse@clinic.example")
		err := c.Send(t.Context(), to, event(1))
		require.Equal(t, subscription.RetryAfter(errTooMany, time.Minute), err)
		time.Sleep(time.Minute)
		require.NoError(t, c.Send(t.Context(), to, event(1)))
		require.Error(t, c.Send(t.Context(), to, event(1)))
		time.Sleep(time.Hour)
		t.Logf("E4 subscriptions=1000 in an hour=%d", len(p.received())-1)
		require.NoError(t, c.Close())
	})
}

func TestStrangersAreAskedSeldom(t *testing.T) { // docs/delivery-rows.md E4
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, true, true)
		c := newMails(t, p)
		ask := event(1)
		ask.Confirmation = "TOKEN"
		for i := range 100 {
			_ = c.Send(t.Context(), target(fmt.Sprintf("stranger+%d@example.org", i)), ask)
		}
		require.Len(t, p.received(), confirmationsPerAddress)
		require.NoError(t, c.Send(t.Context(), target("stranger@example.org"), event(1)), "what was confirmed has a share of its own")
		require.NoError(t, c.Close())
	})
}

// What was not sent does not count.
func TestFailedAttemptsGiveTheirShareBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t, map[string]string{"RCPT": "450 later"})
		c := newScriptedMails(t, s, func(c *Config) { c.PerAddress = 2 })
		to := target("nurse@clinic.example")
		for range 10 {
			require.EqualError(t, c.Send(t.Context(), to, event(1)), "email: status 450")
		}
		s.says = nil
		require.NoError(t, c.Close())
		require.NoError(t, c.Send(t.Context(), to, event(1)))
		require.NoError(t, c.Send(t.Context(), to, event(1)))
		require.ErrorIs(t, c.Send(t.Context(), to, event(1)), ErrTooMany)
		require.NoError(t, c.Close())
	})
}

// Anybody can name addresses without end.
func TestLimiterForgets(t *testing.T) {
	l := newLimiter(60)
	now := time.Unix(0, 0)
	for i := range 100_000 {
		wait, _ := l.take(fmt.Sprintf("a%d@example.org", i), now)
		require.Zero(t, wait)
		now = now.Add(time.Second)
	}
	require.Less(t, len(l.of), 3000)
}
