package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// class names what an error asks of the engine.
func class(err error) string {
	for name, marked := range map[string]error{"permanent": subscription.Permanent(errors.Unwrap(err)), "gone": subscription.Gone(errors.Unwrap(err))} {
		if fmt.Sprintf("%#v", marked) == fmt.Sprintf("%#v", err) {
			return name
		}
	}
	return "transient"
}

func TestAnswersOfServers(t *testing.T) { // docs/delivery-rows.md E3
	const canary = "canary-7c1e93"
	for _, c := range []struct {
		at, says    string
		class, text string
	}{
		{"greeting", "421 4.3.2 " + canary, "transient", "email: status 421"},
		{"greeting", "554 5.7.1 " + canary, "transient", "email: status 554"},
		{"greeting", "hang up", "transient", "email: connection closed"},
		{"greeting", "", "transient", "email: timeout"},
		{"greeting", "HTTP/1.1 400 " + canary, "transient", "email: no valid response"},
		{"EHLO", "hang up", "transient", "email: connection closed"},
		{"EHLO", "", "transient", "email: timeout"},
		{"STARTTLS", "454 4.7.0 " + canary, "transient", "email: status 454"},
		{"STARTTLS", "501 " + canary, "transient", "email: status 501"},
		{"STARTTLS", "hang up", "transient", "email: connection closed"},
		{"MAIL", "451 4.3.0 " + canary, "transient", "email: status 451"},
		{"MAIL", "550 5.7.1 " + canary, "transient", "email: status 550"},
		{"MAIL", "421 4.7.0 " + canary, "transient", "email: status 421"},
		{"MAIL", "", "transient", "email: timeout"},
		{"RCPT", "450 4.2.0 greylisted " + canary, "transient", "email: status 450"},
		{"RCPT", "452 4.2.2 full " + canary, "transient", "email: status 452"},
		{"RCPT", "421 " + canary, "transient", "email: status 421"},
		{"RCPT", "550 5.1.1 nobody " + canary, "gone", "email: status 550"},
		{"RCPT", "551 5.1.6 moved " + canary, "gone", "email: status 551"},
		{"RCPT", "556 5.1.10 null MX " + canary, "gone", "email: status 556"},
		{"RCPT", "556 no mail here " + canary, "gone", "email: status 556"},
		{"RCPT", "550 no enhanced code " + canary, "permanent", "email: status 550"},
		{"RCPT", "550 5.7.1 policy " + canary, "permanent", "email: status 550"},
		{"RCPT", "550 5.1.11 like 5.1.1 " + canary, "permanent", "email: status 550"},
		{"RCPT", "554 5.7.1 see 5.1.1 " + canary, "permanent", "email: status 554"},
		{"RCPT", "552 5.2.2 full " + canary, "permanent", "email: status 552"},
		{"RCPT", "hang up", "transient", "email: connection closed"},
		{"RCPT", "", "transient", "email: timeout"},
		{"DATA", "451 " + canary, "transient", "email: status 451"},
		{"DATA", "554 5.1.1 " + canary, "permanent", "email: status 554"},
		{"DATA", "hang up", "transient", "email: connection closed"},
		{".", "452 4.3.1 " + canary, "transient", "email: status 452"},
		{".", "552 5.3.4 too large " + canary, "permanent", "email: status 552"},
		{".", "554 5.6.0 " + canary, "permanent", "email: status 554"},
		{".", "421 " + canary, "transient", "email: status 421"},
		{".", "", "transient", "email: timeout"},
		{".", "hang up", "transient", "email: connection closed"},
		{".", "999 " + canary, "transient", "email: status 999"},
	} {
		t.Run(c.at+" "+c.says, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScripted(t, map[string]string{c.at: c.says})
				mails := newScriptedMails(t, s)
				to := target("nurse@clinic.example")
				to.Timeout = 10 * time.Second
				start := time.Now()
				err := mails.Send(t.Context(), to, event(1))
				require.EqualError(t, err, c.text)
				require.Equal(t, c.class, class(err))
				if strings.HasSuffix(c.text, "timeout") {
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.Equal(t, 10*time.Second, time.Since(start))
				}
				require.NoError(t, mails.Close())
			})
		})
	}
}

