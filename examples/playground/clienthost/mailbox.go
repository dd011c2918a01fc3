package clienthost

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// MailServer returns the server that takes mails for the mailboxes, which the caller
// serves and closes. It speaks no TLS and relays nothing.
func (h *Host) MailServer() *smtp.Server {
	s := smtp.NewServer(mailBackend{h})
	s.Domain, s.ErrorLog = MailDomain, log.New(io.Discard, "", 0)
	s.MaxMessageBytes, s.MaxRecipients = maxBody, 1
	s.ReadTimeout, s.WriteTimeout = 2*receiptTime, receiptTime
	return s
}

type mailBackend struct{ host *Host }

// NewSession implements smtp.Backend.
func (b mailBackend) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &delivery{host: b.host}, nil
}

// delivery is one mail at a time over one connection.
type delivery struct {
	host    *Host
	to      Endpoint
	trouble Trouble
}

func (d *delivery) Reset()                               { d.to = Endpoint{} }
func (d *delivery) Logout() error                        { return nil }
func (d *delivery) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt implements smtp.Session.
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	key, domain, _ := strings.Cut(strings.ToLower(strings.Trim(to, "<>")), "@")
	var known bool
	d.to, d.trouble, known = d.host.attempt(key)
	if !known || domain != MailDomain || d.to.Channel != Email {
		d.to = Endpoint{}
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "there is no such mailbox"}
	}
	return nil
}

// Data implements smtp.Session.
func (d *delivery) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if d.to.Key == "" {
		return smtp.ErrAuthFailed
	}
	a := Arrival{At: time.Now(), Endpoint: d.to.Key, Channel: Email}
	answer := d.trouble.reply(d.host.ctx, &a)
	text, attached, subject := readMail(raw)
	a.Request = subject
	a.Link = confirmation.FindString(text)
	switch {
	case a.Link != "":
		a.Kind = Confirmation
		d.host.arrive(a, []byte(text))
	case attached == nil:
		a.Kind = Mail
		d.host.arrive(a, []byte(text))
	default:
		d.host.arrive(a, attached)
	}
	return answer
}

// reply says what the sender of a mail gets.
func (t Trouble) reply(ctx context.Context, a *Arrival) error {
	switch t.Kind {
	case Down:
		a.Answer = "421: the mail server is not available"
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "not available"}
	case Reject:
		a.Answer = fmt.Sprintf("refused with %d", t.Status)
		return &smtp.SMTPError{Code: t.Status, EnhancedCode: smtp.EnhancedCode{t.Status / 100, 0, 0}, Message: "refused"}
	case Lose:
		a.Answer = "250, but thrown away"
		return nil
	case Break:
		a.Taken, a.Answer = true, "taken, but answered 451"
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again"}
	case Slow:
		t.wait(ctx)
		a.Taken, a.Answer = true, fmt.Sprintf("250 after %d s", t.Delay)
		return nil
	}
	a.Taken, a.Answer = true, "250"
	return nil
}

// confirmation finds the link to the page on which a receiver says yes or no.
var confirmation = regexp.MustCompile(`https?://[^\s"<>]+[?&]token=[A-Za-z0-9._-]+`)

// readMail returns what people read of a mail, and the notification that is attached to
// it, if one is. What can't be read is text.
func readMail(raw []byte) (text string, attached []byte, subject string) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return string(raw), nil, ""
	}
	subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		subject = ""
	}
	mediaType, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(mediaType, "multipart/") {
		body, _ := io.ReadAll(decoded(m.Header.Get("Content-Transfer-Encoding"), m.Body))
		return string(body), nil, subject
	}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			if !errors.Is(err, io.EOF) && text == "" {
				text = string(raw)
			}
			return text, attached, subject
		}
		content, _ := io.ReadAll(decoded(part.Header.Get("Content-Transfer-Encoding"), part))
		if kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); strings.HasSuffix(kind, "json") {
			attached = content
		} else if text == "" {
			text = string(content)
		}
	}
}

func decoded(encoding string, r io.Reader) io.Reader {
	switch strings.ToLower(encoding) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		return quotedprintable.NewReader(r)
	}
	return r
}
