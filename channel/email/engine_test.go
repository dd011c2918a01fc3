package email

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// world is a host whose engine sends by mail, in a bubble of synctest.
type world struct {
	*subscription.Engine
	t    *testing.T
	post *post
	log  *logged
}

type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func newWorld(t *testing.T, change ...func(*Config)) *world {
	w := &world{t: t, post: newPost(t, true, true), log: &logged{}}
	mails := newMails(t, w.post, change...)
	any, err := topic.Parse([]byte(`{"resourceType":"SubscriptionTopic","url":"` + topicURL + `","status":"active","resourceTrigger":[{"resource":"Patient"}]}`))
	require.NoError(t, err)
	w.Engine, err = subscription.New(subscription.Config{
		Store: memory.New(), Channels: []subscription.Channel{mails}, Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
		Authorizer: subscription.InsecureAllowAll{}, Classic: []string{"Patient"}, Topics: []*topic.Topic{any}, Lease: 6 * time.Hour, Poll: 2 * time.Hour,
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, mails.Close())
	})
	return w
}

// subscriptionJSON is what a client writes, as the standard's example shows it.
func subscriptionJSON(endpoint, payload, content string) json.RawMessage {
	return fmt.Appendf(nil, `{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"%s",
		"channel":{"type":"email","endpoint":"%s","payload":"%s","_payload":{"extension":[{
		"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"%s"}]}}}`, topicURL, endpoint, payload, content)
}

func (w *world) subscribe(endpoint string) (id string) {
	w.t.Helper()
	s, err := w.Create(w.t.Context(), "", subscriptionJSON(endpoint, "text/plain;attach=application/fhir+json", "id-only"))
	require.NoError(w.t, err)
	synctest.Wait()
	return s.ID
}

func (w *world) status(id string) string {
	w.t.Helper()
	s, err := w.Get(w.t.Context(), "", id)
	require.NoError(w.t, err)
	doc, err := fhirpath.Parse(s.Resource)
	require.NoError(w.t, err)
	return strings.TrimSpace(doc.Root().Get("status").Text() + " " + doc.Root().Get("error").Text())
}

func (w *world) write(version int) {
	w.t.Helper()
	require.NoError(w.t, w.OnResourceChange(w.t.Context(), subscription.ResourceChange{
		Interaction: subscription.Create, Resource: fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%d","name":[{"family":"%s"}]}`, version, markers[7]),
	}))
	synctest.Wait()
}

var linkOf = regexp.MustCompile(`https://fhir\.hospital\.example/confirm\?token=\S+`)

// From a Subscription to a mail, by way of the receiver's yes.
// spec: CH-EML-06, CH-EML-01
func TestFromASubscriptionToAMail(t *testing.T) { // CH-EML-06, docs/delivery-rows.md E4
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe("mailto:public-health@example.org")
		require.Equal(t, "requested not-confirmed", w.status(id))
		w.write(1)
		time.Sleep(time.Hour)
		mails := w.post.received()
		require.Len(t, mails, 1, "one verification first")
		link := linkOf.FindString(open(t, mails[0].data).body)
		require.NotEmpty(t, link)

		page := Handler(w.Engine)
		require.Equal(t, "requested not-confirmed", w.status(id))
		require.Equal(t, 200, press(t, page, link, "yes"))
		synctest.Wait()
		require.Equal(t, "active", w.status(id))
		require.Equal(t, 404, press(t, page, link, "yes"), "once")
		w.write(2)
		mails = w.post.received()
		require.Len(t, mails, 3)
		ids := map[string]bool{}
		for i, m := range mails[1:] {
			l := open(t, m.data)
			n, err := notification.Parse(l.attachment)
			require.NoError(t, err)
			require.EqualValues(t, i+1, n.Events[0].Number)
			require.Equal(t, fmt.Sprintf("https://fhir.example.org/r4/Patient/p%d", i+1), n.Events[0].Focus.FullURL)
			require.Contains(t, l.body, fmt.Sprintf("Event: %d", i+1))
			require.NotContains(t, string(m.data)+l.body+string(l.attachment), markers[7])
			require.Equal(t, "<"+n.ID+"@hospital.example>", l.Get("Message-Id"))
			ids[n.ID] = true
		}
		require.Len(t, ids, 2)
		for _, secret := range []string{"public-health", strings.TrimPrefix(link, "https://fhir.hospital.example/confirm?token="), markers[7]} {
			require.NotContains(t, w.log.b.String(), secret)
		}
	})
}

func TestReceiverSaysNo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe("mailto:stranger@example.org")
		link := linkOf.FindString(open(t, w.post.received()[0].data).body)
		require.Equal(t, 200, press(t, Handler(w.Engine), link, "no"))
		require.Equal(t, "off declined", w.status(id))
		w.write(1)
		time.Sleep(8 * 24 * time.Hour)
		require.Len(t, w.post.received(), 1)
	})
}

