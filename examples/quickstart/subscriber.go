package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// subscriber is an endpoint that tells what it receives.
type subscriber struct {
	url string
	web *http.Server
	raw bool

	mu         sync.Mutex
	out        io.Writer
	changed    chan struct{}
	written    map[string]time.Time // when a write of a resource began
	handshakes int
	numbers    []int64
	latencies  []time.Duration
}

func listen(out io.Writer, raw bool) (*subscriber, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &subscriber{
		url: "http://" + listener.Addr().String() + "/notifications", raw: raw, out: out,
		changed: make(chan struct{}, 1), written: map[string]time.Time{},
	}
	s.web = &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.web.Serve(listener) }()
	return s, nil
}

func (s *subscriber) close() { _ = s.web.Close() }

// ServeHTTP takes a notification; any success tells the server that it arrived.
func (s *subscriber) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	n, err := notification.Parse(body)
	if err != nil {
		http.Error(w, "this is no notification", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell(n, arrived)
	if s.raw {
		var pretty bytes.Buffer
		if json.Indent(&pretty, body, "   ", "  ") == nil {
			fmt.Fprintf(s.out, "   %s\n", pretty.Bytes())
		}
	}
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// tell puts a notification into words.
func (s *subscriber) tell(n *notification.Notification, arrived time.Time) {
	if n.Type == notification.Handshake {
		s.handshakes++
		fmt.Fprintf(s.out, "   <- handshake, status %s, %d events so far; the endpoint answers 200\n", n.Status, n.EventsSinceSubscriptionStart)
	}
	for _, e := range n.Events {
		parts := strings.Split(e.Focus.FullURL, "/")
		focus := strings.Join(parts[len(parts)-2:], "/")
		latency := arrived.Sub(s.written[focus])
		fmt.Fprintf(s.out, "   <- event %d: %s %s, %s after the write began\n", e.Number, focus, value(e.Focus.Resource), latency.Round(100*time.Microsecond))
		s.numbers = append(s.numbers, e.Number)
		s.latencies = append(s.latencies, latency)
	}
}

// value reads what a result says.
func value(resource []byte) string {
	var o struct {
		Status        string
		ValueQuantity struct {
			Value json.Number
			Unit  string
		}
	}
	if json.Unmarshal(resource, &o) != nil {
		return ""
	}
	return fmt.Sprintf("(%s %s, %s)", o.ValueQuantity.Value, o.ValueQuantity.Unit, o.Status)
}

// writes notes that a resource is about to be written.
func (s *subscriber) writes(reference, words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written[reference] = time.Now()
	fmt.Fprintf(s.out, "   -> PUT %s %s\n", reference, words)
}

// count returns how many events have arrived.
func (s *subscriber) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.numbers)
}

// verified reports whether a handshake has arrived.
func (s *subscriber) verified() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handshakes > 0
}

// await waits until what arrived makes done true.
func (s *subscriber) await(ctx context.Context, done func() bool) error {
	for !done() {
		select {
		case <-s.changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for notifications: %w", ctx.Err())
		}
	}
	return nil
}

// summary is the last line; it is an error if a number is missing or came twice.
func (s *subscriber) summary(took time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, n := range s.numbers {
		if n != int64(i+1) {
			return fmt.Errorf("the numbers are %v", s.numbers)
		}
	}
	fastest := slices.Min(s.latencies)
	fmt.Fprintf(s.out, "\n%d results above 1.0 mg/dL, %d notifications, numbers 1 to %d without a gap, over a restart; the fastest took %s. Done in %s.\n",
		len(above), len(s.numbers), len(s.numbers), fastest.Round(100*time.Microsecond), took.Round(100*time.Millisecond))
	return nil
}
