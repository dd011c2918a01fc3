package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/textproto"
	"os"
	"regexp"
	"strconv"
	"syscall"

	"github.com/carillon-fhir/carillon/subscription"
)

// failure is what Send says of an attempt that failed. The error that led to it is
// not kept: it may hold an address, or what the server said.
type failure struct {
	class string
	cause error // nil or an error that holds nothing
}

func (f *failure) Error() string { return "email: " + f.class }
func (f *failure) Unwrap() error { return f.cause }

// SubscriptionError is a code of the code system subscription-error (ERR-10).
// What this server decides by itself says nothing of others at the same domain.
func (f *failure) SubscriptionError() string {
	switch f {
	case errTooMany, errTarget, errTemplate, errMail, errSigner:
		return "error-response"
	}
	return "no-response"
}

// ErrTooMany says that the address has got as many mails as it may for now.
var ErrTooMany error = errTooMany

var (
	errTooMany  = &failure{class: "too many mails to one address"}
	errTarget   = &failure{class: "endpoint, header or payload not allowed"}
	errTemplate = &failure{class: "template failed"}
	errMail     = &failure{class: "mail could not be made"}
	errSigner   = &failure{class: "signer failed"}
	errTimeout  = &failure{"timeout", context.DeadlineExceeded}
	errCanceled = &failure{"canceled", context.Canceled}
	errDNS      = &failure{class: "the server's name is not known"}
	errTLS      = &failure{class: "tls"}
	errRefused  = &failure{class: "connection refused"}
	errClosed   = &failure{class: "connection closed"}
	errNoTLS    = &failure{class: "no TLS, or no authentication, that would do"}
	errOther    = &failure{class: "no valid response"}
)

// StatusError says that the server answered, and with which code of SMTP.
type StatusError int

// Error names the code, such as "email: status 452".
func (e StatusError) Error() string { return "email: status " + strconv.Itoa(int(e)) }

// SubscriptionError is a code of the code system subscription-error, as
// subscription.Channel's Send has it.
func (StatusError) SubscriptionError() string { return "error-response" }

// stage is how far an attempt came.
type stage uint8

const (
	connecting stage = iota // greeting, TLS and authentication included
	sender                  // MAIL
	recipient               // RCPT
	content                 // DATA and what follows
)

// outcome is what an error at a stage means to the engine. Before the recipient is
// named, whatever the server says is about this host, not about the subscriber: that is
// transient, as somebody will repair it. A recipient that there is not, by the enhanced
// codes of RFC 3463, is gone; all else that the server refuses for good is permanent.
func outcome(ctx context.Context, at stage, err error) error {
	var reply *textproto.Error
	if !errors.As(err, &reply) {
		return classify(ctx, at, err)
	}
	status := StatusError(reply.Code)
	switch {
	case reply.Code < 500 || reply.Code > 599 || at < recipient:
		return status
	case at == recipient && noSuchMailbox(reply):
		return subscription.Gone(status)
	}
	return subscription.Permanent(status)
}

// enhanced is an enhanced status code at the beginning of a reply.
var enhanced = regexp.MustCompile(`^5\.(\d{1,3}\.\d{1,3})(\s|$)`)

// noSuchMailbox: bad mailbox, moved, null MX; and the domain that takes no mail at all.
func noSuchMailbox(reply *textproto.Error) bool {
	code := enhanced.FindStringSubmatch(reply.Msg)
	if code == nil {
		return reply.Code == 556
	}
	switch code[1] {
	case "1.1", "1.6", "1.10":
		return true
	}
	return false
}

// classify turns an error of the transport into one that may be logged.
func classify(ctx context.Context, at stage, err error) error {
	var network net.Error
	var dns *net.DNSError
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var protocol textproto.ProtocolError
	switch {
	case errors.Is(ctx.Err(), context.Canceled), errors.Is(err, context.Canceled):
		return errCanceled
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &network) && network.Timeout():
		return errTimeout
	case errors.As(err, &verification), errors.As(err, &authority), errors.As(err, &record), errors.As(err, &alert):
		return errTLS
	case errors.As(err, &dns):
		return errDNS
	case errors.Is(err, syscall.ECONNREFUSED):
		return errRefused
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return errClosed
	case at == connecting && !errors.As(err, &protocol): // the library has no errors of its own for these
		return errNoTLS
	}
	return errOther
}
