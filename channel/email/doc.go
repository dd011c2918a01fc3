// Package email is the channel email: a notification is a mail to the one address of
// the Subscription's endpoint, mailto:name@host (CH-EML of docs/conformance.md). A host registers it with
// its engine and mounts the page on which receivers confirm:
//
//	mails, err := email.New(email.Config{
//		Server: "smtp.hospital.example:587", Username: "fhir", Password: password,
//		From: "FHIR server <fhir@hospital.example>",
//		ConfirmationURL: "https://fhir.hospital.example/confirm",
//	})
//	engine, err := subscription.New(subscription.Config{
//		Channels: []subscription.Channel{mails, ...},
//		...
//	})
//	mux.Handle("/confirm", email.Handler(engine))
//
// # What is sent
//
// The payload of the Subscription is the type of what people read, text/plain or
// text/html. With the parameter attach the notification goes along as it is:
//
//	text/plain;attach=application/fhir+json
//
// People read that something happened, how often, and where the content is id-only or
// more, the URLs of what it happened to; never what is in it. The subject is fixed, and
// a Subscription may have one of its own, as its only header. Templates replaces all of
// that; what the content level withholds is not in the View that they show. Other
// payloads, headers and contents are refused when the Subscription is created, among
// them a bare application/fhir+json, which nobody could read.
//
// # Who gets mail
//
// Anybody can write anybody's address into a Subscription. So the handshake asks the
// receiver, by a link to a page with two buttons: until it is confirmed the status stays
// requested, and after 7 days, or a no, it is off. A client that writes another address
// or another channel, or asks for status requested again, has it confirmed again.
// Config.Trusted names those who need not be asked; without a ConfirmationURL there is
// nobody else. An address gets 3 such questions and Config.PerAddress notifications in
// an hour. What is more waits; so Subscriptions with many events want a maxCount.
//
// Addresses are read strictly: one, without headers, quotes, comments, routes, escapes
// or literals.
//
// # How it is sent
//
// The server is spoken to over TLS, begun by STARTTLS or with the connection, with a
// certificate for its name, or not at all. Connections are kept for the next mail. A
// mail has the Message-ID of its notification, the same in every attempt.
//
// Send returns when the server has taken the mail. Codes from 400 to 499, and all that
// happens before the recipient is named, are transient: the server is this host's own.
// A mailbox that there is not turns the Subscription off, and what else is refused for
// good makes the engine give up soon. Error texts name the class of what went wrong,
// such as "email: status 452", and no address.
package email
