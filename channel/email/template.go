package email

import (
	"bytes"
	"errors"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// Templates say what people read. Each is executed with a View; what is nil or "" is
// built in.
type Templates struct {
	// Subjects are the same for everybody and for every content: mail shows them to all
	// who pass it on (CH-EML-07). A Subscription's own subject replaces the first
	// one.
	Subject, ConfirmationSubject string
	Text                         *texttemplate.Template // of text/plain
	HTML                         *htmltemplate.Template // of text/html
}

// View is what a template may show. It holds nothing of a resource's content.
type View struct {
	Type         notification.Type // handshake, heartbeat or event-notification
	Subscription string            // its URL; "" if there is no notification of a topic
	Topic        string            // canonical; "" for events where the content is empty
	First, Last  int64             // numbers of the events; 0: none
	References   []string          // URLs of what the events are about; none where the content is empty
	Attached     bool              // the notification is attached
	// ConfirmURL is the page where the receiver says yes or no. "": nobody has to.
	ConfirmURL string
}

const textTemplate = `{{if .ConfirmURL -}}
Somebody asked for notifications to be sent to this address.

If you want them, confirm it within 7 days:

{{.ConfirmURL}}

If you do not know what this is about, say so on the same page, or do nothing:
nothing more will be sent.
{{else if eq .Type "handshake" -}}
Notifications are sent to this address from now on.
{{else if eq .Type "heartbeat" -}}
Nothing has happened; notifications still work.
{{else -}}
Something happened that you have subscribed to.{{if .Attached}} Details are in the attachment.{{end}}
{{end}}
{{- if .References}}
{{range .References}}{{.}}
{{end}}{{end}}
{{- if .Subscription}}
{{if .Last}}{{if eq .First .Last}}Event: {{.Last}}{{else}}Events: {{.First}} to {{.Last}}{{end}}
{{end}}{{if .Topic}}Topic: {{.Topic}}
{{end}}Subscription: {{.Subscription}}
{{end}}`

const htmlTemplate = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>FHIR subscription notification</title></head><body>
{{if .ConfirmURL -}}
<p>Somebody asked for notifications to be sent to this address.</p>
<p>If you want them, <a href="{{.ConfirmURL}}">confirm it</a> within 7 days.</p>
<p>If you do not know what this is about, say so on the same page, or do nothing: nothing more will be sent.</p>
{{else if eq .Type "handshake" -}}
<p>Notifications are sent to this address from now on.</p>
{{else if eq .Type "heartbeat" -}}
<p>Nothing has happened; notifications still work.</p>
{{else -}}
<p>Something happened that you have subscribed to.{{if .Attached}} Details are in the attachment.{{end}}</p>
{{end}}
{{- if .References}}<ul>
{{range .References}}<li><a href="{{.}}">{{.}}</a></li>
{{end}}</ul>
{{end}}
{{- if .Subscription}}<dl>
{{if .Last}}<dt>Events</dt><dd>{{.First}} to {{.Last}}</dd>
{{end}}{{if .Topic}}<dt>Topic</dt><dd>{{.Topic}}</dd>
{{end}}<dt>Subscription</dt><dd>{{.Subscription}}</dd>
</dl>
{{end}}</body></html>
`

// complete returns t with what is built in.
func (t *Templates) complete() (Templates, error) {
	var c Templates
	if t != nil {
		c = *t
	}
	if c.Subject == "" {
		c.Subject = "FHIR subscription notification"
	}
	if c.ConfirmationSubject == "" {
		c.ConfirmationSubject = "Please confirm: FHIR subscription notifications"
	}
	if strings.ContainsAny(c.Subject+c.ConfirmationSubject, "\r\n") {
		return c, errors.New("email: Config.Templates: Subject and ConfirmationSubject must be one line")
	}
	if c.Text == nil {
		c.Text = texttemplate.Must(texttemplate.New("text").Parse(textTemplate))
	}
	if c.HTML == nil {
		c.HTML = htmltemplate.Must(htmltemplate.New("html").Parse(htmlTemplate))
	}
	return c, nil
}

// view shows a message. What the content level withholds is not in it, so that no
// template can show it (CH-EML-05).
func (c *Channel) view(t subscription.Target, m subscription.Message, p payload) View {
	v := View{Type: notification.EventNotification, Attached: p.attach && len(m.Body) > 0 && m.Confirmation == ""}
	if m.Confirmation != "" {
		v.ConfirmURL = c.config.ConfirmationURL + "?token=" + m.Confirmation
	}
	if m.Classic != nil && t.Content != notification.Empty && m.Confirmation == "" {
		v.References = []string{m.Classic.ResourceType + "/" + m.Classic.ResourceID}
	}
	n := m.Notification
	if n == nil {
		return v
	}
	v.Type, v.Subscription, v.Topic = n.Type, n.Subscription, n.Topic
	if n.Type == notification.EventNotification && (n.Content == notification.Empty || t.Content == notification.Empty) {
		v.Topic = "" // it would say what happened (PAY-05, AMB-13)
	}
	for _, event := range n.Events {
		if v.First == 0 {
			v.First = event.Number
		}
		v.Last = event.Number
		if event.Focus.FullURL != "" && n.Content != notification.Empty && t.Content != notification.Empty {
			v.References = append(v.References, event.Focus.FullURL)
		}
	}
	return v
}

// body renders what people read.
func (c *Channel) body(v View, p payload) (string, error) {
	var b bytes.Buffer
	var err error
	if p.html {
		err = c.templates.HTML.Execute(&b, v)
	} else {
		err = c.templates.Text.Execute(&b, v)
	}
	if err != nil {
		return "", errTemplate // its own text may hold what it was to show
	}
	return b.String(), nil
}