// Query criteria are no way around the question, and their header is the subject.
// spec: CLS-09
func TestClassicSubscriptionByMail(t *testing.T) { // CLS-05, CLS-09
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s, err := w.Create(t.Context(), "", []byte(`{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"Patient?family=`+markers[7]+`",
			"channel":{"type":"email","endpoint":"mailto:nurse@example.org","header":["Subject: Ward 3"]}}`))
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, "requested not-confirmed", w.status(s.ID))
		w.write(1)
		require.Len(t, w.post.received(), 1)
		asked := open(t, w.post.received()[0].data)
		require.Equal(t, "Please confirm: FHIR subscription notifications", asked.Get("Subject"))
		require.Equal(t, 200, press(t, Handler(w.Engine), linkOf.FindString(asked.body), "yes"))
		synctest.Wait()
		w.write(2)
		mails := w.post.received()
		require.Len(t, mails, 3)
		for _, m := range mails[1:] {
			l := open(t, m.data)
			require.Equal(t, "Ward 3", l.Get("Subject"))
			require.Equal(t, "Something happened that you have subscribed to.\r\n", l.body)
			require.Empty(t, l.attached)
		}
	})
}

// A thousand Subscriptions are no way to fill somebody's mailbox.
func TestThousandSubscriptionsOfOneAddress(t *testing.T) { // docs/delivery-rows.md E4
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for range 1000 {
			w.subscribe("mailto:victim@example.org")
		}
		time.Sleep(time.Hour)
		asked := len(w.post.received())
		require.LessOrEqual(t, asked, 2*confirmationsPerAddress)
		w.write(1)
		time.Sleep(time.Hour)
		for _, m := range w.post.received() {
			require.NotEmpty(t, linkOf.FindString(open(t, m.data).body), "questions only")
		}
		t.Logf("E4 subscriptions=1000 questions=%d", asked)
	})
}

// Many events at once are many mails, later; none is lost.
func TestMailsOverTheCapArriveLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *Config) { c.Trusted, c.PerAddress = []string{"@clinic.example"}, 10 })
		id := w.subscribe("mailto:lab@clinic.example")
		require.Equal(t, "active", w.status(id))
		for i := range 30 {
			w.write(i + 1)
		}
		require.Len(t, w.post.received(), 10)
		time.Sleep(6 * time.Hour)
		require.Equal(t, "active", w.status(id))
		mails := w.post.received()
		require.Len(t, mails, 31)
		for i, m := range mails[1:] {
			n, err := notification.Parse(open(t, m.data).attachment)
			require.NoError(t, err)
			require.EqualValues(t, i+1, n.Events[0].Number, "in order")
		}
	})
}

func TestMailboxThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		require.Equal(t, "off endpoint-gone", w.status(w.subscribe("mailto:leave.1@example.org")))
		id := w.subscribe("mailto:fail.1@example.org")
		time.Sleep(time.Minute)
		require.Equal(t, "error error-response", w.status(id))
	})
}

// What can't be honoured is refused when it is asked for (ACC-19), with the
// element's name.
// spec: ACC-04, ACC-06, ACC-19
func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for _, c := range []struct{ endpoint, payload, content, element string }{
			{"https://example.org/", "text/plain", "empty", "Subscription.channel.endpoint"},
			{"mailto:a@example.org?cc=b@example.org", "text/plain", "empty", "Subscription.channel.endpoint"},
			{"mailto:a@example.org", "application/fhir+json", "empty", "Subscription.channel.payload"},
			{"mailto:a@example.org", "text/markdown", "empty", "Subscription.channel.payload"},
			{"mailto:a@example.org", "text/plain;attach=application/fhir+xml", "empty", "Subscription.channel.payload"},
			{"mailto:a@example.org", "text/plain;attach=application/fhir+json;x=y", "empty", "Subscription.channel.payload"},
			{"mailto:a@example.org", "text/plain;charset=latin1", "empty", "Subscription.channel.payload"},
			{"mailto:a@example.org", "text/plain;attach=application/fhir+json;fhirVersion=1.0", "empty", "Subscription.channel.payload"},
			{"mailto:a@example.org", "text/plain;attach=application/fhir+json", "full-resource", "Subscription.channel.payload.extension"},
		} {
			_, err := w.Create(t.Context(), "", subscriptionJSON(c.endpoint, c.payload, c.content))
			var refusal *subscription.Refusal
			require.ErrorAs(t, err, &refusal, "%v", c)
			require.Equal(t, c.element, refusal.Issues[0].Element, "%v", c)
		}
		require.Empty(t, w.post.received())
	})
}
