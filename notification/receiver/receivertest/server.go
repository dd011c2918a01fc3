// Package receivertest is a FHIR server for the tests of subscribers: it sends the
// notifications that a test asks for, in whatever order, loses and repeats them at will,
// and answers $events and $status.
package receivertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/notification/receiver"
)

// Server keeps the events of subscriptions and sends them to a subscriber in the same
// process. It is a receiver.Source, and an http.Handler that serves $events and $status
// below /fhir. The zero value is not ready: see New. All methods may be called at the
// same time.
type Server struct {
	to      http.Handler
	headers http.Header

	mu    sync.Mutex
	clock time.Time
	logs  map[string]*log
}

// BaseURL is the FHIR base that notifications name.
const BaseURL = "https://fhir.example.org/fhir"

type log struct {
	events []notification.Event // in the order of their numbers
	count  int64
	status string
}

// New returns a server that sends to a subscriber, with the given headers: pairs of name
// and value.
func New(to http.Handler, headers ...string) *Server {
	s := &Server{to: to, headers: http.Header{}, clock: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), logs: map[string]*log{}}
	for i := 0; i+1 < len(headers); i += 2 {
		s.headers.Add(headers[i], headers[i+1])
	}
	return s
}

// Happen gives the next event of a subscription its number without sending it. The
// resource is its focus: a JSON object with resourceType and id.
func (s *Server) Happen(id string, resource json.RawMessage) int64 {
	var focus struct{ ResourceType, ID string }
	if err := json.Unmarshal(resource, &focus); err != nil {
		panic("receivertest: the resource must be a JSON object: " + err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.log(id)
	l.count++
	l.events = append(l.events, notification.Event{
		Number: l.count, Timestamp: s.tick(),
		Focus: notification.Entry{
			FullURL: BaseURL + "/" + focus.ResourceType + "/" + focus.ID, Resource: resource,
			Method: http.MethodPut, URL: focus.ResourceType + "/" + focus.ID,
		},
	})
	return l.count
}

// Send sends the events with the given numbers in one notification and returns the
// status of the answer.
func (s *Server) Send(id string, numbers ...int64) int {
	s.mu.Lock()
	n := s.describe(id, notification.EventNotification)
	n.EventsSinceSubscriptionStart = 0
	for _, number := range numbers {
		for _, e := range s.log(id).events {
			if e.Number == number {
				n.Events = append(n.Events, e)
				n.EventsSinceSubscriptionStart = max(n.EventsSinceSubscriptionStart, number)
			}
		}
	}
	s.mu.Unlock()
	return s.post(n)
}

// Handshake sends one, and returns the status of the answer.
func (s *Server) Handshake(id string) int { return s.tell(id, notification.Handshake) }

// Heartbeat sends one, and returns the status of the answer.
func (s *Server) Heartbeat(id string) int { return s.tell(id, notification.Heartbeat) }

func (s *Server) tell(id string, t notification.Type) int {
	s.mu.Lock()
	n := s.describe(id, t)
	s.mu.Unlock()
	return s.post(n)
}

// SetStatus sets the status that notifications tell: active at first.
func (s *Server) SetStatus(id, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log(id).status = status
}

// Prune forgets the events of a subscription up to a number: $events no longer has them.
func (s *Server) Prune(id string, last int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.log(id)
	for len(l.events) > 0 && l.events[0].Number <= last {
		l.events = l.events[1:]
	}
}

// Reset forgets a subscription: it counts from 0 again.
func (s *Server) Reset(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.logs, id)
}

// page is the most events that one answer of $events holds.
const page = 10

// Events implements receiver.Source.
func (s *Server) Events(_ context.Context, id string, first, last int64) (*notification.Notification, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.logs[id] == nil {
		return nil, receiver.ErrRefused
	}
	n := s.describe(id, notification.QueryEvent)
	for _, e := range s.log(id).events {
		if first <= e.Number && e.Number <= last && len(n.Events) < page {
			n.Events = append(n.Events, e)
		}
	}
	return n, nil
}

// Status implements receiver.Source.
func (s *Server) Status(_ context.Context, id string) (*notification.Notification, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.logs[id] == nil {
		return nil, receiver.ErrRefused
	}
	return s.describe(id, notification.QueryStatus), nil
}

// ServeHTTP serves /fhir/Subscription/[id]/$events and $status by GET.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	parts := strings.Split(strings.TrimPrefix(req.URL.Path, "/fhir/Subscription/"), "/")
	if len(parts) != 2 || req.Method != http.MethodGet {
		http.NotFound(w, req)
		return
	}
	var body []byte
	var err error
	switch parts[1] {
	case "$status":
		var n *notification.Notification
		if n, err = s.Status(req.Context(), parts[0]); err == nil {
			body, err = notification.AppendStatusBundle(nil, fhirpath.R4, BaseURL+req.URL.Path, n.Timestamp, n.ID, []*notification.Notification{n})
		}
	case "$events":
		first, _ := strconv.ParseInt(req.FormValue("eventsSinceNumber"), 10, 64)
		last, _ := strconv.ParseInt(req.FormValue("eventsUntilNumber"), 10, 64)
		var n *notification.Notification
		if n, err = s.Events(req.Context(), parts[0], first, last); err == nil {
			body, err = notification.Append(nil, fhirpath.R4, n)
		}
	default:
		err = receiver.ErrRefused
	}
	if err != nil {
		http.NotFound(w, req)
		return
	}
	w.Header().Set("Content-Type", "application/fhir+json")
	_, _ = w.Write(body)
}

func (s *Server) log(id string) *log {
	if s.logs[id] == nil {
		s.logs[id] = &log{status: "active"}
	}
	return s.logs[id]
}

// tick returns a time later than all before.
func (s *Server) tick() time.Time {
	s.clock = s.clock.Add(time.Millisecond)
	return s.clock
}

func (s *Server) describe(id string, t notification.Type) *notification.Notification {
	l := s.log(id)
	now := s.tick()
	serial := now.UnixMilli() & 0xffffffffffff
	return &notification.Notification{
		ID: fmt.Sprintf("n-%d", serial), StatusID: fmt.Sprintf("00000000-0000-4000-8000-%012x", serial),
		Timestamp: now, Type: t, Content: notification.FullResource,
		Subscription: BaseURL + "/Subscription/" + id, Topic: "https://fhir.example.org/topics/test", Status: l.status,
		EventsSinceSubscriptionStart: l.count,
	}
}

func (s *Server) post(n *notification.Notification) int {
	body, err := notification.Append(nil, fhirpath.R4, n)
	if err != nil {
		panic("receivertest: " + err.Error())
	}
	req := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	for name, values := range s.headers {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	answer := httptest.NewRecorder()
	s.to.ServeHTTP(answer, req)
	return answer.Code
}
