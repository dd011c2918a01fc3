package egress

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/memnet"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// hook is the channel that does nothing but to send, under the name of the standard's.
type hook struct{ *Sender }

func (hook) Type() string { return "rest-hook" }

const patients = "https://topics.example.org/patients"

// TestHandshakes is row N9: whatever an endpoint does when it is asked, its Subscription is
// active after a 2xx only, in error or off else, and no event is sent before.
func TestHandshakes(t *testing.T) {
	say := func(text string) func(net.Conn) {
		return func(c net.Conn) { _, _ = io.WriteString(c, text) }
	}
	type one struct {
		sickness
		status string
	}
	var list []one
	for _, status := range []int{
		100, 101, 102, 103, 150, 199, 200, 201, 202, 204, 299, 300, 304, 305, 306, 310, 399, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411,
		412, 413, 414, 415, 418, 422, 425, 429, 451, 499, 500, 501, 502, 503, 504, 507, 511, 599, 600, 999, 0,
	} {
		c := one{sickness{name: fmt.Sprint(status), scheme: "http", answer: say(fmt.Sprintf("HTTP/1.1 %03d X\r\nContent-Length: 0\r\n\r\n", status))}, "error"}
		if status >= 200 && status <= 299 {
			c.status = "active"
		} else if status == 410 {
			c.status = "off"
		}
		list = append(list, c)
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{"http://hook.example.com/ok", "http://elsewhere.example.com/", "/ok"} {
			list = append(list, one{sickness{name: fmt.Sprint(status, " ", location), scheme: "http",
				answer: say(fmt.Sprintf("HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", status, location))}, "error"})
		}
	}
	for i, s := range sicknesses() {
		if strings.HasPrefix(s.name, "head reset") && i%10 != 0 {
			continue
		}
		c := one{s, "error"}
		if s.err == nil {
			c.status = "active"
		}
		list = append(list, c)
	}
	counts := map[string]int{}
	early := 0
	for _, c := range list {
		if strings.HasSuffix(c.name, ", long") {
			continue // the same as without, as Config.SendTimeout has it
		}
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				status, events := c.handshake(t)
				require.Equal(t, c.status, status)
				if c.status != "active" {
					early += events
				}
				counts[status]++
			})
		})
	}
	n := counts["active"] + counts["error"] + counts["off"]
	require.GreaterOrEqual(t, n, 60)
	require.Zero(t, early)
	t.Logf("N9 endpoints=%d active=%d error=%d off=%d events before a handshake=%d", n, counts["active"], counts["error"], counts["off"], early)
}

// handshake creates a Subscription at an endpoint, and returns the status that it ends with
// and how many events were sent meanwhile.
func (s sickness) handshake(t *testing.T) (status string, events int) {
	sender, network := New(Config{InsecureAllowHTTP: true}), memnet.New()
	sender.connect = network.DialContext
	var mu sync.Mutex
	var served sync.WaitGroup
	served.Go(func() {
		for {
			far, err := network.Accept()
			if err != nil {
				return
			}
			served.Go(func() {
				defer func() { _ = far.Close() }()
				if s.scheme == "http" {
					r, err := http.ReadRequest(bufio.NewReader(far))
					if err != nil {
						return
					}
					body, _ := io.ReadAll(r.Body)
					if n, err := notification.Parse(body); err == nil && n.Type == notification.EventNotification {
						mu.Lock()
						events++
						mu.Unlock()
					}
				}
				answered := make(chan struct{})
				go func() { defer close(answered); s.answer(far) }()
				_, _ = io.Copy(io.Discard, far)
				_ = far.Close()
				<-answered
			})
		}
	})
	parsed, err := topic.Parse([]byte(`{"resourceType":"SubscriptionTopic","url":"` + patients + `","status":"active","resourceTrigger":[{"resource":"Patient"}]}`))
	require.NoError(t, err)
	engine, err := subscription.New(subscription.Config{
		Store: memory.New(), Channels: []subscription.Channel{hook{sender}}, Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
		Authorizer: subscription.InsecureAllowAll{}, Topics: []*topic.Topic{parsed},
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	stored, err := engine.Create(t.Context(), "", json.RawMessage(`{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"`+patients+`",
		"channel":{"type":"rest-hook","endpoint":"`+s.scheme+`://hook.example.com/","payload":"application/fhir+json"}}`))
	require.NoError(t, err)
	require.NoError(t, engine.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(`{"resourceType":"Patient","id":"1"}`)}))
	time.Sleep(3 * time.Minute)
	stored, err = engine.Get(t.Context(), "", stored.ID)
	require.NoError(t, err)
	var resource struct{ Status string }
	require.NoError(t, json.Unmarshal(stored.Resource, &resource))
	stop()
	require.NoError(t, <-ended)
	require.NoError(t, sender.Close())
	require.NoError(t, network.Close())
	served.Wait()
	return resource.Status, events
}
