package email

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// Config is what a host decides about the channel. The zero value of every field that
// is not marked as required works and is safe.
type Config struct {
	// Server is the host and port of the SMTP server that takes the mails, such as
	// smtp.hospital.example:587. Required. It is spoken to over TLS, which STARTTLS
	// begins: one that does not offer it gets nothing.
	Server string
	// From is who sends, such as FHIR server <fhir@hospital.example>. Required. What
	// can't be delivered later comes back to this address.
	From string

	// ImplicitTLS says that TLS begins with the connection, as on port 465.
	ImplicitTLS bool
	// RootCAs are the authorities whose certificates the server may have. nil: the
	// system's.
	RootCAs *x509.CertPool
	// Username and Password are shown to the server, by SCRAM if it knows that, and else
	// only over TLS. "": nobody is.
	Username, Password string
	// InsecureAllowClearText also takes a server that offers no STARTTLS, which shows
	// notifications to the network, and a ConfirmationURL of http. For development.
	InsecureAllowClearText bool

	// ConfirmationURL is where Handler is mounted, such as
	// https://fhir.hospital.example/confirm. Receivers follow it to say that they want
	// the notifications. "": only those of Trusted can be subscribed for.
	ConfirmationURL string
	// Trusted are addresses, such as lab@hospital.example, and domains, such as
	// @hospital.example (not what is below it), to which notifications go without asking.
	Trusted []string

	// Content is the most that a mail may carry. Mail passes through many hands, and most
	// of it is stored in clear text: full-resource is for hosts whose mail is protected
	// all the way, or whose Signer encrypts. "": id-only.
	Content notification.Content
	// PerAddress is how many mails one address gets in an hour, on average, and at once;
	// further ones wait. 0: 60. It counts for all tenants together, and in this
	// process; a part of the address behind + makes no other address.
	PerAddress int
	// Templates say what people read. nil: what is built in.
	Templates *Templates
	// Signer signs or encrypts mails, by S/MIME for example. nil: they go as they are.
	Signer Signer

	// Timeout bounds an attempt whose Target has no Timeout. 0: 30 seconds.
	Timeout time.Duration
	// Connections is how many there are to the server at most, kept open between
	// attempts. 0: 8.
	Connections int
}

// Signer signs or encrypts mails. It may be called by several goroutines at once.
type Signer interface {
	// Sign returns what is sent in the place of a whole mail: header, empty line and
	// body, in lines that end in CR LF. From, To, Subject, Date and Message-ID must stay.
	// If it fails nothing is sent, and the attempt is repeated later. mail is the
	// Signer's to change.
	Sign(ctx context.Context, t subscription.Target, mail []byte) ([]byte, error)
}

// complete returns c with its defaults, or everything that is wrong with it.
func (c Config) complete() (Config, error) {
	var errs []error
	require := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New("email: Config."+what))
		}
	}
	host, port, err := net.SplitHostPort(c.Server)
	number, portErr := strconv.ParseUint(port, 10, 16)
	require(err == nil && portErr == nil && host != "" && number > 0, "Server must be a host and a port")
	_, err = parseFrom(c.From)
	require(err == nil, "From must be an address, such as FHIR server <fhir@hospital.example>")
	require(c.Username != "" || c.Password == "", "Password needs a Username")
	require(c.ConfirmationURL == "" || isPage(c.ConfirmationURL, c.InsecureAllowClearText),
		"ConfirmationURL must be an absolute https URL without query")
	for _, trusted := range c.Trusted {
		if strings.HasPrefix(trusted, "@") {
			trusted = "anybody" + trusted
		}
		_, problem := checkAddress(trusted)
		require(problem == "", "Trusted must hold addresses, and domains such as @hospital.example")
	}
	switch c.Content {
	case "":
		c.Content = notification.IDOnly
	case notification.Empty, notification.IDOnly, notification.FullResource:
	default:
		require(false, "Content must be empty, id-only or full-resource")
	}
	require(c.PerAddress >= 0, "PerAddress must not be negative")
	require(c.Connections >= 0, "Connections must not be negative")
	if c.PerAddress == 0 {
		c.PerAddress = 60
	}
	if c.Connections == 0 {
		c.Connections = 8
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	return c, errors.Join(errs...)
}

// parseFrom takes what net/mail takes, on one line and in ASCII where it matters.
func parseFrom(from string) (*mail.Address, error) {
	address, err := mail.ParseAddress(from)
	if err != nil {
		return nil, err
	}
	for _, c := range []byte(address.Address) {
		if c <= ' ' || c > '~' || strings.IndexByte(`"<>(),;:\`, c) >= 0 {
			return nil, errors.New("email: a sender that not every server takes")
		}
	}
	return address, nil
}

// isPage reports whether people may be sent to this URL.
func isPage(page string, clearText bool) bool {
	u, err := url.Parse(page)
	return err == nil && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
		(u.Scheme == "https" || u.Scheme == "http" && (clearText || isLoopback(u.Hostname())))
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
