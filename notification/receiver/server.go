package receiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
)

// ServerConfig says how to reach the FHIR server that sends the notifications.
type ServerConfig struct {
	BaseURL string // required: its FHIR base, such as https://fhir.example.org/r4

	// Client makes the requests and sees to what the server wants of them, such as a token;
	// nil: one without any, which waits for an answer for 30 seconds. It should not follow
	// redirects to where its credentials must not go.
	Client *http.Client

	// Content is asked of $events: a level, or "" for the subscription's own.
	Content notification.Content

	MaxBytes int // largest answer taken; default 64 MB
}

// Server is the Source that asks the FHIR server itself, by $events and $status.
type Server struct{ cfg ServerConfig }

// NewServer checks the configuration; it contacts nobody.
func NewServer(cfg ServerConfig) (*Server, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("receiver: ServerConfig.BaseURL must be an absolute http or https URL without query")
	}
	cfg.BaseURL = strings.TrimRight(cfg.BaseURL, "/")
	if cfg.Client == nil {
		cfg.Client = &http.Client{
			Timeout:       30 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 64 << 20
	}
	return &Server{cfg}, nil
}

// Events implements Source.
func (s *Server) Events(ctx context.Context, id string, first, last int64) (*notification.Notification, error) {
	query := url.Values{
		"eventsSinceNumber": {strconv.FormatInt(first, 10)},
		"eventsUntilNumber": {strconv.FormatInt(last, 10)},
	}
	if s.cfg.Content != "" {
		query.Set("content", string(s.cfg.Content))
	}
	return s.ask(ctx, id, "$events?"+query.Encode())
}

// Status implements Source.
func (s *Server) Status(ctx context.Context, id string) (*notification.Notification, error) {
	return s.ask(ctx, id, "$status")
}

// ask makes a request about a Subscription. What the error says is not the server's text.
func (s *Server) ask(ctx context.Context, id, operation string) (*notification.Notification, error) {
	if !fhirpath.IsID(id) {
		return nil, ErrRefused
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.cfg.BaseURL+"/Subscription/"+id+"/"+operation, nil)
	if err != nil {
		return nil, errors.New("receiver: the request can't be made")
	}
	req.Header.Set("Accept", "application/fhir+json")
	resp, err := s.cfg.Client.Do(req)
	if err != nil {
		var withURL *url.Error
		if errors.As(err, &withURL) { // it names the resource
			err = withURL.Err
		}
		return nil, fmt.Errorf("receiver: the server does not answer: %w", err)
	}
	defer resp.Body.Close()
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code == http.StatusUnauthorized, code >= 500 && code != http.StatusNotImplemented:
		return nil, fmt.Errorf("receiver: the server answers with status %d", code)
	default:
		return nil, fmt.Errorf("%w: status %d", ErrRefused, code)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(s.cfg.MaxBytes)+1))
	switch {
	case err != nil:
		return nil, errors.New("receiver: the server's answer did not arrive whole")
	case len(body) > s.cfg.MaxBytes:
		return nil, fmt.Errorf("%w: its answer is too large", ErrRefused)
	}
	list, err := notification.ParseAll(body)
	if err != nil {
		return nil, fmt.Errorf("receiver: the server's answer can't be read: %w", err)
	}
	for _, n := range list { // some servers answer for others, too
		if subscriptionID(n.Subscription) == id {
			return n, nil
		}
	}
	return nil, errors.New("receiver: the server's answer is not about the subscription")
}
