package egress

import (
	"crypto/tls"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

// TestNothingOfTheAnswerIsTold is row S11: an endpoint's answer, which may be what
// somebody else's server said, is found in no error. Others' logs and tables are made
// of these errors; what net/http might print is TestMain's.
func TestNothingOfTheAnswerIsTold(t *testing.T) {
	shapes := []string{
		"HTTP/1.1 %d " + canary + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 %d X\r\nX-A: " + canary + "\r\n" + canary + ": a\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 %d X\r\nLocation: https://" + canary + ".example.com/\r\nRetry-After: " + canary + "\r\nWWW-Authenticate: Basic realm=" + canary + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 %d X\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\n" + canary + "\n\n",
		"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\nb;a=" + canary + "\r\n" + canary + "\r\n0\r\nX-A: " + canary + "\r\n\r\n",
		"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\n{}" + canary,
		"HTTP/1.1 %d X\r\n" + canary + "\r\n\r\n",
		"HTTP/1.1 %d X\r\nContent-Length: " + canary + "\r\n\r\n",
		"HTTP/1.1 %d X\r\nTransfer-Encoding: " + canary + "\r\n\r\n",
		"HTTP/" + canary + " %d X\r\n\r\n",
		canary + " %d\r\n\r\n",
	}
	answers := 0
	c := local(t)
	for _, status := range []int{101, 199, 301, 308, 400, 401, 410, 429, 500, 503, 999} {
		for _, shape := range shapes {
			err := send(t, c, serveText(t, fmt.Sprintf(shape, status), false)) // looks for the canary
			require.Error(t, err, shape)
			for ; err != nil; err = errors.Unwrap(err) {
				require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), canary, shape)
			}
			answers++
		}
	}
	for _, name := range []string{canary + ".example.com", "*." + canary} { // in its certificate
		a := newAuthority(t)
		s := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{a.issue(t, name, -time.Hour)}}, false, nil)
		hooks := New(Config{AllowNetworks: loopback, RootCAs: a.pool()})
		err := hooks.Send(t.Context(), subscription.Target{Endpoint: s.URL}, message())
		require.Equal(t, errTLS, err)
		require.NotContains(t, fmt.Sprintf("%+v", err), canary)
		answers++
	}
	require.GreaterOrEqual(t, answers, 100)
	t.Logf("S11 answers=%d told=0", answers)
}
