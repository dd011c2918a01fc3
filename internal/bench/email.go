package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/wneessen/go-mail"

	"github.com/carillon-fhir/carillon/channel/email"
	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/bench/report"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// postOffice takes mails and forgets them.
type postOffice struct{}

func (postOffice) Mail(string, *smtp.MailOptions) error { return nil }
func (postOffice) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (postOffice) Data(r io.Reader) error               { _, err := io.Copy(io.Discard, r); return err }
func (postOffice) Reset()                               {}
func (postOffice) Logout() error                        { return nil }

// senders is how many mails are under way at once: the channel's default.
const senders = 8

// measureEmail compares mails with an attachment by the channel with the library's own
// way, both over connections that are kept.
func measureEmail(o options) (r report.Result, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return r, err
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return postOffice{}, nil }))
	server.Domain, server.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	n := sampleNotification(notification.IDOnly)
	body, err := notification.Append(nil, fhirpath.R4, n)
	if err != nil {
		return r, err
	}
	ours, closeOurs, err := channelMail(listener.Addr().String(), subscription.Message{ID: n.ID, ContentType: "text/plain", Release: fhirpath.R4, Body: body, Notification: n})
	if err != nil {
		return r, err
	}
	defer closeOurs()
	bare, closeBare, err := libraryMail(listener.Addr().(*net.TCPAddr).Port, body)
	if err != nil {
		return r, err
	}
	defer closeBare()
	eight := func(send func() error) *operation {
		return &operation{run: func() error {
			errs := make([]error, senders)
			var all sync.WaitGroup
			for i := range errs {
				all.Go(func() { errs[i] = send() })
			}
			all.Wait()
			return errors.Join(errs...)
		}}
	}
	channel, library := eight(ours), eight(bare)
	if err := takeTurnsAt(o.runs(), time.Duration(o.of(20, 500, 2000))*time.Millisecond, channel, library); err != nil {
		return r, err
	}
	perSecond := func(op *operation) string { return report.PerSecond(senders / op.time()) }
	r.Rows = []report.Row{{
		What: fmt.Sprintf("mails with an attachment, %d at once", senders), Ours: perSecond(channel),
		Ceiling: "the library's own: " + perSecond(library), Ratio: library.times.Over(channel.times).Ratio(),
	}}
	r.Figures = map[string]float64{"email.persecond": senders / channel.time()}
	return r, nil
}

func channelMail(server string, m subscription.Message) (send func() error, end func(), err error) {
	c, err := email.New(email.Config{
		Server: server, From: "fhir@hospital.example", Trusted: []string{"@clinic.example"}, PerAddress: 1 << 30, InsecureAllowClearText: true,
	})
	if err != nil {
		return nil, nil, err
	}
	to := subscription.Target{Subscription: "s1", Endpoint: "mailto:nurse@clinic.example", ContentType: "text/plain;attach=application/fhir+json", Content: notification.IDOnly}
	return func() error { return c.Send(context.Background(), to, m) }, func() { _ = c.Close() }, nil
}

func libraryMail(port int, body []byte) (send func() error, end func(), err error) {
	clients := make(chan *mail.Client, senders)
	for range senders {
		client, err := mail.NewClient("127.0.0.1", mail.WithPort(port), mail.WithTLSPolicy(mail.NoTLS), mail.WithoutNoop())
		if err == nil {
			err = client.DialWithContext(context.Background())
		}
		if err != nil {
			return nil, nil, err
		}
		clients <- client
	}
	send = func() error {
		m := mail.NewMsg()
		if err := errors.Join(m.From("fhir@hospital.example"), m.To("nurse@clinic.example")); err != nil {
			return err
		}
		m.Subject("FHIR subscription notification")
		m.SetBodyString(mail.TypeTextPlain, "Something happened that you have subscribed to.")
		if err := m.AttachReader("notification.json", bytes.NewReader(body), mail.WithFileContentType("application/fhir+json")); err != nil {
			return err
		}
		client := <-clients
		defer func() { clients <- client }()
		return client.Send(m)
	}
	return send, func() {
		for range senders {
			_ = (<-clients).Close()
		}
	}, nil
}
