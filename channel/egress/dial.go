package egress

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync/atomic"
)

// dial and dialTLS run in goroutines of the transport, which lets them finish even if
// the attempt that asked has ended: the next one takes the connection.

func (t *tenant) dial(ctx context.Context, network, address string) (net.Conn, error) {
	plain, err := t.open(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return newConn(plain), nil
}

// dialTLS asks for the tenant's certificate before it connects: without one that it
// should have, nobody learns that it wanted to.
func (t *tenant) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	credentials, err := t.sender.credentials(asking, t.name, strings.TrimSuffix(strings.ToLower(address), ":443"))
	if err != nil {
		return nil, err
	}
	plain, err := t.open(ctx, network, address)
	if err != nil {
		return nil, err
	}
	ctx, cancel = context.WithTimeout(ctx, tlsTimeout)
	defer cancel()
	secure := tls.Client(plain, t.tlsConfig(host, credentials))
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = plain.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, errTLS
	}
	if secure.ConnectionState().NegotiatedProtocol == "h2" {
		return secure, nil // as the transport wants it; see guardFrames
	}
	return newConn(secure), nil
}

// tlsConfig keeps no sessions, so that one tenant's can't be resumed by another.
func (t *tenant) tlsConfig(host string, credentials Credentials) *tls.Config {
	config := &tls.Config{
		ServerName: host, RootCAs: t.sender.config.RootCAs, MinVersion: tls.VersionTLS12, NextProtos: t.protocols,
	}
	if credentials.RootCAs != nil {
		config.RootCAs = credentials.RootCAs
	}
	if own := credentials.Certificate; own != nil {
		config.GetClientCertificate = func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			// Fails closed: the default would go on without a certificate.
			return own, asked.SupportsCertificate(own)
		}
	}
	return config
}

func (t *tenant) open(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return t.sender.connect(ctx, network, address)
}

// readBuffer is the size of the transport's buffer of each connection.
const readBuffer = 1 << 10

// conn keeps the transport from reading more than the response that it waits for.
// What an endpoint sends beyond that, the transport would print with the program's
// global log, a leak of whatever the endpoint holds and a way to fill a disk, or take
// for the response to the next request.
//
// Of a response's head, lines go to the transport's buffer, of the rest one byte at a
// time, so that it holds none when a response ends. If some are left then, or come before the next request is written,
// the connection fails; nothing of a request has then been sent, and the transport
// takes another connection.
//
// Failure policy: bytes that arrive while the next request is being written cannot be
// told from its response.
type conn struct {
	net.Conn
	in   *bufio.Reader
	left atomic.Int64 // bytes in the buffer of in
	// The number of the last request that was given this connection, that began to be
	// written, that was answered to the end.
	given, written, answered atomic.Int64

	// The reader's own.
	heads int64 // the last request to which an answer was begun to be read
	head  bool  // no empty line has come since
	line  bool  // the line has begun
}

func newConn(c net.Conn) *conn {
	return &conn{Conn: c, in: bufio.NewReaderSize(c, 2*readBuffer)}
}

// Read is called by the transport's reader alone. A p larger than the transport's
// buffer is the caller's own, cut to what is left of the body: all but its end, with
// which more than it should might come, may go there directly.
func (c *conn) Read(p []byte) (int, error) {
	switch {
	case len(p) > readBuffer:
		p = p[:len(p)-readBuffer]
	case len(p) > 1:
		p = p[:c.ahead(len(p))]
	}
	n, err := c.in.Read(p)
	c.pass(p[:n])
	c.left.Store(int64(c.in.Buffered()))
	if n > 0 && c.written.Load() <= c.answered.Load() {
		return 0, errClosed
	}
	return n, err
}

// ahead returns how many bytes may be read, up to most: in a head those to the end of the
// line that are there, else one.
func (c *conn) ahead(most int) int {
	if written := c.written.Load(); written != c.heads {
		c.heads, c.head, c.line = written, true, false
	}
	there, _ := c.in.Peek(min(c.in.Buffered(), most))
	if !c.head || len(there) == 0 {
		return 1
	}
	if end := bytes.IndexByte(there, '\n'); end >= 0 {
		return end + 1
	}
	return len(there)
}

// pass follows what is read, of which no line but the last goes on.
func (c *conn) pass(p []byte) {
	for len(p) > 0 && c.head {
		text, rest, ended := bytes.Cut(p, []byte("\n"))
		c.line = c.line || len(bytes.Trim(text, "\r")) > 0
		if ended {
			c.head, c.line = c.line, false
		}
		p = rest
	}
}

func (c *conn) Write(p []byte) (int, error) {
	if given := c.given.Load(); c.written.Load() < given {
		if c.left.Load() > 0 {
			return 0, errClosed
		}
		c.written.Store(given)
	}
	return c.Conn.Write(p)
}
