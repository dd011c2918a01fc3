package email_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	texttemplate "text/template"

	"github.com/carillon-fhir/carillon/channel/email"
	"github.com/carillon-fhir/carillon/subscription"
)

func ExampleNew() {
	mails, err := email.New(email.Config{ // into the Channels of subscription.Config
		Server: "smtp.hospital.example:587",
		From:   "FHIR server <fhir@hospital.example>",
		// Nobody outside has to be asked, and nobody outside gets any.
		Trusted: []string{"@hospital.example"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = mails.Close() }()

	for _, endpoint := range []string{"mailto:ward3@hospital.example", "mailto:ward3@hospital.example?bcc=a@example.org", "mailto:a@example.org"} {
		fmt.Println(mails.Check(context.Background(), subscription.Target{
			Endpoint: endpoint, ContentType: "text/plain;attach=application/fhir+json", Content: "id-only",
		}))
	}
	// Output:
	// <nil>
	// Subscription.channel.endpoint: want an address only: no subject, copies or other headers
	// Subscription.channel.endpoint: this server sends mail to addresses that it knows only
}

// New says at once what is missing.
func ExampleConfig() {
	_, err := email.New(email.Config{ConfirmationURL: "http://fhir.hospital.example/confirm"})
	fmt.Println(err)
	// Output:
	// email: Config.Server must be a host and a port
	// email: Config.From must be an address, such as FHIR server <fhir@hospital.example>
	// email: Config.ConfirmationURL must be an absolute https URL without query
}

// Mails in the words of the hospital.
func ExampleTemplates() {
	_, err := email.New(email.Config{
		Server: "smtp.hospital.example:465", ImplicitTLS: true, From: "fhir@hospital.example",
		Trusted: []string{"@hospital.example"},
		Templates: &email.Templates{
			Subject: "Neues im Labor",
			Text:    texttemplate.Must(texttemplate.New("mail").Parse("{{.Last}}. Ereignis{{range .References}}\n{{.}}{{end}}\n")),
		},
	})
	fmt.Println(err)
	// Output: <nil>
}

// patients stands for an engine.
type patients struct{}

func (patients) Confirm(context.Context, string) error { return nil }
func (patients) Decline(context.Context, string) error { return subscription.ErrNotFound }

// Following the link of a mail shows a question; pressing a button answers it.
func ExampleHandler() {
	mux := http.NewServeMux()
	mux.Handle("/confirm", email.Handler(patients{}))
	server := httptest.NewServer(mux)
	defer server.Close()

	question, err := http.Get(server.URL + "/confirm?token=ABCDEF")
	if err != nil {
		log.Fatal(err)
	}
	_ = question.Body.Close()
	answer, err := http.Post(server.URL+"/confirm", "application/x-www-form-urlencoded", strings.NewReader("token=ABCDEF&answer=no"))
	if err != nil {
		log.Fatal(err)
	}
	_ = answer.Body.Close()
	fmt.Println(question.StatusCode, question.Header.Get("Referrer-Policy"))
	fmt.Println(answer.StatusCode)
	// Output:
	// 200 no-referrer
	// 404
}
