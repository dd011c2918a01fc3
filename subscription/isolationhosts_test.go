package subscription_test

import (
	"context"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

func endpoint(host string) func(map[string]any) {
	return func(s map[string]any) { s["channel"].(map[string]any)["endpoint"] = "https://" + host + "/hook" }
}

// hosts answers for many hosts, each in its own way, and counts.
type hosts struct {
	mu     sync.Mutex
	under  map[string]int // attempts under way
	most   map[string]int
	events map[string][]time.Time // when attempts to send events began
	answer map[string]func(ctx context.Context, a attempt) error
}

func newHosts() *hosts {
	return &hosts{under: map[string]int{}, most: map[string]int{}, events: map[string][]time.Time{}, answer: map[string]func(context.Context, attempt) error{}}
}

func (h *hosts) respond(ctx context.Context, _ int, a attempt) error {
	u, _ := url.Parse(a.target.Endpoint)
	h.mu.Lock()
	h.under[u.Host]++
	h.most[u.Host] = max(h.most[u.Host], h.under[u.Host])
	if a.Type == notification.EventNotification {
		h.events[u.Host] = append(h.events[u.Host], time.Now())
	}
	answer := h.answer[u.Host]
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		h.under[u.Host]--
		h.mu.Unlock()
	}()
	if answer != nil && a.Type != notification.Handshake {
		return answer(ctx, a)
	}
	time.Sleep(10 * time.Millisecond)
	return nil
}

func (h *hosts) set(host string, answer func(context.Context, attempt) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer[host] = answer
}

// all returns how many attempts are under way.
func (h *hosts) all() (n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, under := range h.under {
		n += int64(under)
	}
	return n
}

func (h *hosts) began(host string) []time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.events[host])
}

func hangs(ctx context.Context, _ attempt) error {
	<-ctx.Done()
	return ctx.Err()
}
