package email

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

const (
	endpointElement = "Subscription.channel.endpoint"
	headerElement   = "Subscription.channel.header"
	payloadElement  = "Subscription.channel.payload"
)

// Check decides whether the Subscription may use this channel (ACC-04 to
// ACC-06, ACC-19, CH-EML-04). It contacts nobody, and returns a
// *subscription.ElementError that holds no value of the Subscription.
func (c *Channel) Check(_ context.Context, t subscription.Target) error {
	_, _, _, err := c.read(t)
	return err
}

// read returns what a Target says: to whom, how, and under which subject ("": ours).
func (c *Channel) read(t subscription.Target) (address string, p payload, subject string, err error) {
	refuse := func(element, code, problem string) (string, payload, string, error) {
		return "", payload{}, "", &subscription.ElementError{Element: element, Code: code, Problem: problem}
	}
	address, problem := parseEndpoint(t.Endpoint)
	if problem != "" {
		return refuse(endpointElement, "", problem)
	}
	if c.config.ConfirmationURL == "" && !c.trusts(address) {
		return refuse(endpointElement, "not-supported", "this server sends mail to addresses that it knows only")
	}
	if p, problem = parsePayload(t.ContentType); problem != "" {
		return refuse(payloadElement, "not-supported", problem)
	}
	switch allowed := []notification.Content{notification.Empty, notification.IDOnly, notification.FullResource}; {
	case slices.Index(allowed, t.Content) > slices.Index(allowed, c.config.Content):
		return refuse(payloadElement+".extension", "not-supported", "the content is more than this server sends by mail")
	case t.Content == notification.FullResource && !p.attach:
		return refuse(payloadElement, "not-supported", "resources come as an attachment: add ;attach=application/fhir+json")
	}
	for i, header := range t.Headers {
		element := headerElement + "[" + strconv.Itoa(i) + "]"
		if i > 0 {
			return refuse(element, "not-supported", "a mail has one header to set, its subject")
		}
		if subject, problem = parseSubject(header); problem != "" {
			return refuse(element, "not-supported", problem)
		}
	}
	return address, p, subject, nil
}

// payload is how a notification is shown.
type payload struct {
	html   bool
	attach bool // the notification itself goes along
}

// parsePayload reads Subscription.channel.payload: the type of what people read, and in
// its parameter attach the type of the attachment. FHIR's own types are none of the
// first, as nobody could read them (CH-EML-02). Which fhirVersion can be sent is the
// engine's to say.
func parsePayload(contentType string) (p payload, problem string) {
	if contentType == "" {
		return payload{}, ""
	}
	mediaType, parameters, err := subscription.ParsePayload(contentType)
	if err != nil {
		return payload{}, "is no MIME type"
	}
	switch mediaType {
	case "text/plain":
	case "text/html":
		p.html = true
	default:
		return payload{}, "want text/plain or text/html, and ;attach=application/fhir+json for the notification itself"
	}
	for name, value := range parameters {
		switch name {
		case "attach":
			if !strings.EqualFold(value, "application/fhir+json") && !strings.EqualFold(value, "application/json") {
				return payload{}, "notifications are attached as application/fhir+json only"
			}
			p.attach = true
		case "charset":
			if !strings.EqualFold(value, "utf-8") {
				return payload{}, "mails are sent as UTF-8"
			}
		case "fhirversion":
		default:
			return payload{}, "unknown parameter: want attach, charset or fhirVersion"
		}
	}
	return p, ""
}

// parseSubject reads a header of the Subscription, which for mail is the subject
// (CLS-09), with or without the name in front.
func parseSubject(header string) (subject, problem string) {
	subject = header
	if name, value, ok := strings.Cut(header, ":"); ok && strings.EqualFold(strings.TrimSpace(name), "subject") {
		subject = value
	}
	subject = strings.TrimSpace(subject)
	if subject == "" || len(subject) > 200 {
		return "", "want a subject of at most 200 characters"
	}
	for i := range len(subject) {
		if subject[i] < ' ' || subject[i] > '~' {
			return "", "want a subject of visible ASCII characters"
		}
	}
	return subject, ""
}
