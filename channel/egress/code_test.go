package egress

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// spec: ERR-10
func TestErrorsHaveCodes(t *testing.T) {
	c := local(t)
	code := func(err error) string {
		var coded interface{ SubscriptionError() string }
		require.True(t, errors.As(err, &coded))
		return coded.SubscriptionError()
	}
	s := serveText(t, "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", true)
	require.Equal(t, "error-response", code(send(t, c, s)))
	silent := serveText(t, "", false)
	require.Equal(t, "no-response", code(send(t, c, silent)))
	c.connect = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}
	}
	require.Equal(t, "dns-resolution-error", code(send(t, c, &server{url: "http://hook.example.com/"})))
}
