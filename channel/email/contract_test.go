package email

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/carillon-fhir/carillon/channel/channeltest"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// TestContract runs the suite of all channels, in memory and over sockets, with TLS
// begun by STARTTLS and with the connection.
func TestContract(t *testing.T) {
	t.Run("in memory", func(t *testing.T) { channeltest.Run(t, harness(true, false)) })
	t.Run("STARTTLS", func(t *testing.T) { channeltest.Run(t, harness(false, false)) })
	t.Run("implicit TLS", func(t *testing.T) { channeltest.Run(t, harness(false, true)) })
}

// harness has a server for each channel; the recipient's name says what becomes of a
// mail.
func harness(inMemory, implicit bool) channeltest.Harness {
	var servers sync.Map
	var count atomic.Int64
	answers := func(name string) func(testing.TB, subscription.Channel) channeltest.Endpoint {
		return func(t testing.TB, c subscription.Channel) channeltest.Endpoint {
			server, _ := servers.Load(c)
			address := fmt.Sprintf("%s.%d.%s@clinic.example", name, count.Add(1), channeltest.Canary)
			to := target(address)
			to.Content, to.Headers = notification.FullResource, []string{"Subject: " + channeltest.Canary}
			return channeltest.Endpoint{Target: to, Received: func() (list []channeltest.Receipt) {
				for _, d := range server.(*post).received() {
					switch {
					case d.to != address:
					case d.data == nil:
						list = append(list, channeltest.Receipt{})
					default:
						list = append(list, channeltest.Receipt{Body: open(t, d.data).attachment})
					}
				}
				return list
			}}
		}
	}
	h := channeltest.Harness{
		New: func(t testing.TB) subscription.Channel {
			p := newPost(t, inMemory, implicit)
			c := newMails(t, p, func(c *Config) { c.Content = notification.FullResource })
			servers.Store(subscription.Channel(c), p)
			return c
		},
		Accepts: answers("accept"), Fails: answers("fail"), Refuses: answers("refuse"), Leaves: answers("leave"), Hangs: answers("hang"),
		Unusable: []subscription.Target{
			{}, {Endpoint: "https://clinic.example/" + channeltest.Canary}, {Endpoint: "mailto:a@clinic.example?cc=" + channeltest.Canary + "@b.example"},
			{Endpoint: "mailto:a@clinic.example", ContentType: "application/fhir+json; a=" + channeltest.Canary},
			{Endpoint: "mailto:a@clinic.example", ContentType: "text/plain;attach=application/" + channeltest.Canary},
			{Endpoint: "mailto:a@clinic.example", Content: notification.FullResource},
			{Endpoint: "mailto:a@clinic.example", Headers: []string{"Subject: a", "Bcc: " + channeltest.Canary}},
		},
	}
	if inMemory {
		h.Bubble = func(t testing.TB, f func(testing.TB)) {
			synctest.Test(t.(*testing.T), func(t *testing.T) { f(t) })
		}
	}
	return h
}
