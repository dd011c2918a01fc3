package email

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// hostile are endpoints that name more or other than one address in the world outside.
var hostile = []string{
	"", "mailto:", "mailto", "a@example.org", "mailto:@", "mailto:a@", "mailto:@example.org", "mailto://a@example.org", "mailto:a",
	"mailto:a@example.org\r\nRCPT TO:<b@example.org>", "mailto:a@example.org\nBcc: b@example.org", "mailto:a@example.org\r", "mailto:a\x00@example.org",
	"mailto:a%0d%0aRCPT%20TO:<b@example.org>@example.org", "mailto:a@example.org%0d%0aDATA", "mailto:a%0Ab@example.org", "mailto:a%40b.example@example.org",
	"mailto:a@example.org?cc=b@example.org", "mailto:a@example.org?bcc=b@example.org", "mailto:a@example.org?subject=hello", "mailto:a@example.org?body=x",
	"mailto:?to=a@example.org", "mailto:a@example.org?", "mailto:a@example.org#b",
	"mailto:a@example.org,b@example.org", "mailto:a@example.org;b@example.org", "mailto:a@example.org b@example.org", "mailto:friends: a@example.org;",
	`mailto:"a b"@example.org`, `mailto:"a@b.example"@example.org`, `mailto:"a> RCPT TO:<b@example.org"@example.org`, `mailto:"a\r\nDATA"@example.org`, `mailto:a\@example.org`,
	"mailto:=?utf-8?q?a=40b.example=3e?=@example.org", "mailto:=?iso-8859-1?b?YQ==?=@example.org",
	"mailto:a@[127.0.0.1]", "mailto:a@[IPv6:::1]", "mailto:a@127.0.0.1", "mailto:a@2130706433", "mailto:a@0x7f.1",
	"mailto:root@localhost", "mailto:root", "mailto:a@localhost.", "mailto:a@example.org.", "mailto:a@.org", "mailto:a@example..org", "mailto:a@-example.org",
	"mailto:Nurse <a@example.org>", "mailto:<a@example.org>", "mailto:a(comment)@example.org", "mailto:a@example.org (b)",
	"mailto:@relay.example:a@example.org", "mailto:b.example!a@example.org", "mailto:a%b.example@example.org", "mailto:|/bin/sh@example.org", "mailto:-oQ/tmp@example.org", "mailto:-oQtmp@example.org", "mailto:`id`@example.org",
	"mailto:a..b@example.org", "mailto:.a@example.org", "mailto:a.@example.org", "mailto: a@example.org", "mailto:a@example.org ", "mailto:a@exam ple.org",
	"mailto:ä@example.org", "mailto:a@exämple.org", "mailto:a@example.org\u2028", "mailto:a＠example.org", "mailto:a@example。org", "mailto:a@b@example.org",
	"mailto:" + strings.Repeat("a", 65) + "@example.org", "mailto:a@" + strings.Repeat("a", 64) + ".org", "mailto:a@" + strings.Repeat("a.", 130) + "org",
	"MAILTO:a@example.org\r\nQUIT", "http://a@example.org", "mailto:a@example.org/../b", "tel:+1", "javascript:mailto:a@example.org",
}

var commands = regexp.MustCompile(`(?mi)^(EHLO|HELO|MAIL|RCPT|DATA|RSET|NOOP|QUIT|STARTTLS|AUTH|VRFY|EXPN)\b.*$`)

