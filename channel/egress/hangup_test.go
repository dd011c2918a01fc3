package egress

import (
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/carillon-fhir/carillon/internal/memnet"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

// last is a connection over which an answer comes at the moment at which the attempt ends.
type last struct {
	net.Conn
	end func()
}

func (l last) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.end()
	return n, err
}

// Servers end the handling of a request whose client has hung up, and what they then write
// is a 200. It must not count: nothing was taken. The transport returns it now and then.
func TestAnswerToHangingUpIsNone(t *testing.T) {
	const attempts = 500
	network := memnet.New()
	defer serveMemory(t, network, func(*http.Request, []byte) int { return 200 })()
	late := 0
	for range attempts {
		ctx, cancel := context.WithCancel(t.Context())
		c := New(Config{InsecureAllowHTTP: true}) // each its own: the transport may still dial when an attempt is over
		c.connect = func(ctx context.Context, _, address string) (net.Conn, error) {
			plain, err := network.DialContext(ctx, "tcp", address)
			return last{plain, cancel}, err
		}
		if err := c.Send(ctx, subscription.Target{Endpoint: "http://hook.example.org/"}, subscription.Message{Body: []byte("a")}); err == nil {
			late++
		} else {
			require.ErrorIs(t, err, context.Canceled)
		}
		require.NoError(t, c.Close())
		cancel()
	}
	require.Zero(t, late, "of %d answers to who has gone counted", attempts)
}
