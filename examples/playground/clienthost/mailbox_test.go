package clienthost_test

import (
	"encoding/base64"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/playground/clienthost"
	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
)

func TestMailbox(t *testing.T) {
	host, _ := newHost(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := host.MailServer()
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-ended })
	e, err := host.Open(clienthost.Email)
	require.NoError(t, err)
	to := strings.TrimPrefix(e.Address, "mailto:")
	send := func(to, mail string) int {
		err := smtp.SendMail(listener.Addr().String(), nil, "fhir@example.org", []string{to}, []byte(strings.ReplaceAll(mail, "\n", "\r\n")))
		if err == nil {
			return 250
		}
		var refused *textproto.Error
		require.ErrorAs(t, err, &refused)
		return refused.Code
	}
	const question = "Subject: =?utf-8?q?A_question?=\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nIf you want them:\n\nhttps://fhir.example.org/confirm?token=3Dabc.=\ndef\n"
	event := "Subject: News\nContent-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain\n\nSomething happened.\n--B\nContent-Type: application/fhir+json\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString([]byte(bundle(t, fhirpath.R4, notification.EventNotification, 1, 1))) + "\n--B--\n"

	require.Equal(t, 250, send(to, question))
	a := newest(host)
	require.Equal(t, clienthost.Confirmation, a.Kind)
	require.Equal(t, "A question", a.Request)
	require.Equal(t, "https://fhir.example.org/confirm?token=abc.def", a.Link)
	require.Equal(t, 250, send(to, event))
	require.Equal(t, "event-notification", newest(host).Kind)
	require.EqualValues(t, 1, newest(host).Events[0].Number)
	require.Equal(t, 250, send(to, "Subject: x\n\nSomething happened.\n"))
	require.Equal(t, clienthost.Mail, newest(host).Kind)

	require.Equal(t, 550, send("nobody@"+clienthost.MailDomain, event))
	require.Equal(t, 550, send(e.Key+"@example.org", event))
	require.Len(t, host.Arrivals(), 3)
	for _, tc := range []struct {
		trouble clienthost.Trouble
		code    int
		taken   bool
	}{
		{clienthost.Trouble{Kind: clienthost.Down}, 421, false},
		{clienthost.Trouble{Kind: clienthost.Reject, Status: 550}, 550, false},
		{clienthost.Trouble{Kind: clienthost.Lose}, 250, false},
		{clienthost.Trouble{Kind: clienthost.Break}, 451, true},
	} {
		require.NoError(t, host.SetTrouble(e.Key, tc.trouble))
		require.Equal(t, tc.code, send(to, event), tc.trouble)
		require.Equal(t, tc.taken, newest(host).Taken, tc.trouble)
	}
	require.Error(t, host.SetTrouble(e.Key, clienthost.Trouble{Kind: clienthost.Reject, Status: 350}))
}
