package email

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/textproto"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Bounds of a connection, beside the deadline of the attempt that uses it.
const (
	connectTimeout = 5 * time.Second // name resolution included
	idleTimeout    = 30 * time.Second
	quitTimeout    = time.Second
	freshFor       = time.Second // so long after its last use it is taken without asking
)

// connection is one to the server, ready for a mail.
type connection struct {
	client *smtp.Client
	wire   *wire
	used   time.Time
	expiry *time.Timer // while it is idle
}

// wire is the connection below TLS. Its deadline is the attempt's: that of the library
// would begin anew with each command.
type wire struct{ net.Conn }

func (*wire) SetDeadline(time.Time) error      { return nil }
func (*wire) SetReadDeadline(time.Time) error  { return nil }
func (*wire) SetWriteDeadline(time.Time) error { return nil }

// within bounds what is done on the wire by ctx, until free is called, which reports
// whether the wire is still good.
func (w *wire) within(ctx context.Context) (free func() bool) {
	return context.AfterFunc(ctx, func() { _ = w.Conn.SetDeadline(time.Unix(1, 0)) })
}

// dial connects, begins TLS and authenticates.
func (p *pool) dial(ctx context.Context) (*connection, error) {
	connectCtx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := p.connect(connectCtx, "tcp", p.config.Server)
	if err != nil {
		return nil, err
	}
	w := &wire{conn}
	free := w.within(ctx)
	client, err := p.greet(ctx, w)
	if !free() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return &connection{client: client, wire: w}, nil
}

// greet speaks until the server is ready to take a mail.
func (p *pool) greet(ctx context.Context, w *wire) (*smtp.Client, error) {
	secure := &tls.Config{ServerName: p.host, RootCAs: p.config.RootCAs, MinVersion: tls.VersionTLS12}
	options := []mail.Option{
		mail.WithPort(p.port), mail.WithTLSConfig(secure), mail.WithTLSPolicy(mail.TLSMandatory), mail.WithoutSMTPUTF8(),
		mail.WithTimeout(time.Hour), // the wire's counts
		mail.WithDialContextFunc(func(ctx context.Context, _, _ string) (net.Conn, error) {
			if !p.config.ImplicitTLS {
				return w, nil
			}
			conn := tls.Client(w, secure)
			return conn, conn.HandshakeContext(ctx)
		}),
	}
	switch {
	case p.config.ImplicitTLS:
		options = append(options, mail.WithSSL())
	case p.config.InsecureAllowClearText:
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	}
	if p.config.Username != "" {
		options = append(options, mail.WithUsername(p.config.Username), mail.WithPassword(p.config.Password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256PLUS, mail.SMTPAuthSCRAMSHA256,
				mail.SMTPAuthSCRAMSHA1PLUS, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	client, err := mail.NewClient(p.host, options...)
	if err != nil {
		return nil, err
	}
	return client.DialToSMTPClientWithContext(ctx)
}

// alive asks the server whether it still listens.
func (c *connection) alive(ctx context.Context) bool {
	if time.Since(c.used) < freshFor {
		return true
	}
	free := c.wire.within(ctx)
	err := c.client.Noop()
	return free() && err == nil
}

// send makes one transaction. at is where it failed; again says that the connection
// may be used for the next one.
func (c *connection) send(ctx context.Context, from, to string, mail []byte) (at stage, again bool, err error) {
	free := c.wire.within(ctx)
	at, err = c.transact(from, to, mail)
	var reply *textproto.Error
	switch {
	case err == nil:
		again = true
	case errors.As(err, &reply) && reply.Code != 421: // with which it hangs up
		again = c.client.Reset() == nil
	}
	return at, free() && again, err
}

func (c *connection) transact(from, to string, mail []byte) (stage, error) {
	if err := c.client.Mail("<" + from + ">"); err != nil {
		return sender, err
	}
	if err := c.client.Rcpt("<" + to + ">"); err != nil {
		return recipient, err
	}
	body, err := c.client.Data()
	if err != nil {
		return content, err
	}
	if _, err := body.Write(mail); err != nil {
		return content, err // and no end: the server must not take the half of it
	}
	return content, body.Close()
}

// quit says goodbye.
func (c *connection) quit() {
	_ = c.wire.Conn.SetDeadline(time.Now().Add(quitTimeout))
	_ = c.client.Quit()
	_ = c.wire.Conn.Close()
}
