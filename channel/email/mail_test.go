package email

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"testing"
	texttemplate "text/template"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// markers are a text in every place of a resource and its reference.
var markers = func() (list []string) {
	for i := range 500 {
		list = append(list, fmt.Sprintf("marker%03dq", i))
	}
	return list
}()

const referenceMarkers = 2 // the first ones are ids, which references show

// patient is a resource with all markers.
func patient() json.RawMessage {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"resourceType":"Patient","id":"%s","meta":{"versionId":"%s"},"identifier":[`, markers[0], markers[2])
	for i, marker := range markers[3:] {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"system":"urn:%s","value":"."}`, marker)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

const topicURL = "https://topics.example.org/patient"

// bundle renders a notification as the engine does.
func bundle(t testing.TB, kind notification.Type, content notification.Content, events int) subscription.Message {
	n := &notification.Notification{
		ID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01", StatusID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a02", Timestamp: time.Date(2026, 3, 2, 8, 15, 30, 0, time.UTC),
		Type: kind, Content: content, Status: "active", Topic: topicURL,
		Subscription: "https://fhir.example.org/r4/Subscription/1", EventsSinceSubscriptionStart: int64(events),
	}
	for i := range events {
		n.Events = append(n.Events, notification.Event{Number: int64(i + 1), Focus: notification.Entry{
			FullURL: "https://fhir.example.org/r4/Patient/" + markers[0], Method: "PUT", URL: "Patient/" + markers[0], Status: "200", Resource: patient(),
		}})
	}
	body, err := notification.Append(nil, fhirpath.R4, n)
	require.NoError(t, err)
	return subscription.Message{ID: n.ID, ContentType: "text/plain", Body: body, Notification: n}
}

// event is a small message.
func event(number int64) subscription.Message {
	return subscription.Message{ID: fmt.Sprintf("0d6a3f0e-5c1b-4b7e-9c55-%012d", number), Body: []byte(`{"resourceType":"Bundle"}`),
		Notification: &notification.Notification{Type: notification.EventNotification, Content: notification.Empty, Subscription: "https://fhir.example.org/r4/Subscription/1",
			Events: []notification.Event{{Number: number}}}}
}

// TestMails sends every kind of notification at every content level in every form.
// spec: CH-EML-01, CH-EML-02, CH-EML-03, CH-EML-04, CH-EML-05, CH-EML-07, ACC-19, ACC-06, AMB-13, PAY-05
func TestMails(t *testing.T) { // docs/delivery-rows.md E2, A4, A5
	p := newPost(t, true, false)
	c := newMails(t, p, func(c *Config) { c.Content = notification.FullResource })
	sent, found := 0, 0
	for _, payload := range []string{"", "text/plain", "text/html", "text/plain;attach=application/fhir+json", "text/html;attach=application/fhir+json", "text/html; charset=UTF-8; attach=application/fhir+json"} {
		for _, kind := range []notification.Type{notification.Handshake, notification.Heartbeat, notification.EventNotification} {
			for _, content := range []notification.Content{notification.Empty, notification.IDOnly, notification.FullResource} {
				attach := strings.Contains(payload, "attach")
				events := 0
				if kind == notification.EventNotification {
					events = 3
				}
				m := bundle(t, kind, content, events)
				to := target("nurse@clinic.example")
				to.ContentType, to.Content = payload, content
				if content == notification.FullResource && !attach {
					require.Error(t, c.Check(t.Context(), to), "ACC-19")
					continue
				}
				require.NoError(t, c.Check(t.Context(), to))
				require.NoError(t, c.Send(t.Context(), to, m))
				sent++
				mails := p.received()
				require.Len(t, mails, sent)
				l := open(t, mails[sent-1].data)
				name := fmt.Sprint(payload, " ", kind, " ", content)
				require.Equal(t, "FHIR subscription notification", l.Get("Subject"), name)
				require.Equal(t, "<"+m.ID+"@hospital.example>", l.Get("Message-Id"), name)
				require.Equal(t, `"FHIR server" <fhir@hospital.example>`, l.Get("From"), name)
				require.Equal(t, "auto-generated", l.Get("Auto-Submitted"), name)
				_, err := l.Date()
				require.NoError(t, err, name)
				want := "text/plain"
				if strings.HasPrefix(payload, "text/html") {
					want = "text/html"
				}
				require.Equal(t, want, l.bodyType, name)
				require.Contains(t, l.body, m.Notification.Subscription, name)
				require.Equal(t, content != notification.Empty || events == 0, strings.Contains(l.body, topicURL), name+": PAY-05, AMB-13")
				if attach {
					require.Equal(t, "application/fhir+json", l.attached, name)
					require.Equal(t, string(m.Body), string(l.attachment), name)
				} else {
					require.Empty(t, l.attached, name)
				}
				require.Equal(t, content != notification.Empty && events > 0, strings.Contains(l.body, "Patient/"+markers[0]), name)
				shown := l.body + string(l.attachment)
				for key, values := range l.Header {
					shown += key + strings.Join(values, " ")
				}
				for i, marker := range markers {
					allowed := events > 0 && (i < referenceMarkers && content == notification.IDOnly || content == notification.FullResource)
					if strings.Contains(shown, marker) && !allowed {
						found++
						t.Errorf("%s: %s", name, marker)
					}
					if i >= referenceMarkers && strings.Contains(l.body, marker) {
						t.Errorf("%s: the body shows %s", name, marker)
					}
				}
			}
		}
	}
	require.GreaterOrEqual(t, sent, 20)
	t.Logf("E2 A4 A5 mails=%d markers=%d found=%d", sent, len(markers), found)
}

// Lines that SMTP gives a meaning to, and lines that are too long for it, arrive.
func TestDotsAndLongLines(t *testing.T) { // docs/delivery-rows.md E2
	long := strings.Repeat("x", 5000)
	for name, text := range map[string]string{
		"dot": ".", "dots": "..", "end": "a\r\n.\r\nMAIL FROM:<evil@example.org>\r\n", "newlines": "\n.\n.\n", "leading dot": ".a\r\n..b\r\n...",
		"long": long, "long with dots": "." + long + "\r\n." + long, "998": strings.Repeat("y", 998), "bare CR": "a\rb\r.\r", "UTF-8": "Zoë 中文 🫀 " + strings.Repeat("ü", 2000),
		"boundary": "--\r\n------=_Part\r\n--", "NUL": "a\x00b", "from": "From a\nFrom b", "base64": strings.Repeat("QUJD\r\n", 100), "equals": "=0D=0A.=0D=0A",
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t, true, false)
			c := newMails(t, p, func(c *Config) {
				c.Templates = &Templates{Text: texttemplate.Must(texttemplate.New("").Parse(`{{.Topic}}`)), HTML: htmltemplate.Must(htmltemplate.New("").Parse(`<p title="{{.Topic}}">{{.Topic}}</p>`))}
			})
			m := event(1)
			m.Notification.Topic, m.Notification.Content, m.Body = text, notification.IDOnly, []byte(text)
			to := target("nurse@clinic.example")
			require.NoError(t, c.Send(t.Context(), to, m))
			require.NoError(t, c.Send(t.Context(), to, event(2)), "the connection is in order")
			mails := p.received()
			require.Len(t, mails, 2)
			l := open(t, mails[0].data)
			require.Equal(t, text, string(l.attachment))
			require.Equal(t, lines(text), lines(l.body))

			m.Notification.Topic = `"><script>alert(1)</script>` + text
			to.ContentType = "text/html"
			require.NoError(t, c.Send(t.Context(), to, m))
			require.NotContains(t, open(t, p.received()[2].data).body, "<script>")
		})
	}
}

