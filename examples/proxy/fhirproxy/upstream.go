package fhirproxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// upstream is the server behind the proxy.
type upstream struct {
	base          *url.URL
	public        string // the proxy's own base: references may begin with it
	client        *http.Client
	authorization string

	ahead atomic.Int64 // of our clock, in nanoseconds
}

func newUpstream(c Config) (*upstream, error) {
	base, err := url.Parse(c.Upstream)
	return &upstream{
		base: base, public: c.BaseURL, authorization: c.Authorization,
		client: &http.Client{
			Transport: c.Transport, Timeout: time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, err
}

// at is the URL of an escaped path below the base.
func (u *upstream) at(path string) *url.URL {
	out := *u.base
	out.RawPath = u.base.EscapedPath() + path
	if decoded, err := url.PathUnescape(out.RawPath); err == nil {
		out.Path = decoded
	}
	return &out
}

// reader reads from the upstream in somebody's name.
type reader struct {
	*upstream
	header http.Header
}

// self reads as the proxy itself.
func (u *upstream) self() reader {
	h := http.Header{}
	if u.authorization != "" {
		h.Set("Authorization", u.authorization)
	}
	return reader{u, h}
}

// notForReads are headers of a request that say nothing about who sends it.
var notForReads = []string{
	"Accept", "Accept-Charset", "Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Expect", "If-Match",
	"If-Modified-Since", "If-None-Exist", "If-None-Match", "If-Unmodified-Since", "Keep-Alive", "Prefer", "Proxy-Connection", "Range", "Te",
	"Trailer", "Transfer-Encoding", "Upgrade", "X-Http-Method-Override",
}

// as reads for a request: as the proxy itself if it has credentials, else with the
// request's own headers.
func (u *upstream) as(h http.Header) reader {
	if u.authorization != "" {
		return u.self()
	}
	return u.like(h)
}

// like reads with a request's own headers.
func (u *upstream) like(h http.Header) reader {
	h = h.Clone()
	for _, name := range notForReads {
		h.Del(name)
	}
	return reader{u, h}
}

// statusError is an answer that is no success.
type statusError int

func (s statusError) Error() string {
	return fmt.Sprintf("fhirproxy: the upstream answered %d", int(s))
}

var errUpstream = errors.New("fhirproxy: the upstream did not answer, or not with JSON")

// refused reports whether the upstream answered and will not answer otherwise soon.
func refused(err error) bool {
	var status statusError
	return errors.As(err, &status) && status >= 400 && status < 500 &&
		status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
}

// absent reports whether the upstream said that there is no such resource (any more).
func absent(err error) bool {
	return errors.Is(err, statusError(http.StatusNotFound)) || errors.Is(err, statusError(http.StatusGone))
}

// largest is the most that is read of an answer.
const largest = 256 << 20

// get reads what is at a path and query below the base, such as "Patient/1".
func (r reader) get(ctx context.Context, place string) (*fhirpath.Doc, error) {
	path, query, _ := strings.Cut(place, "?")
	return r.follow(ctx, &url.URL{Scheme: r.base.Scheme, Host: r.base.Host, Path: r.at("/" + path).Path, RawPath: r.at("/" + path).RawPath, RawQuery: query})
}

func (r reader) follow(ctx context.Context, at *url.URL) (*fhirpath.Doc, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, errUpstream
	}
	request.Header = r.header.Clone()
	request.Header.Set("Accept", "application/fhir+json")
	request.Header.Set("Cache-Control", "no-cache")
	response, err := r.client.Do(request)
	if err != nil { // its text holds the URL
		return nil, errors.Join(errUpstream, ctx.Err())
	}
	defer response.Body.Close()
	r.noteClock(response.Header)
	body, err := io.ReadAll(io.LimitReader(response.Body, largest))
	if err != nil {
		return nil, errUpstream
	}
	if response.StatusCode != http.StatusOK {
		return nil, statusError(response.StatusCode)
	}
	doc, err := fhirpath.Parse(body)
	if err != nil {
		return nil, errUpstream
	}
	return doc, nil
}

// noteClock notes how far the upstream's clock is ahead. Its header has whole seconds.
func (u *upstream) noteClock(h http.Header) {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		u.ahead.Store(int64(time.Until(at)))
	}
}

// now is the upstream's time, or a little before it: what it writes from now on is not
// older.
func (u *upstream) now() time.Time {
	return time.Now().Add(time.Duration(u.ahead.Load()) - 2*time.Second)
}

// errPages: what follows can't be read, and to go on without it would lose changes.
var errPages = errors.New("fhirproxy: the upstream's pages lie under another base than Upstream; is that its own name for itself?")

// next returns where the next page of a Bundle is; nil on the last. Whatever host the link
// names, by which others may know the upstream, the page is read from the upstream itself:
// the reader's credentials are for nobody else.
func (u *upstream) next(bundle fhirpath.Node) (*url.URL, error) {
	for link := range bundle.Get("link").Elements() {
		if !link.Get("relation").Is("next") {
			continue
		}
		text := link.Get("url").Text()
		if rest, ok := strings.CutPrefix(text, u.public); ok && (rest == "" || rest[0] == '/' || rest[0] == '?') {
			path, query, _ := strings.Cut(rest, "?")
			at := u.at(path)
			at.RawQuery = query
			return at, nil
		}
		at, err := url.Parse(text)
		if err != nil {
			return nil, errPages
		}
		at = u.at("/").ResolveReference(at)
		at.Scheme, at.Host, at.User = u.base.Scheme, u.base.Host, nil
		if !strings.HasPrefix(at.EscapedPath()+"/", u.base.EscapedPath()+"/") {
			return nil, errPages
		}
		return at, nil
	}
	return nil, nil
}
