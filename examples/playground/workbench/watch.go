package workbench

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/examples/playground/remote"
	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/notification/receiver"
)

// Subscription is one that is watched.
type Subscription struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"` // of its topic, or its criteria
	Channel  string   `json:"channel"`
	Endpoint string   `json:"endpoint,omitempty"`
	Status   string   `json:"status"`
	Count    int64    `json:"count"` // events since its start, as the server counts
	Errors   []string `json:"errors,omitempty"`
	History  []Change `json:"history"`
}

// Change is a status that a Subscription came to have.
type Change struct {
	At     time.Time `json:"at"`
	Status string    `json:"status"`
}

const (
	lookAfter     = 500 * time.Millisecond
	lookElsewhere = 2 * time.Second // at another's server
	lookTimeout   = 10 * time.Second
	gone          = "deleted"
	maxHistory    = 50
	maxWatched    = 100
)

// subscription is as much of the resource as is shown, of all releases.
type subscription struct {
	ResourceType string `json:"resourceType"`
	ID           string `json:"id"`
	Status       string `json:"status"`
	Criteria     string `json:"criteria"`
	Topic        string `json:"topic"`
	Channel      struct{ Type, Endpoint string }
	ChannelType  struct{ Code string }
	Endpoint     string `json:"endpoint"`
	Error        string `json:"error"`
}

// follow begins to watch, or takes the newest of, a Subscription as the server has it.
func (b *Workbench) follow(server *remote.Server, resource []byte) {
	var s subscription
	if json.Unmarshal(resource, &s) != nil || s.ResourceType != "Subscription" || !fhirpath.IsID(s.ID) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.server != server {
		return
	}
	known := b.known(s.ID)
	if known == nil {
		if len(b.subscriptions) >= maxWatched {
			b.subscriptions = b.subscriptions[1:]
		}
		known = &Subscription{ID: s.ID}
		b.subscriptions = append(b.subscriptions, known)
	}
	known.Title, known.Channel, known.Endpoint = s.Topic+s.Criteria, s.Channel.Type+s.ChannelType.Code, s.Channel.Endpoint+s.Endpoint
	b.become(known, s.Status, known.Count, problems(s.Error), true)
	b.look()
}

func problems(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// become takes over how a Subscription is, and tells if that is news. b.mu is held.
func (b *Workbench) become(s *Subscription, status string, count int64, errs []string, news bool) {
	if status != s.Status {
		news = true
		s.History = append(s.History, Change{time.Now(), status})
		if len(s.History) > maxHistory {
			s.History = s.History[1:]
		}
	}
	if news || count != s.Count || !slices.Equal(errs, s.Errors) {
		s.Status, s.Count, s.Errors = status, count, errs
		b.cfg.Feed.Add("subscription", s)
	}
}

// forget ends watching a Subscription that is deleted.
func (b *Workbench) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.known(id); s != nil {
		b.become(s, gone, s.Count, nil, true)
		b.subscriptions = slices.DeleteFunc(b.subscriptions, func(s *Subscription) bool { return s.ID == id })
	}
}

// look has watch look at once.
func (b *Workbench) look() {
	select {
	case b.viewed <- struct{}{}:
	default:
	}
}

// watch looks at all Subscriptions, again and again while a page is open, until Close.
func (b *Workbench) watch() {
	next := time.NewTimer(lookAfter)
	defer next.Stop()
	for {
		select {
		case <-b.ctx.Done():
			return
		case <-next.C:
		case <-b.viewed:
		}
		next.Reset(b.lookAtAll())
	}
}

// lookAtAll returns when to look again.
func (b *Workbench) lookAtAll() time.Duration {
	b.mu.Lock()
	server, ids, after := b.server, []string(nil), lookAfter
	if b.viewers > 0 {
		for _, s := range b.subscriptions {
			ids = append(ids, s.ID)
		}
	}
	if server.BaseURL() != b.cfg.BuiltIn {
		after = lookElsewhere
	}
	b.mu.Unlock()
	source, err := receiver.NewServer(receiver.ServerConfig{BaseURL: server.BaseURL(), Client: server.HTTPClient()})
	if err != nil {
		return after // a base that package remote takes, and package receiver does not
	}
	for _, id := range ids {
		b.lookAt(server, source, id)
	}
	return after
}

// lookAt asks how one Subscription is: by $status, or where a server has none, by reading it.
func (b *Workbench) lookAt(server *remote.Server, source receiver.Source, id string) {
	ctx, cancel := context.WithTimeout(b.ctx, lookTimeout)
	defer cancel()
	n, err := source.Status(ctx, id)
	if errors.Is(err, receiver.ErrRefused) {
		n, err = readStatus(ctx, server, id)
	}
	if err != nil {
		return // it is asked again
	}
	if n == nil {
		b.forget(id)
		return
	}
	var errs []string
	for _, coding := range n.Errors {
		errs = append(errs, coding.Code)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.known(id); s != nil && b.server == server {
		b.become(s, n.Status, max(n.EventsSinceSubscriptionStart, s.Count), errs, false)
	}
}

// readStatus reads a Subscription; nil: there is none any more.
func readStatus(ctx context.Context, server *remote.Server, id string) (*notification.Notification, error) {
	resp, err := server.Get(ctx, "Subscription/"+id, url.Values{})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone {
		return nil, nil
	}
	var s subscription
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil || resp.StatusCode != http.StatusOK {
		return nil, errors.New("workbench: a Subscription can't be read")
	}
	return &notification.Notification{Status: s.Status}, nil
}