// lines leaves open how lines end, which is the transport's.
func lines(s string) string {
	return strings.TrimRight(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"), "\n")
}

// spec: CLS-09, CH-EML-07
func TestSubjects(t *testing.T) {
	p := newPost(t, true, false)
	c := newMails(t, p, func(c *Config) {
		c.Templates = &Templates{Subject: "Mitteilung für Sie", ConfirmationSubject: "Bitte bestätigen"}
	})
	to := target("nurse@clinic.example")
	require.NoError(t, c.Send(t.Context(), to, event(1)))
	to.Headers = []string{"Subject: Ward 3"}
	require.NoError(t, c.Send(t.Context(), to, event(2)))
	to.Headers = []string{"Ward 4"}
	require.NoError(t, c.Send(t.Context(), to, event(3)))
	m := bundle(t, notification.Handshake, notification.Empty, 0)
	m.Confirmation = "TOKEN"
	require.NoError(t, c.Send(t.Context(), to, m))
	mails := p.received()
	require.Equal(t, "=?UTF-8?q?Mitteilung_f=C3=BCr_Sie?=", open(t, mails[0].data).Get("Subject"))
	require.Equal(t, "Ward 3", open(t, mails[1].data).Get("Subject"))
	require.Equal(t, "Ward 4", open(t, mails[2].data).Get("Subject"))
	asked := open(t, mails[3].data)
	require.Equal(t, "=?UTF-8?q?Bitte_best=C3=A4tigen?=", asked.Get("Subject"), "a stranger reads nobody's words but the host's")
	require.Empty(t, asked.attached)
	require.Contains(t, asked.body, "https://fhir.hospital.example/confirm?token=TOKEN")
}

// A classic Subscription's message is the resource itself, or nothing.
// spec: CLS-11
func TestClassicMails(t *testing.T) { // CLS-09, CLS-11
	p := newPost(t, true, false)
	c := newMails(t, p, func(c *Config) { c.Content = notification.FullResource })
	m := subscription.Message{ID: "1", Body: patient(), Classic: &subscription.Classic{ResourceType: "Patient", ResourceID: markers[0]}}
	to := target("nurse@clinic.example")
	to.Content = notification.FullResource
	require.NoError(t, c.Send(t.Context(), to, m))
	to.ContentType, to.Content, m.Body = "text/plain", notification.Empty, nil
	require.NoError(t, c.Send(t.Context(), to, m))
	mails := p.received()
	whole, bare := open(t, mails[0].data), open(t, mails[1].data)
	require.JSONEq(t, string(patient()), string(whole.attachment))
	require.Contains(t, whole.body, "Patient/"+markers[0])
	require.Empty(t, bare.attached)
	for _, marker := range markers {
		require.NotContains(t, bare.body, marker)
	}
}

func TestMessageIDIsTheNotifications(t *testing.T) { // R18
	require.Equal(t, "a-1.b@hospital.example", messageID("a-1.b", "fhir@hospital.example"))
	odd := messageID("a b\r\nBcc: c", "fhir@hospital.example")
	require.Equal(t, odd, messageID("a b\r\nBcc: c", "fhir@hospital.example"))
	require.Regexp(t, `^[0-9a-f]{32}@hospital\.example$`, odd)
	require.NotEqual(t, odd, messageID("a b\r\nBcc: d", "fhir@hospital.example"))
}

// envelope is a signer that wraps mails, as one of S/MIME would.
type envelope struct{ err error }

func (e envelope) Sign(_ context.Context, t subscription.Target, mail []byte) ([]byte, error) {
	header, body, _ := bytes.Cut(mail, []byte("\r\n\r\n"))
	return append(append(bytes.Clone(header), "\r\nX-Signed-For: "+t.Subscription+"\r\n\r\n"...), body...), e.err
}

func TestSigner(t *testing.T) {
	p := newPost(t, true, false)
	c := newMails(t, p, func(c *Config) { c.Signer = envelope{} })
	require.NoError(t, c.Send(t.Context(), target("nurse@clinic.example"), event(1)))
	require.Equal(t, "1", open(t, p.received()[0].data).Get("X-Signed-For"))

	c = newMails(t, p, func(c *Config) { c.Signer = envelope{errors.New("no key for nurse@clinic.example")} })
	err := c.Send(t.Context(), target("nurse@clinic.example"), event(1))
	require.EqualError(t, err, "email: signer failed")
	require.Len(t, p.received(), 1, "nothing goes unsigned")

	c = newMails(t, p, func(c *Config) {
		c.Templates = &Templates{Text: texttemplate.Must(texttemplate.New("").Parse(`{{index .References 7}}`))}
	})
	require.EqualError(t, c.Send(t.Context(), target("nurse@clinic.example"), event(1)), "email: template failed")
}

func TestConfigIsCheckedAtOnce(t *testing.T) {
	_, err := New(Config{
		Server: "smtp", From: "nobody\r\nBcc: a@b.example", Password: "x", ConfirmationURL: "http://fhir.example.org/confirm", Trusted: []string{"*"},
		Content: "all", PerAddress: -1, Connections: -1, Templates: &Templates{Subject: "a\nb"},
	})
	for _, name := range []string{"Server", "From", "Password", "ConfirmationURL", "Trusted", "Content", "PerAddress", "Connections", "Templates"} {
		require.ErrorContains(t, err, "email: Config."+name)
	}
	for page, good := range map[string]bool{
		"https://a.example/confirm": true, "http://127.0.0.1:80/confirm": true, "http://a.example/confirm": false, "/confirm": false,
		"https://a.example/?a=b": false, "https://a@b.example/": false, "javascript:alert(1)": false, "https://a.example/#a": false,
	} {
		require.Equal(t, good, isPage(page, false), page)
	}
	require.True(t, isPage("http://a.example/confirm", true))
}
