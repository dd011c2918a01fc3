package egress

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"syscall"
)

// failure is what Send says of an attempt that failed. The error that led to it is
// not kept: it may hold the endpoint's URL, its address or its answer.
type failure struct {
	class string
	cause error // nil or an error that holds nothing: the standard library's or another failure
}

func (f *failure) Error() string { return f.class }
func (f *failure) Unwrap() error { return f.cause }

// SubscriptionError is a code of the code system subscription-error (ERR-10).
func (f *failure) SubscriptionError() string {
	if f == errDNS {
		return "dns-resolution-error"
	}
	return "no-response"
}

// ErrBlocked says that the endpoint's address is of a special-purpose range that
// Config.AllowNetworks does not allow.
var ErrBlocked error = &failure{class: "blocked address"}

var (
	errTimeout  error = &failure{"timeout", context.DeadlineExceeded}
	errCanceled error = &failure{"canceled", context.Canceled}
	errDNS      error = &failure{class: "dns"}
	errTLS      error = &failure{class: "tls"}
	errRefused  error = &failure{class: "connection refused"}
	errClosed   error = &failure{class: "connection closed"}
	errOther    error = &failure{class: "no valid response"}
	errTarget   error = &failure{class: "endpoint, header or payload not allowed"}

	errCredentials error = &failure{class: "credentials not available"}
	errUnsigned    error = &failure{class: "message without an id to sign"}
)

// noToken says why there is no access token. The status of a token endpoint is not
// found by errors.As: it isn't the endpoint's.
func noToken(why error) error {
	var cause *failure
	errors.As(why, &cause)
	text := "no access token: " + why.Error()
	if cause == nil {
		return &failure{class: text}
	}
	return &failure{class: text, cause: cause}
}

// StatusError says that the endpoint answered, and with which status.
type StatusError int

// Error names the status, such as "status 500".
func (e StatusError) Error() string { return "status " + strconv.Itoa(int(e)) }

// SubscriptionError is a code of the code system subscription-error, as
// subscription.Channel's Send has it.
func (StatusError) SubscriptionError() string { return "error-response" }

// classify turns an error of the transport into one that may be logged.
func classify(err error) error {
	var known *failure
	var network net.Error
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled):
		return errCanceled
	case errors.As(err, &network) && network.Timeout():
		return errTimeout
	case errors.As(err, &dns):
		return errDNS
	case errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"):
		return errTLS // an alert: with TLS 1.3 the first answer may be that our certificate won't do
	case errors.Is(err, syscall.ECONNREFUSED):
		return errRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return errClosed
	}
	return errOther
}
