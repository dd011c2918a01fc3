package egress

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// Send makes one POST of m.Body to t.Endpoint with the Subscription's headers and
// m.ContentType. It returns nil for any 2xx, whatever the body; Gone for a 410;
// RetryAfter for a 429 or 503 that says how long to wait; Permanent for 400, 401,
// 403, 404, 405, 413, 415, 422 and 501, and for a Target that Check would refuse; and
// for everything else, redirects included, an error that counts as transient.
//
// If Config's functions fail, or no access token is to be had, nothing is sent, and
// the error is transient; it is permanent if the token endpoint refuses the client.
// A 401 to an access token that was kept from an earlier attempt is answered by one
// more POST with a new token.
//
// A StatusError, ErrBlocked, context.DeadlineExceeded or context.Canceled can be
// found in the error with errors.As and errors.Is. It holds nothing of the endpoint
// or its answer.
//
// The transport may go on reading m.Body for a while after Send has returned: nobody may
// write to it any more.
//
// Failure policy: an attempt whose connection breaks before the answer fails, though
// the endpoint may have taken the message; the engine sends it again after its wait.
func (s *Sender) Send(ctx context.Context, t subscription.Target, m subscription.Message) error {
	return s.Ask(ctx, t, m, nil)
}

// Put is Send by PUT: the endpoint is where the resource is that m.Body replaces.
func (s *Sender) Put(ctx context.Context, t subscription.Target, m subscription.Message) error {
	return s.request(ctx, http.MethodPut, t, m, nil)
}

// Ask is Send for endpoints who say in the body what became of the message: for a 2xx
// it returns what understand makes of the answer, which it asks to be JSON. An answer
// that breaks off or is longer than 64 KiB is a transient error, since what it says
// isn't known. understand must not keep the Answer, and its error must hold nothing of
// it.
func (s *Sender) Ask(ctx context.Context, t subscription.Target, m subscription.Message, understand func(Answer) error) error {
	return s.request(ctx, http.MethodPost, t, m, understand)
}

func (s *Sender) request(ctx context.Context, method string, t subscription.Target, m subscription.Message, understand func(Answer) error) error {
	to, ok := s.known(t.Endpoint)
	if !ok {
		return subscription.Permanent(errTarget)
	}
	contentType := m.ContentType
	if contentType == "" {
		contentType = defaultPayload
	}
	if checkPayload(contentType) != "" {
		return subscription.Permanent(errTarget)
	}
	timeout := t.Timeout
	if timeout <= 0 {
		timeout = s.config.Timeout
	}
	if until, ok := ctx.Deadline(); !ok || time.Until(until) > timeout { // the engine has seen to it
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	if err := ctx.Err(); err != nil {
		return classify(err)
	}

	d := &delivery{method: method, endpoint: to.url, host: to.host, id: m.ID, understand: understand}
	var err error
	if d.credentials, err = s.credentials(ctx, t.Tenant, d.host); err != nil {
		return err
	}
	d.header = make(http.Header, len(t.Headers)+3)
	d.header["User-Agent"] = userAgent
	if index, _ := addHeaders(d.header, t.Headers, secrets{ctx, s, t.Tenant, d.host}, d.credentials.OAuth != nil); index >= 0 {
		if strings.Contains(t.Headers[index], secretOpens) {
			return errCredentials // the secret may be back
		}
		return subscription.Permanent(errTarget)
	}
	switch {
	case len(m.Body) == 0:
	case contentType == defaultPayload:
		d.header["Content-Type"] = fhirJSON
	default:
		d.header["Content-Type"] = []string{contentType}
	}
	if understand != nil && d.header["Accept"] == nil {
		d.header["Accept"] = []string{defaultPayload}
	}
	d.tenant = s.tenant(t.Tenant, time.Now())
	d.tenant.begin()
	defer d.tenant.end()
	d.body = m.Body
	return d.send(ctx)
}

// delivery is one Send.
type delivery struct {
	tenant      *tenant
	method      string
	endpoint    *url.URL
	host        string
	header      http.Header
	credentials Credentials
	id          string
	body        []byte
	understand  func(Answer) error
}

func (d *delivery) send(ctx context.Context) error {
	o := d.credentials.OAuth
	if o == nil {
		return d.attempt(ctx)
	}
	slot := d.tenant.slot(tokenKey{d.host, o.TokenURL, o.ClientID, o.Scope})
	for again := false; ; again = true {
		token, fresh, err := d.tenant.token(ctx, slot, o)
		if err != nil {
			return err
		}
		d.header = d.header.Clone() // the transport may go on reading the last one, too
		d.header["Authorization"] = []string{"Bearer " + token}
		err = d.attempt(ctx)
		if status := StatusError(0); !errors.As(err, &status) || status != http.StatusUnauthorized {
			return err
		}
		slot.drop(token)
		if fresh || again {
			return err
		}
	}
}

func (d *delivery) attempt(ctx context.Context) error {
	if err := sign(d.header, d.credentials.SigningKeys, d.id, time.Now(), d.body); err != nil {
		return err
	}
	response, err := d.tenant.request(ctx, d.method, d.endpoint, d.header, d.body)
	if err != nil {
		return err
	}
	defer drain(response.Body)
	if err := outcome(response, time.Now()); err != nil || d.understand == nil {
		return err
	}
	body, err := readAll(response.Body)
	if err != nil {
		return err
	}
	return d.understand(Answer{response.StatusCode, response.Header.Get("Content-Type"), body})
}

// request makes one request over the tenant's connections. Its error may be logged.
func (t *tenant) request(ctx context.Context, method string, endpoint *url.URL, header http.Header, content []byte) (*http.Response, error) {
	x := new(exchange)
	x.body.Reset(content)
	request := (&http.Request{
		Method: method, URL: endpoint, Host: endpoint.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		// A bytes.Reader, since anything else costs a packet of its own.
		Body: io.NopCloser(&x.body), ContentLength: int64(len(content)),
	}).WithContext(x.watch(ctx))
	if len(content) == 0 {
		request.Body = http.NoBody // else it would be sent in chunks, none of them
	} else if !resendable(header) {
		// With GetBody, the transport takes another connection if one that it had kept
		// proves to be closed before anything of the request was written, or an HTTP/2
		// server says that it did not look at it.
		request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	}
	response, err := t.transport.RoundTrip(request)
	if err != nil {
		return nil, classify(err)
	}
	// Failure policy: what is answered when the time is over counts for nothing. The
	// transport may still return it, and servers answer 200 to who has hung up.
	if err := ctx.Err(); err != nil {
		_ = response.Body.Close()
		return nil, classify(err)
	}
	return response, nil
}

// Values of headers that most requests have; nobody writes to them.
var (
	userAgent = []string{"Carillon"}
	fhirJSON  = []string{defaultPayload}
)

// resendable reports whether the transport takes one of the Subscription's headers
// for leave to send the request a second time.
func resendable(header http.Header) bool {
	return header["Idempotency-Key"] != nil || header["X-Idempotency-Key"] != nil
}

// outcome is what the response means to the engine.
func outcome(response *http.Response, now time.Time) error {
	status := StatusError(response.StatusCode)
	if 200 <= status && status <= 299 {
		return nil
	}
	switch status {
	case http.StatusGone:
		return subscription.Gone(status)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if wait := retryAfter(response.Header.Get("Retry-After"), now); wait > 0 {
			return subscription.RetryAfter(status, wait)
		}
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity, http.StatusNotImplemented:
		return subscription.Permanent(status)
	}
	return status
}
