package fhirproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/subscription"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stand is a proxy before an upstream.
type stand struct {
	t     testing.TB
	proxy *Proxy
	web   *httptest.Server
	log   *safeBuffer
}

type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// before starts a proxy before an upstream. It does not run.
func before(t testing.TB, upstream string, edit ...func(*Config)) *stand {
	t.Helper()
	s := &stand{t: t, log: &safeBuffer{}}
	shipped, err := topics.Shipped(subscription.R4)
	require.NoError(t, err)
	s.web = httptest.NewUnstartedServer(nil)
	cfg := Config{Upstream: upstream, Config: host.Config{
		BaseURL: "http://" + s.web.Listener.Addr().String() + "/fhir", Topics: shipped, AllowPrivate: true,
		Store: "sqlite:" + filepath.Join(t.TempDir(), "proxy.db"), Logger: slog.New(slog.NewTextHandler(s.log, nil)),
	}}
	for _, e := range edit {
		e(&cfg)
	}
	s.proxy, err = Open(context.WithoutCancel(t.Context()), cfg)
	require.NoError(t, err)
	s.web.Config.Handler = s.proxy.Handler()
	s.web.Start()
	t.Cleanup(s.close)
	return s
}

func (s *stand) close() {
	s.web.Close()
	require.NoError(s.t, s.proxy.Close())
}

// run runs the proxy until the function that it returns is called.
func (s *stand) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.proxy.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(s.t, <-ended)
	}
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (s *stand) send(method, path, body string, headers ...string) reply {
	s.t.Helper()
	r, err := http.NewRequest(method, s.web.URL+"/fhir"+path, strings.NewReader(body))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/fhir+json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return reply{response.StatusCode, response.Header, string(raw)}
}

// recorded lists the changes that the engine has, such as "update Patient/p 2 by PUT".
func (s *stand) recorded() (list []string) {
	s.t.Helper()
	changes, err := s.proxy.db.Store.ReadChanges(context.Background(), 0, 10_000)
	require.NoError(s.t, err)
	for _, c := range changes {
		if c.Subscription != 0 {
			continue
		}
		doc, err := fhirpath.Parse(c.Resource)
		require.NoError(s.t, err)
		list = append(list, fmt.Sprintf("%s %s/%s %s by %s", c.Interaction, c.ResourceType, c.ResourceID, doc.Root().Get("multipleBirthInteger").Raw(), c.Method))
	}
	return list
}

// open counts the writes of which nothing is known yet.
func (s *stand) open() (n int) {
	require.NoError(s.t, s.proxy.db.QueryRow(`SELECT COUNT(*) FROM proxy_intent`).Scan(&n))
	return n
}

func patient(id string, state any) string {
	raw, _ := json.Marshal(map[string]any{"resourceType": "Patient", "id": id, "multipleBirthInteger": state})
	return string(raw)
}

func soon(t testing.TB, f func() bool, text ...any) {
	t.Helper()
	require.Eventually(t, f, 30*time.Second, 5*time.Millisecond, text...)
}
