package resthook

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
	cause error // nil or an error of the standard library that holds nothing
}

func (f *failure) Error() string { return "resthook: " + f.class }
func (f *failure) Unwrap() error { return f.cause }

// SubscriptionError is a code of the code system subscription-error (spec.md ERR-10).
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
)

// StatusError says that the endpoint answered, and with which status.
type StatusError int

func (e StatusError) Error() string { return "resthook: status " + strconv.Itoa(int(e)) }

// SubscriptionError is a code of the code system subscription-error, as
// subscription.Channel's Send has it.
func (StatusError) SubscriptionError() string { return "error-response" }

// classify turns an error of the transport into one that may be logged.
func classify(err error) error {
	var known *failure
	var network net.Error
	var dns *net.DNSError
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled):
		return errCanceled
	case errors.As(err, &network) && network.Timeout():
		return errTimeout
	case errors.As(err, &dns):
		return errDNS
	case errors.Is(err, syscall.ECONNREFUSED):
		return errRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errClosed
	}
	return errOther
}
