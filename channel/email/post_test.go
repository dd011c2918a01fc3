package email

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/memnet"
	"github.com/carillon-fhir/carillon/subscription"
)

const serverName = "smtp.hospital.example"

// identity is a certificate for serverName that is its own authority.
type identity struct {
	certificate tls.Certificate
	roots       *x509.CertPool
}

var identityOf = func() func(name string, until time.Duration) identity {
	return func(name string, until time.Duration) identity {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
			NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Now().Add(until),
			IsCA: true, BasicConstraintsValid: true,
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			panic(err)
		}
		parsed, err := x509.ParseCertificate(der)
		if err != nil {
			panic(err)
		}
		i := identity{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, x509.NewCertPool()}
		i.roots.AddCert(parsed)
		return i
	}
}()

// good is what servers of these tests show.
var good = identityOf(serverName, 100*365*24*time.Hour)

// post is a mail server, whose library is not the client's. What it does with a mail
// depends on the first part of the recipient's name: see session.
type post struct {
	address  string
	network  *memnet.Network // nil: of the machine
	implicit bool

	mu         sync.Mutex
	mails      []delivered
	transcript bytes.Buffer
	sessions   int
}

// delivered is what reached the server.
type delivered struct {
	from, to string
	data     []byte // nil: it was refused before
}

// newPost starts a server that begins TLS on demand, or at once.
func newPost(t testing.TB, inMemory, implicit bool, change ...func(*smtp.Server)) *post {
	p := &post{address: serverName + ":587", implicit: implicit}
	var listener net.Listener
	if inMemory {
		p.network = memnet.New()
		listener = p.network
	} else {
		var err error
		listener, err = net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
	}
	secure := &tls.Config{Certificates: []tls.Certificate{good.certificate}}
	real := listener.Addr().String()
	if implicit {
		listener = tls.NewListener(listener, secure)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.sessions++
		return &session{post: p, conn: c}, nil
	}))
	s.Domain, s.TLSConfig, s.Debug, s.ErrorLog = serverName, secure, p, log.New(io.Discard, "", 0)
	for _, f := range change {
		f(s)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(listener) }()
	t.Cleanup(func() {
		_ = s.Close()
		_ = listener.Close() // which it does not know if it has not begun
		<-ended
	})
	if !inMemory {
		p.address = real
	}
	return p
}

// Write keeps the transcript.
func (p *post) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.transcript.Write(b)
}

func (p *post) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.transcript.String()
}

func (p *post) received() []delivered {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]delivered(nil), p.mails...)
}

func (p *post) put(d delivered) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails = append(p.mails, d)
}

// session is one connection. The name of the recipient says what becomes of the mail.
type session struct {
	post     *post
	conn     *smtp.Conn
	from, to string
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error { s.from = from; return nil }
func (s *session) Reset()                                      { s.from, s.to = "", "" }
func (s *session) Logout() error                               { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	if strings.HasPrefix(to, "leave") {
		s.post.put(delivered{s.from, to, nil})
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user: " + to}
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.post.put(delivered{s.from, s.to, data})
	switch name, _, _ := strings.Cut(s.to, "."); name {
	case "fail":
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later: " + s.to}
	case "refuse":
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not this: " + s.to}
	case "hang":
		_, _ = io.Copy(io.Discard, s.conn.Conn()) // until it is closed
	}
	return nil
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != "fhir" || password != "hunter2" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

// newMails makes a channel that sends by p.
func newMails(t testing.TB, p *post, change ...func(*Config)) *Channel {
	config := Config{
		Server: p.address, From: "FHIR server <fhir@hospital.example>", RootCAs: good.roots,
		ConfirmationURL: "https://fhir.hospital.example/confirm", PerAddress: 1 << 20, ImplicitTLS: p.implicit,
	}
	for _, f := range change {
		f(&config)
	}
	c, err := New(config)
	require.NoError(t, err)
	c.pool.host = serverName // what the certificate is for
	if p.network != nil {
		c.pool.connect = p.network.DialContext
	}
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// letter is a mail as its reader sees it.
type letter struct {
	netmail.Header
	bodyType   string
	body       string
	attachment []byte
	attached   string // its type
}

// open reads a mail by the standard library, and demands what every mail must be: short
// lines of ASCII that end in CR LF.
func open(t testing.TB, data []byte) letter {
	t.Helper()
	for _, line := range strings.SplitAfter(string(data), "\n") {
		if len(line) > 1000 || line != "" && !strings.HasSuffix(line, "\r\n") || strings.IndexFunc(line, func(r rune) bool { return r > '~' }) >= 0 {
			require.Fail(t, "a line that not every server takes", "%q", line)
		}
	}
	m, err := netmail.ReadMessage(bytes.NewReader(data))
	require.NoError(t, err)
	l := letter{Header: m.Header}
	mediaType, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	if mediaType != "multipart/mixed" {
		l.bodyType, l.body = mediaType, decode(t, m.Header.Get("Content-Transfer-Encoding"), m.Body)
		return l
	}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return l
		}
		require.NoError(t, err)
		content := decode(t, part.Header.Get("Content-Transfer-Encoding"), part)
		mediaType, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		require.NoError(t, err)
		if part.FileName() == "" {
			require.Empty(t, l.bodyType, "one body")
			l.bodyType, l.body = mediaType, content
			continue
		}
		require.Empty(t, l.attached, "one attachment")
		l.attached, l.attachment = mediaType, []byte(content)
	}
}

func decode(t testing.TB, encoding string, r io.Reader) string {
	switch encoding {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	default:
		require.Fail(t, "unexpected encoding", encoding)
	}
	content, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(content)
}

// target is a Subscription by mail.
func target(address string) subscription.Target {
	return subscription.Target{
		Tenant: "a", Subscription: "1", Endpoint: "mailto:" + address,
		ContentType: "text/plain;attach=application/fhir+json", Content: "id-only",
	}
}
