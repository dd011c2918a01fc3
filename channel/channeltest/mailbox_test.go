package channeltest_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/carillon-fhir/carillon/channel/channeltest"
	"github.com/carillon-fhir/carillon/internal/suitetest"
	"github.com/carillon-fhir/carillon/subscription"
)

// mailbox is a channel in memory. What an endpoint does is the first segment of its
// path: mem://host/accept/...
type mailbox struct {
	mu       sync.Mutex
	boxes    map[string][]channeltest.Receipt
	linger   atomic.Bool
	received int

	// What a broken one does otherwise.
	kind  func() string
	check func(ctx context.Context, t subscription.Target) error
	send  func(ctx context.Context, t subscription.Target, m subscription.Message) error
}

func newMailbox() *mailbox {
	b := &mailbox{boxes: map[string][]channeltest.Receipt{}}
	b.kind, b.check, b.send = func() string { return "mailbox" }, checkMailbox, b.deliver
	return b
}

func (b *mailbox) Type() string                                           { return b.kind() }
func (b *mailbox) Check(ctx context.Context, t subscription.Target) error { return b.check(ctx, t) }
func (b *mailbox) Send(c context.Context, t subscription.Target, m subscription.Message) error {
	return b.send(c, t, m)
}

func checkMailbox(_ context.Context, t subscription.Target) error {
	if !strings.HasPrefix(t.Endpoint, "mem://") {
		return &subscription.ElementError{Element: "Subscription.channel.endpoint", Problem: "want a mailbox"}
	}
	return nil
}

func (b *mailbox) put(endpoint string, m subscription.Message) {
	b.putBody(endpoint, m.ContentType, bytes.Clone(m.Body))
}

func (b *mailbox) putBody(endpoint, contentType string, body []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.boxes[endpoint] = append(b.boxes[endpoint], channeltest.Receipt{ContentType: contentType, Body: body})
}

func (b *mailbox) count(endpoint string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.boxes[endpoint])
}

func behavior(t subscription.Target) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(t.Endpoint, "mem://hospital.example/"), "/")
	return name
}

var errMailbox = errors.New("mailbox: not taken")

func (b *mailbox) deliver(ctx context.Context, t subscription.Target, m subscription.Message) error {
	if checkMailbox(ctx, t) != nil {
		return subscription.Permanent(errMailbox)
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	name := behavior(t)
	if name != "absent" {
		b.put(t.Endpoint, m)
	}
	return answer(ctx, name)
}

func answer(ctx context.Context, name string) error {
	switch name {
	case "fail":
		return errMailbox
	case "refuse":
		return subscription.Permanent(errMailbox)
	case "leave":
		return subscription.Gone(errMailbox)
	case "defer":
		return subscription.RetryAfter(errMailbox, 97*time.Second)
	case "absent":
		return subscription.NotConnected()
	case "hang":
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// harness tests a mailbox that is broken by apply.
func harness(apply func(t testing.TB, b *mailbox)) channeltest.Harness {
	endpoint := func(name string) func(testing.TB, subscription.Channel) channeltest.Endpoint {
		return func(_ testing.TB, c subscription.Channel) channeltest.Endpoint {
			b := c.(*mailbox)
			target := subscription.Target{
				Endpoint: "mem://hospital.example/" + name + "/" + channeltest.Canary + "?code=4711",
				Headers:  []string{"Authorization: Bearer hunter2"}, ContentType: "application/fhir+json; fhirVersion=4.0",
			}
			return channeltest.Endpoint{Target: target, Received: func() []channeltest.Receipt {
				b.mu.Lock()
				defer b.mu.Unlock()
				return b.boxes[target.Endpoint]
			}}
		}
	}
	return channeltest.Harness{
		New: func(t testing.TB) subscription.Channel {
			b := newMailbox()
			apply(t, b)
			return b
		},
		Accepts: endpoint("accept"), Fails: endpoint("fail"), Refuses: endpoint("refuse"), Leaves: endpoint("leave"),
		Absent: endpoint("absent"), Hangs: endpoint("hang"),
		Defers: func(t testing.TB, c subscription.Channel, _ time.Duration) channeltest.Endpoint {
			return endpoint("defer")(t, c)
		},
		Unusable: []subscription.Target{{Endpoint: "https://hospital.example/" + channeltest.Canary}, {}},
		Bubble:   bubble,
	}
}

// bubble also runs what a recorder watches.
func bubble(t testing.TB, f func(testing.TB)) {
	if r, ok := t.(*suitetest.Recorder); ok {
		synctest.Test(r.TB.(*testing.T), func(t *testing.T) {
			if inside := suitetest.Try(t, f); inside.Failed() {
				r.Fail()
			}
		})
		return
	}
	synctest.Test(t.(*testing.T), func(t *testing.T) { f(t) })
}
