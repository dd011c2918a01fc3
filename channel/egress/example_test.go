package egress_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"

	"github.com/carillon-fhir/carillon/channel/egress"
	"github.com/carillon-fhir/carillon/subscription"
)

// Chat tells a chat room that there is something to fetch.
type Chat struct{ sender *egress.Sender }

func (c *Chat) Type() string { return "https://example.org/channels|chat" }

func (c *Chat) Check(ctx context.Context, t subscription.Target) error { return c.sender.Check(ctx, t) }

func (c *Chat) Send(ctx context.Context, t subscription.Target, m subscription.Message) error {
	m.ContentType, m.Body = "application/json", []byte(`{"text":"There is news for you."}`)
	if err := c.sender.Send(ctx, t, m); err != nil {
		return fmt.Errorf("chat: %w", err)
	}
	return nil
}

func Example() {
	room := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(r.Header.Get("Authorization"), string(body))
		w.WriteHeader(http.StatusTeapot)
	}))
	defer room.Close()

	chat := &Chat{egress.New(egress.Config{InsecureAllowHTTP: true, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})}
	defer func() { _ = chat.sender.Close() }()
	target := subscription.Target{Endpoint: room.URL, Headers: []string{"Authorization: Bearer a"}}
	fmt.Println(chat.Check(context.Background(), target))
	fmt.Println(chat.Send(context.Background(), target, subscription.Message{}))
	// Output:
	// <nil>
	// Bearer a {"text":"There is news for you."}
	// chat: status 418
}

// An endpoint may say in the body that it took nothing, though the status is 200.
func ExampleSender_Ask() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"accepted":false}`))
	}))
	defer endpoint.Close()

	sender := egress.New(egress.Config{InsecureAllowHTTP: true, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	defer func() { _ = sender.Close() }()
	err := sender.Ask(context.Background(), subscription.Target{Endpoint: endpoint.URL}, subscription.Message{}, func(a egress.Answer) error {
		if !strings.Contains(string(a.Body), "true") {
			return subscription.Permanent(fmt.Errorf("not accepted, with status %d", a.Status))
		}
		return nil
	})
	fmt.Println(err)
	// Output: not accepted, with status 200
}