// Whatever keeps TLS from beginning, no mail and no password is shown.
// spec: CH-EML-07
func TestNeverInClearText(t *testing.T) { // docs/delivery-rows.md E3
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		refused := func(name, text string, s *scripted, change ...func(*Config)) {
			t.Helper()
			as := func(c *Config) { c.Username, c.Password = "fhir", "hunter2" }
			mails := newScriptedMails(t, s, append(change, as)...)
			to := target("nurse@clinic.example")
			err := mails.Send(t.Context(), to, event(1))
			require.EqualError(t, err, text, name)
			require.Equal(t, "transient", class(err), name)
			if s.noTLS || s.notTLS || s.says != nil { // it is not the password that fails
				anonymous := newScriptedMails(t, s, change...)
				err := anonymous.Send(t.Context(), to, event(1))
				if !anonymous.config.InsecureAllowClearText {
					require.EqualError(t, err, text, name)
				}
				require.NoError(t, anonymous.Close())
			}
			if mails.config.InsecureAllowClearText {
				attempts++
				require.NotContains(t, strings.Join(s.clear(), " "), "AUTH", name)
				return
			}
			for _, line := range s.clear() {
				word, _, _ := strings.Cut(line, " ")
				require.Contains(t, []string{"EHLO", "HELO", "STARTTLS", "QUIT"}, word, name)
			}
			require.NoError(t, mails.Close())
			attempts++
		}
		refused("STARTTLS stripped", errNoTLS.Error(), newScripted(t, nil, func(s *scripted) { s.noTLS = true }))
		refused("no EHLO", errNoTLS.Error(), newScripted(t, map[string]string{"EHLO": "502 what?"}))
		refused("STARTTLS refused", "email: status 454", newScripted(t, map[string]string{"STARTTLS": "454 no"}))
		refused("not TLS", errTLS.Error(), newScripted(t, nil, func(s *scripted) { s.notTLS = true }))
		refused("an offer in clear text behind STARTTLS", errNoTLS.Error(),
			newScripted(t, nil, func(s *scripted) { s.inject = "250-x\r\n250 AUTH PLAIN\r\n250 OK\r\n" }))
		refused("another name", errTLS.Error(), newScripted(t, nil, func(s *scripted) { s.identity = identityOf("evil.example", time.Hour) }), func(c *Config) {})
		refused("unknown authority", errTLS.Error(), newScripted(t, nil, func(s *scripted) { s.identity = identityOf(serverName, time.Hour) }))
		expired := identityOf(serverName, -90*365*24*time.Hour)
		refused("expired", errTLS.Error(), newScripted(t, nil, func(s *scripted) { s.identity = expired }), func(c *Config) { c.RootCAs = expired.roots })
		wrong := identityOf("evil.example", time.Hour)
		refused("wrong name of a known authority", errTLS.Error(), newScripted(t, nil, func(s *scripted) { s.identity = wrong }), func(c *Config) { c.RootCAs = wrong.roots })
		refused("no AUTH", errNoTLS.Error(), newScripted(t, nil))
		refused("clear text, for development, does not show the password", errNoTLS.Error(),
			newScripted(t, map[string]string{"EHLO": "250-x\r\n250 AUTH PLAIN LOGIN"}, func(s *scripted) { s.noTLS = true }), func(c *Config) { c.InsecureAllowClearText = true })
		t.Logf("E3 without TLS: attempts=%d in clear text=0", attempts)
	})
}

func TestOldTLS(t *testing.T) { // S6
	p := newPost(t, true, false, func(s *smtp.Server) {
		s.TLSConfig.MaxVersion = tls.VersionTLS11
		s.TLSConfig.MinVersion = tls.VersionTLS10
	})
	require.EqualError(t, newMails(t, p).Send(t.Context(), target("nurse@clinic.example"), event(1)), errNoTLS.Error())
}

func TestClearTextForDevelopment(t *testing.T) {
	s := newScripted(t, nil, func(s *scripted) { s.noTLS = true })
	require.NoError(t, newScriptedMails(t, s, func(c *Config) { c.InsecureAllowClearText = true }).Send(t.Context(), target("nurse@clinic.example"), event(1)))
	require.Contains(t, s.clear(), "DATA")

	s = newScripted(t, nil)
	require.NoError(t, newScriptedMails(t, s, func(c *Config) { c.InsecureAllowClearText = true }).Send(t.Context(), target("nurse@clinic.example"), event(1)))
	require.NotContains(t, s.clear(), "DATA", "a server that offers TLS gets it")
}

func TestAuthentication(t *testing.T) {
	for _, implicit := range []bool{false, true} {
		p := newPost(t, true, implicit)
		to := target("nurse@clinic.example")
		require.NoError(t, newMails(t, p, func(c *Config) { c.Username, c.Password = "fhir", "hunter2" }).Send(t.Context(), to, event(1)))
		require.Contains(t, p.said(), "AUTH PLAIN")
		err := newMails(t, p, func(c *Config) { c.Username, c.Password = "fhir", "hunter3" }).Send(t.Context(), to, event(1))
		require.EqualError(t, err, "email: status 535")
		require.Equal(t, "transient", class(err), "it is this host's fault, not the subscriber's")
		require.Len(t, p.received(), 1)
	}
}

func TestServerThatIsNotThere(t *testing.T) {
	p := newPost(t, false, false)
	c := newMails(t, p)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c.pool.config.Server = listener.Addr().String()
	require.NoError(t, listener.Close())
	require.EqualError(t, c.Send(t.Context(), target("nurse@clinic.example"), event(1)), "email: connection refused")
	c.pool.connect = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "smtp.hospital.example", IsNotFound: true}
	}
	require.EqualError(t, c.Send(t.Context(), target("nurse@clinic.example"), event(1)), "email: the server's name is not known")
}

// Codes that a host that answers gives are no reason to stop trying others at the same
// domain; a server that does not answer is one.
// spec: ERR-10
func TestErrorCodes(t *testing.T) { // ERR-10
	for err, want := range map[error]string{StatusError(450): "error-response", errTooMany: "error-response", errTimeout: "no-response", errTLS: "no-response"} {
		require.Equal(t, want, err.(interface{ SubscriptionError() string }).SubscriptionError())
	}
}