// spec: CH-EML-01, ACC-04
func TestHostileAddresses(t *testing.T) { // docs/delivery-rows.md E1
	p := newPost(t, true, false)
	c := newMails(t, p)
	for _, endpoint := range hostile {
		to := target("")
		to.Endpoint = endpoint
		var refusal *subscription.ElementError
		err := c.Check(t.Context(), to)
		require.ErrorAs(t, err, &refusal, "%q", endpoint)
		require.Equal(t, "Subscription.channel.endpoint", refusal.Element, "%q", endpoint)
		require.NotContains(t, refusal.Problem, "b.example", "%q", endpoint)
		require.True(t, c.NeedsConfirmation(to), "%q", endpoint)
		require.ErrorIs(t, c.Send(t.Context(), to, event(1)), errTarget, "%q", endpoint)
	}
	require.Empty(t, p.said(), "nobody was even called")

	// What is accepted, however odd, is one recipient and nothing else.
	accepted := []string{
		"a@example.org", "first.last+tag@clinic.example.org", "o'neill@example.org", "A_b-c=d&e~f@xn--exmple-cua.org", "0@1.example",
		strings.Repeat("a", 64) + "@example.org", "a@" + strings.Repeat("a", 63) + ".org",
	}
	for _, address := range accepted {
		to := target(address)
		require.NoError(t, c.Check(t.Context(), to), address)
		before := len(p.said())
		require.NoError(t, c.Send(t.Context(), to, event(1)), address)
		var said []string
		for _, line := range commands.FindAllString(p.said()[before:], -1) {
			switch line = strings.TrimSpace(line); {
			case strings.HasPrefix(line, "RCPT"), strings.HasPrefix(line, "MAIL"), line == "DATA":
				said = append(said, line)
			}
		}
		require.Equal(t, []string{"MAIL FROM:<fhir@hospital.example> BODY=8BITMIME", "RCPT TO:<" + address + ">", "DATA"}, said)
		mails := p.received()
		l := open(t, mails[len(mails)-1].data)
		require.Equal(t, "<"+address+">", l.Get("To"))
		names := []string{}
		for name := range l.Header {
			names = append(names, name)
		}
		require.ElementsMatch(t, []string{"From", "To", "Subject", "Date", "Message-Id", "Mime-Version", "Auto-Submitted", "Content-Type"}, names)
	}
	require.GreaterOrEqual(t, len(hostile), 40)
	t.Logf("E1 hostile=%d refused=%d accepted=%d recipients=%d", len(hostile), len(hostile), len(accepted), strings.Count(p.said(), "RCPT TO:"))
}

func TestHostileSubjects(t *testing.T) { // CLS-09: a header is the subject
	c := newMails(t, newPost(t, true, false))
	for _, headers := range [][]string{
		{""}, {"Subject:"}, {"Subject: a\r\nBcc: b@example.org"}, {"a\nb"}, {"\x00"}, {"Subject: ä"}, {strings.Repeat("a", 201)}, {"a", "b"},
	} {
		to := target("a@example.org")
		to.Headers = headers
		var refusal *subscription.ElementError
		require.ErrorAs(t, c.Check(t.Context(), to), &refusal, "%q", headers)
		require.Contains(t, refusal.Element, "Subscription.channel.header[")
		require.ErrorIs(t, c.Send(t.Context(), to, event(1)), errTarget)
	}
}

// FuzzEndpoint: what is accepted is a plain address, to every reader.
func FuzzEndpoint(f *testing.F) {
	for _, endpoint := range hostile {
		f.Add(endpoint)
	}
	f.Add("mailto:first.last+tag@clinic.example.org")
	f.Fuzz(func(t *testing.T, endpoint string) {
		address, problem := parseEndpoint(endpoint)
		if problem != "" {
			require.Empty(t, address)
			return
		}
		require.Equal(t, 1, strings.Count(address, "@"))
		require.False(t, strings.ContainsAny(address, "\r\n\t \"<>()[]\\,;:%?#`|!$*{}^/"), "%q", address)
		u, err := url.Parse(endpoint)
		require.NoError(t, err)
		require.Equal(t, address, u.Opaque)
		parsed, err := parseFrom(address)
		require.NoError(t, err)
		require.Equal(t, address, parsed.Address)
	})
}

func TestNobodyIsTrustedByAccident(t *testing.T) {
	trusted := newMails(t, newPost(t, true, false), func(c *Config) {
		c.Trusted, c.ConfirmationURL = []string{"lab@clinic.example", "@Hospital.example"}, ""
	})
	for endpoint, want := range map[string]bool{
		"lab@clinic.example": true, "LAB@Clinic.Example": true, "nurse@hospital.example": true, "nurse@HOSPITAL.example": true,
		"lab2@clinic.example": false, "nurse@ward.hospital.example": false, "nurse@hospital.example.org": false, "lab@clinic.example.org": false, "nurse@nothospital.example": false,
		"lab+x@clinic.example": false,
	} {
		to := target(endpoint)
		require.Equal(t, !want, trusted.NeedsConfirmation(to), endpoint)
		err := trusted.Check(context.Background(), to)
		if want {
			require.NoError(t, err, endpoint)
			continue
		}
		var refusal *subscription.ElementError
		require.True(t, errors.As(err, &refusal), endpoint)
		m := event(1)
		m.Confirmation = "x"
		require.ErrorIs(t, trusted.Send(t.Context(), to, m), errTarget, "nowhere to confirm")
	}
}
