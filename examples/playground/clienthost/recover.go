package clienthost

import (
	"context"
	"time"

	"github.com/carillon-fhir/carillon/notification/receiver"
)

// Recover asks source for events that an endpoint has missed, by $events, and takes them
// as if they had arrived there. It returns how many came.
func (h *Host) Recover(ctx context.Context, key string, source receiver.Source, subscription string, r Range) (int, error) {
	h.mu.Lock()
	e := h.endpoints[key]
	h.mu.Unlock()
	if e == nil {
		return 0, ErrUnknown
	}
	n, err := source.Events(ctx, subscription, r.First, r.Last)
	if err != nil {
		return 0, err
	}
	a := Arrival{At: time.Now(), Endpoint: key, Channel: e.Channel, Taken: true, Answer: "asked for by $events"}
	a.decode(n)
	a.Subscription = subscription
	h.record(a, n)
	return len(n.Events), nil
}
