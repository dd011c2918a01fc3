package email

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	netmail "net/mail"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/carillon-fhir/carillon/subscription"
)

// write makes the mail: what people read, and the notification's own bytes if the
// payload asks for them. A stranger who is asked gets no attachment and no subject of
// somebody else's choice.
func (c *Channel) write(ctx context.Context, t subscription.Target, m subscription.Message, to string, p payload, subject string) ([]byte, error) {
	v := c.view(t, m, p)
	body, err := c.body(v, p)
	if err != nil {
		return nil, err
	}
	switch {
	case m.Confirmation != "":
		subject = c.templates.ConfirmationSubject
	case subject == "":
		subject = c.templates.Subject
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(c.from)
	msg.ToMailAddress(&netmail.Address{Address: to})
	msg.Subject(subject)
	msg.SetDate()
	msg.SetMessageIDWithValue(messageID(m.ID, c.from.Address))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's assistant answers
	kind := mail.TypeTextPlain
	if p.html {
		kind = mail.TypeTextHTML
	}
	msg.SetBodyString(kind, body)
	if v.Attached {
		name := "notification.json"
		if m.Classic != nil {
			name = "resource.json"
		}
		msg.AttachReadSeeker(name, bytes.NewReader(m.Body), mail.WithFileContentType("application/fhir+json"))
	}
	var b bytes.Buffer
	b.Grow(2048 + len(body) + len(m.Body)*3/2)
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, errMail
	}
	if c.config.Signer == nil {
		return b.Bytes(), nil
	}
	signed, err := c.config.Signer.Sign(ctx, t, b.Bytes())
	if err != nil {
		return nil, errSigner
	}
	return signed, nil
}

// messageID is the same for every attempt to send the same events: mail servers and
// programs drop what they have already by it.
func messageID(id, from string) string {
	for i := range len(id) {
		if c := id[i]; !isAlphanumeric(c) && c != '-' && c != '.' && c != '_' {
			hash := sha256.Sum256([]byte(id))
			id = hex.EncodeToString(hash[:16])
			break
		}
	}
	return id + from[strings.LastIndexByte(from, '@'):]
}
