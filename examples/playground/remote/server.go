package remote

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/examples/playground/feed"
)

// Bounds.
const (
	answerTime = 30 * time.Second
	maxAnswer  = 16 << 20 // bytes
	maxLog     = 500      // requests remembered
	maxKept    = 32 << 20 // bytes of their bodies
)

// Config says which server it is.
type Config struct {
	BaseURL       string    // required: its FHIR base
	Authorization string    // value of the header Authorization; kept in memory, shown to nobody
	Feed          *feed.Log // required: gets an entry request for each that is remembered
}

// Server is a FHIR server. All methods may be called at the same time. Make one with New.
type Server struct {
	base          string
	authorization string
	feed          *feed.Log
	http          *http.Client

	mu   sync.Mutex
	log  []Exchange
	kept int
	next int64
}

// ErrBase says that a URL can't be a FHIR base.
var ErrBase = errors.New("remote: the base must be an absolute http or https URL without user, query and fragment")

// New checks the configuration; it contacts nobody.
func New(cfg Config) (*Server, error) {
	base, err := url.Parse(strings.TrimSpace(cfg.BaseURL))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, ErrBase
	}
	if strings.ContainsAny(cfg.Authorization, "\r\n\x00") {
		return nil, errors.New("remote: Authorization must be one line")
	}
	return &Server{
		base: strings.TrimRight(base.String(), "/"), authorization: cfg.Authorization, feed: cfg.Feed,
		http: &http.Client{
			Timeout: answerTime,
			// A redirect could lead the authorization, or what is written, elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// BaseURL returns the FHIR base, without a slash at its end.
func (s *Server) BaseURL() string { return s.base }

// HTTPClient returns what adds the authorization to requests below the base, for packages
// that make requests of their own. Those are not remembered.
func (s *Server) HTTPClient() *http.Client {
	client := *s.http
	client.Transport = authorizing{s}
	return &client
}

type authorizing struct{ server *Server }

// RoundTrip implements http.RoundTripper.
func (a authorizing) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.server.authorization != "" && strings.HasPrefix(r.URL.String(), a.server.base+"/") {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", a.server.authorization)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Get makes a request that is not remembered. The caller closes the body, which ends after
// 16 MB, whatever the server goes on to send.
func (s *Server) Get(ctx context.Context, path string, query url.Values) (*http.Response, error) {
	req, err := s.request(ctx, Request{Method: http.MethodGet, Path: path + "?" + query.Encode()})
	if err != nil {
		return nil, err
	}
	resp, err := s.HTTPClient().Do(req)
	if err == nil {
		resp.Body = bounded{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}

// bounded is a body that ends.
type bounded struct {
	io.Reader
	io.Closer
}

// Request is one to be made.
type Request struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"` // relative to the base, with its query
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	Why     string            `json:"why,omitempty"` // what for, in words, as a comment of the export
}

// headers are those that a Request may have.
var headers = map[string]bool{"Accept": true, "Content-Type": true, "Prefer": true, "If-Match": true, "If-None-Match": true, "If-None-Exist": true}

// ErrRequest says that a request may not be made.
var ErrRequest = errors.New("remote: the method must be GET, POST, PUT, PATCH or DELETE, the path relative to the base, and the headers those of FHIR's REST API")

func (s *Server) request(ctx context.Context, r Request) (*http.Request, error) {
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return nil, ErrRequest
	}
	path, _, _ := strings.Cut(r.Path, "?")
	target, err := url.Parse(s.base + "/" + r.Path)
	if err != nil || strings.HasPrefix(path, "/") || strings.ContainsAny(path, "\\#") || strings.Contains(path, "//") || target.Fragment != "" {
		return nil, ErrRequest
	}
	for segment := range strings.SplitSeq(target.Path, "/") { // decoded
		if segment == ".." || segment == "." {
			return nil, ErrRequest
		}
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, strings.TrimSuffix(target.String(), "/"), strings.NewReader(r.Body))
	if err != nil {
		return nil, ErrRequest
	}
	req.Header.Set("Accept", "application/fhir+json")
	if r.Body != "" {
		req.Header.Set("Content-Type", "application/fhir+json")
	}
	for name, value := range r.Headers {
		if name = http.CanonicalHeaderKey(name); !headers[name] || strings.ContainsAny(value, "\r\n\x00") {
			return nil, ErrRequest
		}
		req.Header.Set(name, value)
	}
	return req, nil
}

// Exchange is a request that was made, and its answer.
type Exchange struct {
	ID int64     `json:"id"`
	At time.Time `json:"at"`
	Request
	Status  int               `json:"status"` // 0: there was no answer
	Millis  int64             `json:"millis"`
	Headers map[string]string `json:"answerHeaders,omitempty"`
	Answer  string            `json:"answer,omitempty"`
	Error   string            `json:"error,omitempty"`
}

// Do makes a request and remembers it. That a server refuses, or does not answer, is no
// error but in the Exchange.
func (s *Server) Do(ctx context.Context, r Request) (Exchange, error) {
	req, err := s.request(ctx, r)
	if err != nil {
		return Exchange{}, err
	}
	e := Exchange{At: time.Now(), Request: r}
	resp, err := s.HTTPClient().Do(req)
	if err == nil {
		defer resp.Body.Close()
		var body []byte
		body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		e.Status, e.Answer, e.Headers = resp.StatusCode, string(body), map[string]string{}
		for _, name := range []string{"Content-Type", "Location", "ETag", "Last-Modified", "Retry-After"} {
			if value := resp.Header.Get(name); value != "" {
				e.Headers[name] = value
			}
		}
	}
	e.Millis = time.Since(e.At).Milliseconds()
	if err != nil {
		e.Error = "the server does not answer"
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			e.Error = "the server did not answer in time"
		}
	}
	return s.remember(e), nil
}

func (s *Server) remember(e Exchange) Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	e.ID = s.next
	s.log = append(s.log, e)
	s.kept += len(e.Body) + len(e.Answer)
	for len(s.log) > maxLog || s.kept > maxKept && len(s.log) > 1 {
		s.kept -= len(s.log[0].Body) + len(s.log[0].Answer)
		s.log = s.log[1:]
	}
	s.feed.Add("request", e)
	return e
}

// Exchanges returns those that are remembered, oldest first.
func (s *Server) Exchanges() []Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Exchange{}, s.log...) // never null in JSON
}

// Authorized reports whether requests carry a header Authorization.
func (s *Server) Authorized() bool { return s.authorization != "" }
