package email

import (
	"bytes"
	"io"
	"log"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
	"github.com/wneessen/go-mail"

	"github.com/carillon-fhir/carillon/notification"
)

// sink takes mails and forgets them.
type sink struct{}

func (sink) Mail(string, *smtp.MailOptions) error { return nil }
func (sink) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (sink) Data(r io.Reader) error               { _, err := io.Copy(io.Discard, r); return err }
func (sink) Reset()                               {}
func (sink) Logout() error                        { return nil }

// BenchmarkSend compares one mail with an attachment by this channel with the library's
// own way, over connections that are kept, to the same server. The last runs do both by
// turns, whose ratio is of some worth on a busy machine.
func BenchmarkSend(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return sink{}, nil }))
	server.Domain, server.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	go func() { _ = server.Serve(listener) }()
	b.Cleanup(func() { _ = server.Close() })

	c, err := New(Config{
		Server: listener.Addr().String(), From: "fhir@hospital.example", Trusted: []string{"@clinic.example"},
		PerAddress: 1 << 30, InsecureAllowClearText: true,
	})
	require.NoError(b, err)
	b.Cleanup(func() { _ = c.Close() })
	to := target("nurse@clinic.example")
	m := bundle(b, notification.EventNotification, notification.IDOnly, 1)
	channel := func() {
		if err := c.Send(b.Context(), to, m); err != nil {
			b.Fatal(err)
		}
	}

	clients := make(chan *mail.Client, 8)
	for range cap(clients) {
		client, err := mail.NewClient("127.0.0.1", mail.WithPort(listener.Addr().(*net.TCPAddr).Port), mail.WithTLSPolicy(mail.NoTLS), mail.WithoutNoop())
		require.NoError(b, err)
		require.NoError(b, client.DialWithContext(b.Context()))
		b.Cleanup(func() { _ = client.Close() })
		clients <- client
	}
	library := func() {
		msg := mail.NewMsg()
		if msg.From("fhir@hospital.example") != nil || msg.To("nurse@clinic.example") != nil {
			b.Fatal("address")
		}
		msg.Subject("FHIR subscription notification")
		msg.SetBodyString(mail.TypeTextPlain, "Something happened that you have subscribed to.")
		if err := msg.AttachReader("notification.json", bytes.NewReader(m.Body), mail.WithFileContentType("application/fhir+json")); err != nil {
			b.Fatal(err)
		}
		client := <-clients
		defer func() { clients <- client }()
		if err := client.Send(msg); err != nil {
			b.Fatal(err)
		}
	}
	for _, run := range []struct {
		name string
		send func()
	}{{"channel", channel}, {"library", library}} {
		b.Run(run.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run.send()
			}
		})
	}
	timed := func(senders int, send func()) time.Duration {
		start := time.Now()
		var wg sync.WaitGroup
		for range senders {
			wg.Go(send)
		}
		wg.Wait()
		return time.Since(start)
	}
	for name, senders := range map[string]int{"one sender": 1, "eight senders": 8} {
		b.Run("ratio/"+name, func(b *testing.B) {
			var ours, theirs time.Duration
			for b.Loop() {
				ours += timed(senders, channel)
				theirs += timed(senders, library)
			}
			b.ReportMetric(float64(theirs)/float64(ours), "of-the-library's-rate")
		})
	}
}
