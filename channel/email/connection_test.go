package email

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func (p *post) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sessions
}

func TestConnectionsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, true, true)
		c := newMails(t, p)
		to := target("nurse@clinic.example")
		for i := range 20 {
			require.NoError(t, c.Send(t.Context(), to, event(int64(i))))
			time.Sleep(10 * time.Second)
		}
		require.Equal(t, 1, p.connections())
		for i, address := range []string{"refuse.1@clinic.example", "leave.2@clinic.example", "fail.3@clinic.example"} {
			require.Error(t, c.Send(t.Context(), target(address), event(int64(i))))
		}
		require.NoError(t, c.Send(t.Context(), to, event(1)))
		require.Equal(t, 1, p.connections(), "what it refuses is no reason to hang up")
		time.Sleep(31 * time.Second)
		require.Equal(t, 1, strings.Count(p.said(), "QUIT"), "nobody needs it")
		require.NoError(t, c.Send(t.Context(), to, event(1)))
		require.Equal(t, 2, p.connections())
		require.NoError(t, c.Close())
		require.Equal(t, 2, strings.Count(p.said(), "QUIT"))
	})
}

// A server that has hung up meanwhile costs no attempt.
func TestConnectionThatDiedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t, map[string]string{"NOOP": "hang up"})
		c := newScriptedMails(t, s)
		for i := range 5 {
			require.NoError(t, c.Send(t.Context(), target("nurse@clinic.example"), event(int64(i))))
			time.Sleep(5 * time.Second)
		}
		require.Equal(t, 5, s.network.Dials())
		require.NoError(t, c.Close())
	})
}

// A server that says 421 hangs up, whatever else it says.
func TestServerThatSaysGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t, map[string]string{"RCPT": "421 4.3.2 going down"})
		c := newScriptedMails(t, s)
		for range 3 {
			require.EqualError(t, c.Send(t.Context(), target("nurse@clinic.example"), event(1)), "email: status 421")
		}
		require.Equal(t, 3, s.network.Dials())
		s.says["RCPT"] = "450 later"
		for range 3 {
			require.EqualError(t, c.Send(t.Context(), target("nurse@clinic.example"), event(1)), "email: status 450")
		}
		require.Equal(t, 4, s.network.Dials())
		require.NoError(t, c.Close())
	})
}

func TestConnectionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPost(t, true, true)
		c := newMails(t, p, func(c *Config) { c.Connections = 3 })
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() { require.NoError(t, c.Send(t.Context(), target("nurse@clinic.example"), event(int64(i)))) })
		}
		wg.Wait()
		require.Len(t, p.received(), 30)
		require.LessOrEqual(t, p.connections(), 3)

		// Who waits for one waits within its time.
		hanging := target("hang.1@clinic.example")
		hanging.Timeout = time.Minute
		for range 3 {
			wg.Go(func() { require.Error(t, c.Send(t.Context(), hanging, event(1))) })
		}
		synctest.Wait()
		short := target("nurse@clinic.example")
		short.Timeout = time.Second
		require.EqualError(t, c.Send(t.Context(), short, event(1)), "email: timeout")
		wg.Wait()
		require.NoError(t, c.Close())
	})
}

// An attempt that was cut off leaves no half of a mail behind, and no connection.
func TestCutOffInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t, map[string]string{"RCPT": ""})
		c := newScriptedMails(t, s)
		to := target("nurse@clinic.example")
		to.Timeout = 3 * time.Second
		require.Error(t, c.Send(t.Context(), to, event(1)))
		require.Empty(t, c.pool.idle)
		require.NotContains(t, s.secret, "DATA")
	})
}
